"""What the pages know of a draft, read once for one draft or for a whole queue, in a few queries beside the policy's."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db.models import Exists, OuterRef, Q

from drafts.dist.coverage import Grid, grid
from drafts.dist.expected import Lost, lost_sdist
from drafts.dist.pythons import CPYTHON, Column
from drafts.evidence.compare import Comparison
from drafts.inspection.changes import NOTHING, Before, audience, befores
from drafts.inspection.standing import Noticed, Standing, noticed_in
from drafts.models import (
    Attested,
    Decision,
    DecisionKind,
    Draft,
    DraftState,
    EvidenceLog,
    File,
    Job,
    Kind,
    Target,
    Train,
    UploadSession,
    beside,
)
from drafts.models.files import IN_DRAFT
from drafts.publishing import policy
from drafts.publishing.builders import Waiting
from drafts.publishing.opinions import Opinions
from drafts.publishing.policy import Blocker
from drafts.review import upstream
from drafts.review.rows import Progress
from drafts.review.templatetags.words import size

_FINDINGS = 5000  # rows that a page reads; one that listed more would help nobody
# A log that is nothing but a verified attestation, which came with a file or was looked up.
_IS_SIGNATURE = Exists(Attested.objects.filter(Q(came_with_file=True) | ~Q(found_at=""), log=OuterRef("pk")))
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
    train: Train | None = None
    lost: Sequence[Lost] = ()

    def decided(self, kind: DecisionKind) -> frozenset[str]:
        """Return what standing decisions of one kind cover."""
        return frozenset(what for one in self.decisions if one.kind == kind for what in one.what)

    @property
    def missed(self) -> list[Lost]:
        """Return who is left without a wheel and is not published without."""
        decided = self.decided(DecisionKind.WITHOUT)
        return [one for one in self.lost if one.place not in decided]

    @property
    def lost_sdist(self) -> str:
        """Return the name of the last release's sdist when there is none now; empty otherwise."""
        if not self.files or self.before.adds:
            return ""
        return lost_sdist(audience.offers(self.files), audience.offers(self.before.last_files))

    def takes(self, column: str) -> bool:
        """Say whether any file takes a Python, by its label in the grid; other interpreters than CPython: yes."""
        found = _CPYTHON.match(column)
        if found is None:
            return True
        python = Column(CPYTHON, (int(found["major"]), int(found["minor"])))
        return any(file.takes(python) for file in audience.offers(self.files))

    standing: Standing = field(default_factory=Standing)
    newest: str = ""
    noticed: Noticed | None = None
    logs: Sequence[EvidenceLog] = ()
    opinions: Opinions = field(kw_only=True)
    target: Target | None = None


def see(draft: Draft, *, publisher: int | None = None) -> Sight:
    """Read one draft, with the metadata of its files and of those before it; ``publisher``: who would publish it."""
    found = see_all([draft], whole=True, publisher=publisher)[0]
    return found if draft.is_live else replace(found, progress=progress(draft))


def see_all(drafts: Sequence[Draft], *, whole: bool = False, publisher: int | None = None) -> list[Sight]:
    """Read several drafts at once, whose projects are at hand."""
    before = befores(drafts, whole=whole)
    uploads = _uploads(drafts, whole=whole)
    noticed = _noticed(drafts, uploads, before) if whole else None
    logs = _logs(drafts) if whole else None
    cases = policy.cases(drafts, uploads, before, noticed, logs, publisher=publisher)
    return [
        replace(_sight(draft, uploads[draft.pk], cases[draft.pk]), noticed=noticed, logs=logs or ())
        for draft in drafts
    ]


def _logs(drafts: Sequence[Draft]) -> list[EvidenceLog]:
    """Read the logs of drafts, with who added them and who set them aside."""
    rows = EvidenceLog.objects.filter(draft__in=beside.those_with("logs", drafts))
    who = rows.select_related("added_by_user", "added_by_token", "added_by_run", "set_aside_by")
    return list(who.annotate(is_signature=_IS_SIGNATURE).order_by("added_at", "pk"))


def _noticed(
    drafts: Sequence[Draft], uploads: Mapping[int, Sequence[File]], before: Mapping[int, Before]
) -> Noticed:
    """Read what was found in the files of drafts and in those that they are compared with."""
    own = [file.pk for files in uploads.values() for file in files if file.state in IN_DRAFT]
    return noticed_in(
        drafts, [*own, *(file.pk for one in before.values() for file in one.last_files)], _FINDINGS
    )


def _uploads(drafts: Sequence[Draft], *, whole: bool) -> dict[int, list[File]]:
    """Return all uploads by draft, in one query."""
    uploads: dict[int, list[File]] = {draft.pk: [] for draft in drafts}
    rows = File.objects.filter(draft__in=drafts)
    rows = rows.select_related("staged_by_token", "staged_by_user", "inspection")
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
        progress=progress(draft) if draft.is_live else None,
        builders=case.builders,
        before=before,
        decisions=case.decisions,
        lost=audience.lost(files, before.last_files) if files and not before.adds else (),
        standing=case.standing,
        newest=before.newest,
        opinions=case.opinions,
        train=case.train,
        target=case.target,
    )


def progress(draft: Draft) -> Progress | None:
    """Return how far publishing is; None unless it is under way. What a train brings upstream follows its publish."""
    if draft.state == DraftState.PUBLISHED and draft.train_id:
        return upstream.progress(draft)
    if draft.state != DraftState.PROCESSING:
        return None
    if (there := upstream.progress(draft)) is not None:
        return there
    kind, subject = (
        (Kind.TRAIN, f"train:{draft.train_id}") if draft.train_id else (Kind.PUBLISH, draft.subject)
    )
    job = Job.objects.of(kind, subject).live().first()
    if job is None or not job.total:
        return Progress(0, 0, "waiting for a worker")
    return Progress(job.done, job.total, f"{size(job.done)} of {size(job.total)} hashed again")
