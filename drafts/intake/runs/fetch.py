"""The job that fetches a run: downloads its artifacts, takes their files through the door, reads its jobs' logs.

It may die and begin again at any moment: a file that was staged already is found unchanged, a log is kept once.
"""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from datetime import timedelta
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from packaging.version import Version

from accounts import audit
from accounts.audit import Actor
from drafts.access.roles import Act, may
from drafts.dist import BadDistribution
from drafts.evidence import sources
from drafts.evidence.compare import Rank
from drafts.evidence.providers import (
    Artifact,
    Expired,
    NotThere,
    ProviderError,
    RateLimited,
    Run,
    TooMuch,
)
from drafts.evidence.providers.errors import Down
from drafts.evidence.trust import trust
from drafts.intake.runs import artifacts, reading, taking
from drafts.intake.runs.artifacts import Candidate
from drafts.intake.runs.ask import Event, wanted
from drafts.intake.runs.case import Beat, Case
from drafts.intake.runs.outcome import LEFT, ArtifactOutcome, FileOutcome, Outcome
from drafts.models import CiRun, CiSource, Draft, FetchState, Job, Membership, Project, jobs

_PATIENCE = 4  # unforeseen errors before the run is given up
_ATTEMPTS = 20  # workers that died at it, or waits for the provider, before the same
_LONGEST_WAIT = timedelta(hours=1)


class GivenUp(Exception):
    """Nothing more is taken of the run: the text says why."""


def work(job: Job) -> None:
    """Do a fetch: everything that the run has for its version, or words why not."""
    row = CiRun.objects.select_related("project", "asked_by").get(pk=job.subject_id)
    if row.state != FetchState.FETCHING:
        job.finish()
        return
    outcome = Outcome()
    try:
        _fetch(_case(row, job), job, outcome)
    except RateLimited as error:
        _wait(row, job, outcome, error)
    except GivenUp as error:
        _fail(row, job, outcome, str(error))
    except jobs.Fenced:
        raise
    except Exception as error:
        is_final = isinstance(error, ProviderError) and not isinstance(error, Down)
        if not is_final and job.failures + 1 < _PATIENCE:
            raise
        _fail(
            row,
            job,
            outcome,
            str(error) if isinstance(error, ProviderError) else f"{type(error).__name__}: {error}",
        )


def _case(row: CiRun, job: Job) -> Case:
    """Ask again what ``ask`` knew, and the provider for the run. Raises GivenUp, ProviderError."""
    if job.attempt > _ATTEMPTS:
        raise GivenUp(f"Fetching was begun {_ATTEMPTS} times and never came to its end: tell the operator.")
    member = Membership.objects.filter(project=row.project, user=row.asked_by, user__is_active=True).first()
    act = Act.STAGE if row.takes_files else Act.EVIDENCE
    if member is None or not may(member.role, act):
        raise GivenUp(f"{row.asked_by} may not {act} of {row.project} any more.")
    source = CiSource.objects.filter(project=row.project, kind=row.kind, repository=row.repository).first()
    if source is None:
        raise GivenUp("The project's CI was set anew meanwhile: paste the run's address again.")
    provider = sources.provider_of(source)
    told = provider.run(row.number)
    sources.must_be_the_same(source, told.repository_id)
    if source.repository_id is None:
        CiSource.objects.filter(pk=source.pk, repository_id=None).update(repository_id=told.repository_id)
        source.repository_id = told.repository_id
    _note(row, told)
    trusted = trust(told, source=source, provider=provider)
    return Case(row, told, provider, trusted, Beat(job), tuple(source.evidence_jobs))


def _note(row: CiRun, told: Run) -> None:
    """Write down what the provider says of the run, for the page."""
    row.event, row.branch, row.commit = told.event[:60], told.branch, told.commit[:64]
    row.workflow, row.attempt, row.run_state = told.workflow, min(told.attempt, 10**6), str(told.state)
    row.save(update_fields=["event", "branch", "commit", "workflow", "attempt", "run_state"])


def _fetch(case: Case, job: Job, outcome: Outcome) -> None:
    outcome.distrust = case.trust.reason
    if not case.row.takes_files:
        _fetch_logs(case, job, outcome)
        return
    with ExitStack() as files:
        listed = case.provider.artifacts(case.told)
        candidates = _download(case, listed, files, outcome)
        version = _version(case.row, candidates, outcome)
        if version is None:
            _settle(case.row, job, FetchState.CHOOSE, outcome)
            return
        case.row.version = str(version)
        taking.take(case, _of(version, candidates, outcome), version, outcome)
    draft = Draft.objects.of_release(case.row.project, str(version)).live().first()
    if draft is not None:
        reading.read_logs(case, draft, outcome, listed, candidates)
    _settle(case.row, job, FetchState.DONE, outcome, draft)


def _fetch_logs(case: Case, job: Job, outcome: Outcome) -> None:
    """Read the logs for a draft that is there, and of the artifacts no more than which job's holds which file."""
    draft = Draft.objects.of_release(case.row.project, case.row.version).live().first()
    if draft is None:
        raise GivenUp(f"{case.row.project} has no draft of {case.row.version} any more.")
    listed, candidates = list[Artifact](), list[Candidate]()
    if not case.evidence_jobs and case.trust.rank >= Rank.FETCHED:
        with (
            ExitStack() as files,
            suppress(GivenUp),
        ):  # too large to look into: then no job's lines count as fetched
            listed = case.provider.artifacts(case.told)
            candidates = _download(case, listed, files, outcome)
    reading.read_logs(case, draft, outcome, listed, candidates)
    _settle(case.row, job, FetchState.DONE, outcome, draft)


def _download(case: Case, listed: Sequence[Artifact], files: ExitStack, outcome: Outcome) -> list[Candidate]:
    """Fetch every artifact into a file without a name, and list what it holds."""
    total = sum(artifact.size for artifact in listed if not artifact.expired)
    if total > settings.RUN_SIZE_LIMIT:
        raise GivenUp(
            f"The run's artifacts are {total} bytes together; at most {settings.RUN_SIZE_LIMIT} are fetched.",
        )
    case.beat(0, total=total)
    done, candidates = 0, list[Candidate]()
    for artifact in listed:
        case.beat()
        told = ArtifactOutcome(artifact.name, artifact.size)
        outcome.artifacts.append(told)
        file = files.enter_context(tempfile.TemporaryFile(dir=settings.DATA_DIR))  # noqa: SIM115  the stack closes it
        size = _save(case, artifact, file, done, told)
        done += size
        if size:
            candidates += _look(case.row.project, artifact, file, told)
    return candidates


def _save(case: Case, artifact: Artifact, file: BinaryIO, done: int, told: ArtifactOutcome) -> int:
    if artifact.expired:
        told.said = "It has expired: the provider does not have it any more. Run the workflow again."
        return 0
    try:
        return case.provider.save(
            artifact, file, limit=settings.RUN_SIZE_LIMIT - done, tell=lambda size: case.beat(done + size)
        )
    except (Expired, NotThere, TooMuch) as error:
        told.said = str(error)
        return 0


def _look(project: Project, artifact: Artifact, file: BinaryIO, told: ArtifactOutcome) -> Sequence[Candidate]:
    try:
        contents = artifacts.look(file, artifact, project=project.name)
    except BadDistribution as error:
        told.said = f"It cannot be read: {error.message}"
        return ()
    told.files += [FileOutcome(name, LEFT, said) for name, said in contents.left]
    return contents.candidates


def _version(row: CiRun, candidates: Sequence[Candidate], outcome: Outcome) -> Version | None:
    """Return the version to take; None when a person has to choose. Raises GivenUp when there is nothing to take."""
    versions = sorted({candidate.name.version for candidate in candidates})
    outcome.versions = [str(version) for version in versions]
    if not versions:
        raise GivenUp(f"No artifact of the run holds a wheel or sdist of {row.project}.")
    asked = wanted(row)
    if asked is not None and asked not in versions:
        held = ", ".join(outcome.versions)
        raise GivenUp(f"The run holds files of {row.project} {held}, and none of {asked}.")
    return asked if asked is not None else versions[0] if len(versions) == 1 else None


def _of(version: Version, candidates: Sequence[Candidate], outcome: Outcome) -> list[Candidate]:
    """Return the candidates of one version; the others are told as left."""
    by_name = {artifact.name: artifact for artifact in outcome.artifacts}
    for candidate in candidates:
        if candidate.name.version != version:
            left = FileOutcome(candidate.name.filename, LEFT, f"It is a file of {candidate.name.version}.")
            by_name[candidate.artifact.name].files.append(left)
    return [candidate for candidate in candidates if candidate.name.version == version]


def _wait(row: CiRun, job: Job, outcome: Outcome, error: RateLimited) -> None:
    if error.until > timezone.now() + _LONGEST_WAIT:
        _fail(
            row, job, outcome, f"{error} That is too long to wait here: paste the run's address again then."
        )
    else:
        job.postpone(error.until, str(error))


def _fail(row: CiRun, job: Job, outcome: Outcome, reason: str) -> None:
    _settle(row, job, FetchState.FAILED, outcome, error=reason[:2000])


@transaction.atomic
def _settle(
    row: CiRun, job: Job, state: FetchState, outcome: Outcome, draft: Draft | None = None, *, error: str = ""
) -> None:
    """End the fetch: what came of it, one event, and the job, all or nothing."""
    Project.objects.lock(row.project_id)
    job.finish() if not error else job.give_up(error)
    CiRun.objects.filter(pk=row.pk).update(
        state=state,
        error=error,
        outcome=outcome.values,
        ended_at=timezone.now(),
        version=row.version,
    )
    if draft is not None:
        draft.bump()
    audit.record(
        Event.FAILED if error else Event.FETCHED,
        on=draft or row,
        by=Actor.system(),
        run=row.number,
        repository=row.repository,
        commit=row.commit,
        attempt=row.attempt,
        note=error or f"{row} at {row.commit[:7]}: {taking.summary(outcome)}",
    )
