"""The findings of a draft as a section of its page: one line for each code, worst first, what is new before the rest."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from drafts.inspection import release
from drafts.inspection.codes import TITLES, Code, severity
from drafts.inspection.standing import acceptance, place, remembered
from drafts.models import Draft, File, Finding, Remembered, Severity
from drafts.review.findingrows import Accepted, FindingsSection, Line, Place
from drafts.review.sight import Sight

_SHOWN = 20  # places of one line
_ORDER = (Severity.REFUSE, Severity.WARN, Severity.NOTE)


@dataclass(frozen=True, slots=True)
class _One:
    """A finding with what its line needs to know of it."""

    code: str
    severity: str
    place: Place
    where: str
    is_new: bool
    more: int
    acceptance: Remembered | None


def section(sight: Sight, *, may_accept: bool) -> FindingsSection:
    """Build the section of one draft that was read whole."""
    draft = sight.draft
    found = _found(sight)
    lines = tuple(_lines(found, draft, len(sight.files), may_revoke=may_accept))
    counted = [line for line in lines if line.severity != Severity.NOTE]
    new = sum(line.is_new for line in counted)
    accepted = sum(line.accepted is not None for line in lines)
    where = [draft.project.name, draft.version]
    return FindingsSection(
        summary=_summary(sight, lines, new, accepted),
        lines=lines,
        accept_url=reverse("finding-accept", args=where) if may_accept and draft.is_editable else "",
        remembered_url=reverse("remembered", args=[draft.project.name]),
        inspected=sight.standing.inspected,
        total=sight.standing.total,
        new=new,
        accepted=accepted,
    )


def of_file(draft: Draft, file: File, found: Sequence[Finding], *, may_accept: bool) -> FindingsSection:
    """Build the section of one file's page; what is new is told on the draft's page."""
    accepted = remembered([draft])[draft.pk]
    ones = [_one(row, file, draft, set(), accepted) for row in found]
    where = [draft.project.name, draft.version]
    return FindingsSection(
        summary="",
        lines=tuple(_lines(ones, draft, 1, may_revoke=may_accept)),
        accept_url=reverse("finding-accept", args=where) if may_accept and draft.is_editable else "",
        remembered_url=reverse("remembered", args=[draft.project.name]),
    )


def _summary(sight: Sight, lines: Sequence[Line], new: int, accepted: int) -> str:
    standing = sight.standing
    if standing.waiting and sight.draft.is_live:
        return f"{standing.inspected} of {standing.total} files inspected"
    if not sight.files:
        return "nothing to inspect"
    notes = sum(line.severity == Severity.NOTE and line.accepted is None for line in lines)
    before = sum(
        line.severity != Severity.NOTE and not line.is_new and line.accepted is None for line in lines
    )
    parts = [
        f"{new} new" if new or before or accepted else "",
        f"{before} as in {sight.last_version}" if before else "",
        f"{accepted} accepted" if accepted else "",
        f"{notes} note{'' if notes == 1 else 's'}" if notes else "",
    ]
    return (
        ", ".join(filter(None, parts)) or f"nothing found in {standing.inspected} of {standing.total} files"
    )


def _found(sight: Sight) -> list[_One]:
    files = {file.pk: file for file in (*sight.files, *sight.last)}
    rows = sorted(sight.noticed.findings, key=lambda row: row.pk) if sight.noticed else []
    own = {file.pk for file in sight.files}
    before = {(row.code, place(row.path, files[row.file_id])) for row in rows if row.file_id not in own}
    accepted = sight.noticed.accepted[sight.draft.pk] if sight.noticed else ()
    found = [
        _one(row, files[row.file_id], sight.draft, before, accepted) for row in rows if row.file_id in own
    ]
    return [*found, *_of_release(sight, accepted)]


def _one(
    row: Finding, file: File, draft: Draft, before: set[tuple[str, str]], accepted: Sequence[Remembered]
) -> _One:
    where = place(row.path, file)
    return _One(
        code=row.code,
        severity=row.severity,
        place=Place(file.filename, row.text, member_url(draft, file.filename, row.path, row.line), row.line),
        where=where,
        is_new=(row.code, where) not in before,
        more=row.more,
        acceptance=acceptance(accepted, row.code, where, more=row.more),
    )


def member_url(draft: Draft, filename: str, path: str = "", line: int | None = None) -> str:
    """Return where a file is shown, or one member of it, at a line."""
    url = reverse("file-page", args=[draft.project.name, draft.version, filename])
    if path:
        url += "?" + urlencode({"member": path, **({"line": line} if line else {})})
    return f"{url}#L{line}" if path and line else url


def _of_release(sight: Sight, accepted: Sequence[Remembered]) -> Iterable[_One]:
    if not sight.draft.is_live:
        return
    for about in release.found(sight.draft, sight.files, sight.newest):
        for filename in about.filenames[:1]:
            yield _One(
                code=str(about.code),
                severity=str(severity(about.code)),
                place=Place(filename, about.text, member_url(sight.draft, filename)),
                where="",
                is_new=True,
                more=0,
                acceptance=acceptance(accepted, about.code, ""),
            )


def _lines(found: Iterable[_One], draft: Draft, total: int, *, may_revoke: bool) -> list[Line]:
    groups: defaultdict[tuple[str, int | None], list[_One]] = defaultdict(list)
    for one in found:
        groups[one.code, one.acceptance.pk if one.acceptance else None].append(one)
    lines = [_line(rows, draft, total, may_revoke=may_revoke) for rows in groups.values()]
    codes = list(map(str, Code))
    return sorted(
        lines,
        key=lambda line: (
            line.accepted is not None,
            _ORDER.index(Severity(line.severity)),
            not line.is_new,
            codes.index(line.code) if line.code in codes else len(codes),
        ),
    )


def _line(rows: Sequence[_One], draft: Draft, total: int, *, may_revoke: bool) -> Line:
    first, row = rows[0], rows[0].acceptance
    wheres = {one.where for one in rows}
    return Line(
        code=first.code,
        title=TITLES[Code(first.code)] if first.code in set(Code) else first.code,
        severity=first.severity,
        files=len({one.place.filename for one in rows}),
        total=total,
        new=sum(one.is_new for one in rows),
        places=tuple(one.place for one in rows[:_SHOWN]),
        more=len(rows[_SHOWN:]) + sum(one.more for one in rows),
        pattern=first.where if len(wheres) == 1 and first.where else "*",
        accepted=_accepted(row, draft, may_revoke=may_revoke) if row else None,
    )


def _accepted(row: Remembered, draft: Draft, *, may_revoke: bool) -> Accepted:
    return Accepted(
        by=str(row.by),
        reason=row.reason,
        at=row.at,
        everywhere=row.draft_id is None,
        pattern=row.pattern,
        revoke_url=reverse("finding-revoke", args=[draft.project.name, row.pk]) if may_revoke else "",
    )
