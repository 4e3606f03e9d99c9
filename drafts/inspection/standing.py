"""How the inspections of drafts stand: how many files were inspected, what is refused, which credentials leaked."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from django.db.models import Case, Q, When, prefetch_related_objects

from drafts.inspection.codes import Code
from drafts.models import Draft, File, Finding, Inspection, InspectionState, Remembered, Severity, beside
from drafts.models.files import IN_DRAFT

_ANY = "*"


@dataclass(frozen=True, slots=True)
class Standing:
    """The files of one draft by name: not inspected yet, those that could not be (with the reason), and what blocks.

    ``refused`` and ``leaked`` hold findings; what was accepted is not in ``leaked``. ``inspected`` of ``total`` files.
    """

    total: int = 0
    inspected: int = 0
    waiting: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    refused: tuple[Finding, ...] = ()
    leaked: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Noticed:
    """What was found in the files of some drafts, and what each draft accepts, where the caller has read it."""

    findings: Sequence[Finding]
    accepted: Mapping[int, Sequence[Remembered]]


def standings(
    drafts: Sequence[Draft], uploads: Mapping[int, Sequence[File]], noticed: Noticed | None = None
) -> dict[int, Standing]:
    """Return how inspections stand, for several drafts in three queries; ``uploads`` by draft id, others too."""
    files = {file.pk: file for rows in uploads.values() for file in rows if file.state in IN_DRAFT}
    prefetch_related_objects(list(files.values()), "inspection")
    blocking: defaultdict[int, list[Finding]] = defaultdict(list)
    for finding in noticed.findings if noticed else _blocking(files):
        if finding.file_id in files and _blocks(finding):
            finding.file = files[finding.file_id]
            blocking[finding.file.draft_id].append(finding)
    accepted = noticed.accepted if noticed else remembered(drafts) if any(blocking.values()) else {}
    return {
        draft.pk: _standing(
            [file for file in uploads[draft.pk] if file.state in IN_DRAFT],
            blocking[draft.pk],
            accepted.get(draft.pk, ()),
        )
        for draft in drafts
    }


def _blocks(finding: Finding) -> bool:
    return finding.severity == Severity.REFUSE or finding.code == Code.LEAKED_CREDENTIAL


def _blocking(files: Mapping[int, File]) -> Iterable[Finding]:
    if not files:
        return []
    refused = [pk for pk, file in files.items() if file.refused]
    rows = Finding.objects.filter(
        Q(file__in=refused, severity=Severity.REFUSE) | Q(file__in=files, code=Code.LEAKED_CREDENTIAL)
    )
    return rows.order_by("pk")


def noticed_in(drafts: Sequence[Draft], files: Iterable[int], most: int) -> Noticed:
    """Read what was found in these files (by id), ``most`` at most: what blocks is never among what is left out."""
    blocking = Q(severity=Severity.REFUSE) | Q(code=Code.LEAKED_CREDENTIAL)
    rows = Finding.objects.filter(file__in=files).annotate(blocks=Case(When(blocking, then=0), default=1))
    return Noticed(list(rows.order_by("blocks", "pk")[:most]), remembered(drafts))


def inspection_of(file: File) -> Inspection | None:
    """Return a file's inspection, as it was read with the file or as it is now; None while it has none."""
    return getattr(file, "inspection", None)


def _standing(files: Sequence[File], blocking: Sequence[Finding], accepted: Sequence[Remembered]) -> Standing:
    ended = [(file, row) for file in files if (row := inspection_of(file)) is not None]
    failed = {file.filename: row.error for file, row in ended if row.state == InspectionState.FAILED}
    there = {file.pk for file, _ in ended}
    return Standing(
        total=len(files),
        inspected=len(ended) - len(failed),
        waiting=tuple(file.filename for file in files if file.pk not in there),
        failed=tuple(failed.items()),
        refused=tuple(one for one in blocking if one.severity == Severity.REFUSE),
        leaked=tuple(
            one
            for one in blocking
            if one.code == Code.LEAKED_CREDENTIAL
            and acceptance(accepted, one.code, place(one.path, one.file), more=one.more) is None
        ),
    )


def remembered(drafts: Sequence[Draft]) -> dict[int, list[Remembered]]:
    """Return what is accepted in each draft: for its project, or for it alone."""
    wanted = Q(project__in={draft.project_id for draft in drafts}, draft=None) | Q(draft__in=drafts)
    asked = Remembered.objects.filter(wanted, revoked_at=None).select_related("by").order_by("at")
    rows = list(asked) if beside.those_with("remembered", drafts) else []
    return {
        draft.pk: [
            row for row in rows if row.project_id == draft.project_id and row.draft_id in {None, draft.pk}
        ]
        for draft in drafts
    }


def place(path: str, file: File) -> str:
    """Return a member's path without what changes from release to release: name and version at its beginning."""
    stem = file.filename.removesuffix(".tar.gz")
    stem = stem if file.filename.endswith(".tar.gz") else "-".join(stem.split("-", 2)[:2])
    return re.sub(rf"^{re.escape(stem)}(?=[/.])", "", path).removeprefix("/")


def acceptance(accepted: Iterable[Remembered], code: str, where: str, *, more: int = 0) -> Remembered | None:
    """Return what accepts a finding: the same code, and a pattern that its place fits; None when nothing does.

    A finding that stands for ``more`` places which are not listed is accepted everywhere or not at all.
    """
    for row in accepted:
        if row.code == code and (row.pattern == _ANY or (not more and fnmatchcase(where, row.pattern))):
            return row
    return None
