"""What the pages know of a draft, read once for one draft or for a whole queue: three queries beside the policy's three."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from drafts.dist.coverage import Grid, grid
from drafts.evidence.compare import Comparison
from drafts.inspection.changes import last_release
from drafts.models import Draft, DraftState, File, Job, Kind, Release, UploadSession
from drafts.models.files import IN_DRAFT
from drafts.publishing import policy
from drafts.publishing.builders import Waiting
from drafts.publishing.policy import Blocker
from drafts.review.rows import Progress
from drafts.review.templatetags.words import size


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


def see(draft: Draft) -> Sight:
    """Read one draft."""
    return see_all([draft])[0]


def see_all(drafts: Sequence[Draft]) -> list[Sight]:
    """Read several drafts at once, whose projects are at hand."""
    releases = _releases(drafts)
    last = {draft.pk: last_release(draft, releases[draft.project_id]) for draft in drafts}
    uploads, published = _files(drafts, last)
    cases = policy.cases(drafts, uploads)
    sights = []
    for draft in drafts:
        release = last[draft.pk]
        before = published[release.pk] if release else []
        sights.append(
            _sight(draft, uploads[draft.pk], before, cases[draft.pk], releases[draft.project_id], release)
        )
    return sights


def _releases(drafts: Sequence[Draft]) -> Mapping[int, list[Release]]:
    found: defaultdict[int, list[Release]] = defaultdict(list)
    for release in Release.objects.filter(project__in={draft.project_id for draft in drafts}):
        found[release.project_id].append(release)
    return found


def _files(
    drafts: Sequence[Draft],
    last: Mapping[int, Release | None],
) -> tuple[dict[int, list[File]], Mapping[int, list[File]]]:
    """Return all uploads by draft, and the last releases' files by release, in one query."""
    uploads: dict[int, list[File]] = {draft.pk: [] for draft in drafts}
    published: defaultdict[int, list[File]] = defaultdict(list)
    wanted = Q(draft__in=drafts) | Q(release__in=[release for release in last.values() if release])
    rows = File.objects.filter(wanted).select_related("staged_by_token", "staged_by_user")
    for file in rows.order_by("filetype", "filename", "pk"):
        if file.draft_id in uploads:
            uploads[file.draft_id].append(file)
        if file.release_id is not None:
            published[file.release_id].append(file)
    return uploads, published


def _sight(
    draft: Draft,
    uploads: Sequence[File],
    before: Sequence[File],
    case: policy.Case,
    releases: Sequence[Release],
    release: Release | None,
) -> Sight:
    files = [file for file in uploads if file.state in IN_DRAFT]
    same = (
        next((row for row in releases if row.version_key == draft.version_key), None)
        if draft.is_live
        else None
    )
    return Sight(
        draft=draft,
        uploads=uploads,
        files=files,
        arriving=case.arriving,
        missing=policy.missing(draft, files) if draft.is_live else (),
        last=before,
        blockers=policy.found(case) if draft.is_live else [],
        comparison=case.comparison,
        grid=grid([file.filename for file in files], [file.filename for file in before]) if files else None,
        last_version=release.version if release else "",
        adds_to=f"{draft.project.name} {same.version} of {same.published_at:%d %B %Y}" if same else "",
        progress=progress(draft),
        builders=case.builders,
    )


def progress(draft: Draft) -> Progress | None:
    """Return how far publishing is; None unless it is under way."""
    if draft.state != DraftState.PROCESSING:
        return None
    job = Job.objects.of(Kind.PUBLISH, draft.subject).live().first()
    if job is None or not job.total:
        return Progress(0, 0, "waiting for a worker")
    return Progress(job.done, job.total, f"{size(job.done)} of {size(job.total)} hashed again")
