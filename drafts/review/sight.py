"""What the pages know of a draft, read once for one draft or for a whole queue, in a few queries beside the policy's."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from drafts.dist.coverage import Grid, grid
from drafts.dist.expected import Lost
from drafts.dist.pythons import CPYTHON, Column
from drafts.evidence.compare import Comparison
from drafts.inspection.changes import NOTHING, Before, audience, befores
from drafts.inspection.standing import Standing
from drafts.models import (
    Decision,
    DecisionKind,
    Draft,
    DraftState,
    File,
    Job,
    Kind,
    UploadSession,
)
from drafts.models.files import IN_DRAFT
from drafts.publishing import policy
from drafts.publishing.builders import Waiting
from drafts.publishing.policy import Blocker
from drafts.review.rows import Progress
from drafts.review.templatetags.words import size

_CPYTHON = re.compile(r"(?P<major>[0-9]+)\.(?P<minor>[0-9]+)")


@dataclass(frozen=True, slots=True)
class Sight:
    """One draft with everything a page says of it. ``uploads`` holds superseded files too, ``last`` the last release's."""

    draft: Draft
    uploads: Sequence[File]
    files: Sequence[File]
    arriving: Sequence[UploadSession]
    missing: Sequence[str]
    last: Sequence[File]
    blockers: Sequence[Blocker]
    comparison: Comparison
    grid: Grid | None
    last_version: str
    adds_to: str
    progress: Progress | None
    builders: Sequence[Waiting] = ()
    before: Before = NOTHING
    decisions: Sequence[Decision] = ()
    lost: Sequence[Lost] = ()

    def decided(self, kind: DecisionKind) -> frozenset[str]:
        """Return what standing decisions of one kind cover."""
        return frozenset(what for one in self.decisions if one.kind == kind for what in one.what)

    @property
    def missed(self) -> list[Lost]:
        """Return who is left without a wheel and is not published without."""
        decided = self.decided(DecisionKind.WITHOUT)
        return [one for one in self.lost if one.place not in decided]

    def takes(self, column: str) -> bool:
        """Say whether any file takes a Python, by its label in the grid; other interpreters than CPython: yes."""
        found = _CPYTHON.match(column)
        if found is None:
            return True
        python = Column(CPYTHON, (int(found["major"]), int(found["minor"])))
        return any(file.takes(python) for file in audience.offers(self.files))

    standing: Standing = field(default_factory=Standing)
    newest: str = ""


def see(draft: Draft) -> Sight:
    """Read one draft, with the metadata of its files and of those before it."""
    return see_all([draft], whole=True)[0]


def see_all(drafts: Sequence[Draft], *, whole: bool = False) -> list[Sight]:
    """Read several drafts at once, whose projects are at hand."""
    before = befores(drafts, whole=whole)
    uploads = _uploads(drafts, whole=whole)
    cases = policy.cases(drafts, uploads, before)
    return [_sight(draft, uploads[draft.pk], cases[draft.pk]) for draft in drafts]


def _uploads(drafts: Sequence[Draft], *, whole: bool) -> dict[int, list[File]]:
    """Return all uploads by draft, in one query."""
    uploads: dict[int, list[File]] = {draft.pk: [] for draft in drafts}
    rows = File.objects.filter(draft__in=drafts).select_related("staged_by_token", "staged_by_user")
    for file in (rows if whole else rows.defer("core_metadata")).order_by("filetype", "filename", "pk"):
        uploads[file.draft_id].append(file)
    return uploads


def _sight(draft: Draft, uploads: Sequence[File], case: policy.Case) -> Sight:
    files, before = [file for file in uploads if file.state in IN_DRAFT], case.before
    same = before.same if draft.is_live else None
    there = [file.filename for file in [*files, *before.same_files]]
    return Sight(
        draft=draft,
        uploads=uploads,
        files=files,
        arriving=case.arriving,
        missing=policy.missing(draft, files) if draft.is_live else (),
        last=before.last_files,
        blockers=policy.found(case) if draft.is_live else [],
        comparison=case.comparison,
        grid=grid(there, [file.filename for file in before.same_files or before.last_files])
        if files
        else None,
        last_version=before.version,
        adds_to=f"{draft.project.name} {same.version} of {same.published_at:%d %B %Y}" if same else "",
        progress=progress(draft),
        builders=case.builders,
        before=before,
        decisions=case.decisions,
        lost=audience.lost(files, before.last_files) if files and not before.adds else (),
        standing=case.standing,
        newest=before.newest,
    )


def progress(draft: Draft) -> Progress | None:
    """Return how far publishing is; None unless it is under way."""
    if draft.state != DraftState.PROCESSING:
        return None
    job = Job.objects.of(Kind.PUBLISH, draft.subject).live().first()
    if job is None or not job.total:
        return Progress(0, 0, "waiting for a worker")
    return Progress(job.done, job.total, f"{size(job.done)} of {size(job.total)} hashed again")
