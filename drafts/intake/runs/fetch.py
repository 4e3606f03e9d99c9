"""The job that fetches a run: downloads its artifacts, takes their files through the door, reads its jobs' logs.

It may die and begin again at any moment: a file that was staged already is found unchanged, a log is kept once.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta

from django.utils import timezone
from packaging.version import Version

from drafts.access import members
from drafts.access.roles import Act
from drafts.evidence import sources
from drafts.evidence.providers import ProviderError, RateLimited
from drafts.evidence.providers.errors import Down
from drafts.evidence.trust import trust
from drafts.intake.runs import following, hooked, reading, taking
from drafts.intake.runs.artifacts import Candidate
from drafts.intake.runs.ask import wanted
from drafts.intake.runs.case import Beat, Case, note
from drafts.intake.runs.download import download, look_into
from drafts.intake.runs.ending import GivenUp, fail, settle, wait, wait_for_provider
from drafts.intake.runs.outcome import LEFT, FileOutcome, Outcome
from drafts.models import CiRun, CiSource, Draft, FetchState, Job, jobs

_PATIENCE = 4  # unforeseen errors before the run is given up
_SOON = timedelta(seconds=40)
_ATTEMPTS = 20  # workers that died at it, or waits for the provider, before the same


def work(job: Job) -> None:
    """Do a fetch: everything that the run has for its version, or words why not."""
    row = CiRun.objects.select_related("project", "asked_by", "named_by__publisher").get(pk=job.subject_id)
    if row.state != FetchState.FETCHING:
        job.finish()
        return
    outcome = Outcome()
    try:
        if row.named_by is not None:
            following.follow(row, job, outcome)
        else:
            _fetch(_case(row, job), job, outcome)
    except RateLimited as error:
        wait_for_provider(row, job, outcome, error)
    except hooked.GoesOn as error:
        wait(row, job, outcome, until=timezone.now() + _SOON, reason=str(error))
    except GivenUp as error:
        fail(row, job, outcome, str(error))
    except jobs.Fenced:
        raise
    except Exception as error:
        is_final = isinstance(error, ProviderError) and not isinstance(error, Down)
        if not is_final and job.failures + 1 < _PATIENCE:
            raise
        fail(
            row,
            job,
            outcome,
            str(error) if isinstance(error, ProviderError) else f"{type(error).__name__}: {error}",
        )


def _case(row: CiRun, job: Job) -> Case:
    """Ask again what ``ask`` knew, and the provider for the run. Raises GivenUp, ProviderError."""
    if job.attempt > _ATTEMPTS:
        raise GivenUp(f"Fetching was begun {_ATTEMPTS} times and never came to its end: tell the operator.")
    act = Act.STAGE if row.takes_files else Act.EVIDENCE
    by = row.asked_by
    if by is None or not by.is_active or not members.allows(row.project, by, act):
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
    note(row, told)
    trusted = trust(told, source=source, provider=provider)
    if row.by_hook:
        hooked.demand_of_provider(row, told, source=source, trust=trusted)
    return Case(row, told, provider, trusted, Beat(job), tuple(source.evidence_jobs))


def _fetch(case: Case, job: Job, outcome: Outcome) -> None:
    outcome.distrust = case.trust.reason
    if not case.row.takes_files:
        _fetch_logs(case, job, outcome)
        return
    with ExitStack() as files:
        listed = case.provider.artifacts(case.told)
        candidates = download(case, listed, files, outcome)
        version = _version(case.row, candidates, outcome)
        if version is None:
            settle(case.row, job, FetchState.CHOOSE, outcome)
            return
        case.row.version = str(version)
        taking.take(case, _of(version, candidates, outcome), version, outcome)
    draft = Draft.objects.of_release(case.row.project, str(version)).live().first()
    if draft is not None:
        reading.read_logs(case, draft, outcome, listed, candidates)
    settle(case.row, job, FetchState.DONE, outcome, draft)


def _fetch_logs(case: Case, job: Job, outcome: Outcome) -> None:
    """Read the logs for a draft that is there, and of the artifacts no more than which job's holds which file."""
    draft = Draft.objects.of_release(case.row.project, case.row.version).live().first()
    if draft is None:
        raise GivenUp(f"{case.row.project} has no draft of {case.row.version} any more.")
    listed, candidates = look_into(case, outcome)
    reading.read_logs(case, draft, outcome, listed, candidates)
    settle(case.row, job, FetchState.DONE, outcome, draft)


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
