"""Reading the logs of a run's jobs as evidence, and saying about which files each job's lines count."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.conf import settings

from accounts.audit import Actor
from drafts.evidence import add, limits, makers, vouch
from drafts.evidence.compare import Rank
from drafts.evidence.providers import Artifact, CiJob, Down, ProviderError, RateLimited
from drafts.intake.runs.artifacts import Candidate
from drafts.intake.runs.case import Case
from drafts.intake.runs.outcome import LOST, READ, SILENT, LogOutcome, Outcome
from drafts.models import Draft, EvidenceLog, NotEditable, PrintedBy

_MOST_LOGS = 200
NOT_ENDED = "It has not ended yet."


@dataclass(slots=True)
class _Read:
    """What was read so far: the kept logs and the artifacts that each log names, by job id; whether all were whole."""

    kept: dict[int, EvidenceLog] = field(default_factory=dict)
    named: dict[int, frozenset[int]] = field(default_factory=dict)
    every_log: bool = True


def read_logs(
    case: Case,
    draft: Draft,
    outcome: Outcome,
    artifacts: Iterable[Artifact] = (),
    candidates: Iterable[Candidate] = (),
    staged: Mapping[int, Iterable[str]] | None = None,
) -> None:
    """Add the log of each job of the run to the draft's evidence; what names no digest is not kept.

    A log that cannot be had is told and keeps nothing back. ``staged``: the files that the run's jobs staged themselves,
    by job. Raises RateLimited, Down.
    """
    try:
        jobs = case.provider.jobs(case.told)
    except (RateLimited, Down):
        raise
    except ProviderError as error:
        outcome.logs.append(LogOutcome("all jobs", LOST, said=str(error)))
        return
    read = _Read(every_log=len(jobs) <= _MOST_LOGS)
    for job in jobs[:_MOST_LOGS]:
        case.beat()
        outcome.logs.append(_read_log(case, draft, job, read))
    if case.trust.rank >= Rank.FETCHED:
        vouching = makers.vouching(
            jobs=jobs,
            chosen=case.evidence_jobs,
            artifacts=artifacts,
            held=_held(candidates),
            named=read.named,
            every_log=read.every_log,
            staged=staged or {},
        )
        vouches = {log.pk: vouching.get(job, []) for job, log in read.kept.items()}
        vouch.weigh(draft=draft, vouches=vouches, by=Actor.system())


def _held(candidates: Iterable[Candidate]) -> dict[int, set[str]]:
    """Return the names of the files in each artifact, by its id."""
    held: dict[int, set[str]] = {}
    for candidate in candidates:
        held.setdefault(candidate.artifact.id, set()).add(candidate.name.filename)
    return held


def _read_log(case: Case, draft: Draft, job: CiJob, read: _Read) -> LogOutcome:
    if not job.ran:
        return LogOutcome(job.name, SILENT)
    if not job.ended:
        read.every_log = False
        return LogOutcome(job.name, LOST, said=NOT_ENDED)
    try:
        data = case.provider.log(job, limit=settings.EVIDENCE_SIZE_LIMIT)
    except (RateLimited, Down):
        raise
    except ProviderError as error:
        read.every_log = False
        return LogOutcome(job.name, LOST, said=str(error))
    read.every_log = read.every_log and len(data) <= settings.EVIDENCE_SIZE_LIMIT
    read.named[job.id] = makers.uploads_named(data)
    return _kept(case, draft, job, data, read)


def _kept(case: Case, draft: Draft, job: CiJob, data: bytes, read: _Read) -> LogOutcome:
    try:
        added = add.fetched(
            draft=draft,
            text=add.Text(data, f"{case.row}, job {job.name}"),
            rank=case.trust.rank,
            run=case.row,
            printed=_printed(case, job),
            by=Actor.system(),
        )
    except add.NothingToRead:
        return LogOutcome(job.name, SILENT)
    except (NotEditable, limits.TooMuch) as error:
        return LogOutcome(job.name, LOST, said=str(error))
    read.kept[job.id] = added.log
    return LogOutcome(job.name, READ, added.digests)


def _printed(case: Case, job: CiJob) -> PrintedBy:
    return PrintedBy(
        kind=case.row.kind,
        repository=case.row.repository,
        workflow=case.told.workflow,
        run=case.told.id,
        attempt=case.told.attempt,
        commit=case.told.commit,
        job=job.name,
        row=case.row.pk,
        said=case.trust.reason,
    )
