"""How fetching a run ends, or waits: its row, its event and its job, all or nothing."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from drafts.evidence.providers import RateLimited
from drafts.intake.runs.ask import Event
from drafts.intake.runs.outcome import Outcome
from drafts.models import CiRun, Draft, FetchState, Job, Project
from drafts.models.files import IN_DRAFT

_LONGEST_WAIT = timedelta(hours=1)


class GivenUp(Exception):
    """Nothing more is taken of the run: the text says why."""


def wait_for_provider(row: CiRun, job: Job, outcome: Outcome, error: RateLimited) -> None:
    """Put the job back until the provider may be asked again, or give the run up where that is too long."""
    if error.until > timezone.now() + _LONGEST_WAIT:
        fail(row, job, outcome, f"{error} That is too long to wait here: paste the run's address again then.")
    else:
        wait(row, job, outcome, until=error.until, reason=str(error))


def staged_by(row: CiRun) -> list[Draft]:
    """Return the drafts that hold files which the run staged itself, by the token that named it."""
    if row.named_by_id is None:
        return []
    said = {"files__claims__kind": row.kind, "files__claims__repository": row.repository}
    drafts = Draft.objects.live().filter(
        project=row.project_id, files__state__in=IN_DRAFT, files__claims__run=str(row.number), **said
    )
    return list(drafts.select_related("project").distinct().order_by("pk"))


@transaction.atomic
def wait(row: CiRun, job: Job, outcome: Outcome, *, until: datetime, reason: str) -> None:
    """Put the job back, and say on the pages what is waited for."""
    Project.objects.lock(row.project_id)
    job.postpone(until, reason)
    told = {"error": reason[:2000], "outcome": outcome.values}
    is_news = (row.error, row.outcome) != (told["error"], told["outcome"])
    CiRun.objects.filter(pk=row.pk).update(**told)
    for draft in staged_by(row) if is_news else ():
        draft.bump()


def fail(row: CiRun, job: Job, outcome: Outcome, reason: str) -> None:
    """End the fetch without success."""
    settle(row, job, FetchState.FAILED, outcome, error=reason[:2000])


@transaction.atomic
def settle(
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
    for one in {*([draft] if draft else []), *staged_by(row)}:
        one.bump()
    audit.record(
        Event.FAILED if error else Event.FETCHED,
        on=draft or row,
        by=Actor.system(),
        run=row.number,
        repository=row.repository,
        commit=row.commit,
        attempt=row.attempt,
        note=error or f"{row} at {row.commit[:7]}: {outcome.summary}",
    )
