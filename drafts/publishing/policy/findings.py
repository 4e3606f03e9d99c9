"""Rules about inspection: files that nobody looked into yet, or that cannot be, what is refused, what leaked."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from drafts.inspection.codes import TITLES
from drafts.inspection.codes import Code as Found
from drafts.inspection.standing import place
from drafts.models import Finding
from drafts.publishing.policy.blocker import Blocker, Code, listed
from drafts.publishing.policy.case import Case


def inspected(case: Case) -> Iterator[Blocker]:
    standing = case.standing
    if standing.waiting and case.draft.is_live:
        yield Blocker(
            Code.BEING_INSPECTED,
            "Being inspected",
            f"{standing.inspected} of {standing.total} files inspected.",
            "Presscheck",
        )


def not_inspected(case: Case) -> Iterator[Blocker]:
    for filename, reason in case.standing.failed:
        yield Blocker(
            Code.NOT_INSPECTED,
            "Could not be inspected",
            f"nobody can say what is in {filename}. {reason} Inspect it again, or stage another build of it.",
            "you",
            filename,
        )


def refused(case: Case) -> Iterator[Blocker]:
    rows = sorted(case.standing.refused, key=lambda finding: finding.code)
    for code, found in groupby(rows, key=lambda finding: finding.code):
        yield _blocker(
            Code.FINDING_REFUSED, code, list(found), len(case.files), "Build it anew, or delete it."
        )


def leaked(case: Case) -> Iterator[Blocker]:
    rows = case.standing.leaked
    if rows:
        wheres = {place(row.path, row.file) for row in rows}
        todo = "Revoke what leaked and build without it; if it is none, accept the finding with the reason."
        found = _blocker(Code.CREDENTIAL_LEAKED, rows[0].code, rows, len(case.files), todo)
        yield replace(found, what=tuple(wheres)) if len(wheres) == 1 else found


def _blocker(code: Code, found: str, rows: Sequence[Finding], total: int, todo: str) -> Blocker:
    names = list(dict.fromkeys(row.file.filename for row in rows))
    title = TITLES[Found(found)] if found in set(Found) else found
    where = names[0] if len(names) == 1 else f"{len(names)} of {total} files ({listed(names)})"
    others = sum(row.more + 1 for row in rows) - 1
    more = (
        f" There {'is 1 more place' if others == 1 else f'are {others} more places'} like it."
        if others
        else ""
    )
    detail = f"{where}: {rows[0].text}{more} {todo}"
    return Blocker(code, title, detail, "you", names[0] if len(names) == 1 else None)
