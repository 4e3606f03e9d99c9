"""How the inspections of drafts stand: how many files were inspected, what is refused, which credentials leaked."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from django.db.models import Q

from drafts.inspection.codes import Code
from drafts.models import Draft, File, Finding, Inspection, InspectionState, Remembered, Severity
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


def standings(drafts: Sequence[Draft], uploads: Mapping[int, Sequence[File]]) -> dict[int, Standing]:
    """Return how inspections stand, for several drafts in three queries; ``uploads`` by draft id, others too."""
    files = {file.pk: file for rows in uploads.values() for file in rows if file.state in IN_DRAFT}
    states = {pk: (state, error) for pk, state, error in _ended(files)}
    blocking: defaultdict[int, list[Finding]] = defaultdict(list)
    for finding in _blocking(files, refused=[pk for pk, file in files.items() if file.refused]):
        finding.file = files[finding.file_id]
        blocking[finding.file.draft_id].append(finding)
    accepted = remembered(drafts) if any(blocking.values()) else {}
    return {
        draft.pk: _standing(
            [file for file in uploads[draft.pk] if file.state in IN_DRAFT],
            states,
            blocking[draft.pk],
            accepted.get(draft.pk, ()),
        )
        for draft in drafts
    }


def _ended(files: Mapping[int, File]) -> Iterable[tuple[int, str, str]]:
    rows = Inspection.objects.filter(file__in=files) if files else Inspection.objects.none()
    return rows.values_list("file_id", "state", "error")


def _blocking(files: Mapping[int, File], refused: Sequence[int]) -> Iterable[Finding]:
    if not files:
        return []
    rows = Finding.objects.filter(
        Q(file__in=refused, severity=Severity.REFUSE) | Q(file__in=files, code=Code.LEAKED_CREDENTIAL)
    )
    return rows.order_by("pk")


def _standing(
    files: Sequence[File],
    states: Mapping[int, tuple[str, str]],
    blocking: Sequence[Finding],
    accepted: Sequence[Remembered],
) -> Standing:
    failed = {file.filename: states[file.pk][1] for file in files if _is_failed(states.get(file.pk))}
    return Standing(
        total=len(files),
        inspected=sum(file.pk in states for file in files) - len(failed),
        waiting=tuple(file.filename for file in files if file.pk not in states),
        failed=tuple(failed.items()),
        refused=tuple(one for one in blocking if one.severity == Severity.REFUSE),
        leaked=tuple(
            one
            for one in blocking
            if one.code == Code.LEAKED_CREDENTIAL
            and acceptance(accepted, one.code, place(one.path, one.file), more=one.more) is None
        ),
    )


def _is_failed(state: tuple[str, str] | None) -> bool:
    return state is not None and state[0] == InspectionState.FAILED


def remembered(drafts: Sequence[Draft]) -> dict[int, list[Remembered]]:
    """Return what is accepted in each draft: for its project, or for it alone."""
    wanted = Q(project__in={draft.project_id for draft in drafts}, draft=None) | Q(draft__in=drafts)
    rows = list(Remembered.objects.filter(wanted, revoked_at=None).select_related("by").order_by("at"))
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
