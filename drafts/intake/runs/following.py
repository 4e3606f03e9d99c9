"""Following the runs that stage files by a trusted publisher's token, until their logs are here as evidence."""

from collections import defaultdict
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from drafts.evidence import claimed
from drafts.evidence.providers import NotThere, ProviderError, RunState, WrongToken
from drafts.evidence.trust import trust_claimed
from drafts.intake.runs import reading
from drafts.intake.runs.ask import Event
from drafts.intake.runs.case import Beat, Case, note
from drafts.intake.runs.download import look_into
from drafts.intake.runs.ending import GivenUp, settle, staged_by, wait
from drafts.intake.runs.outcome import Outcome
from drafts.models import CiRun, Draft, FetchState, File, Job, Kind, Project, RunClaims, Token, jobs

_PATIENCE = timedelta(hours=24)  # for a run to end
_SOONEST, _LATEST = timedelta(seconds=15), timedelta(minutes=10)  # to ask again whether it has
_CRASHES = 1000  # times that a worker may have begun: each look at a run that goes on is one


def begin(*, draft: Draft, token: Token) -> None:
    """Have the log of the run fetched whose token stages a file, for an act that holds the project's lock."""
    claims = RunClaims.of(token.claims or {})
    if not claimed.can_be_asked(claims):
        return
    row, is_new = CiRun.objects.get_or_create(
        project=draft.project,
        kind=claims.kind,
        repository=claims.repository,
        number=int(claims.run),
        defaults={"named_by": token, "version": draft.version, "takes_files": False},
    )
    if is_new or row.state in {FetchState.DONE, FetchState.FAILED}:  # and no choice that a person has to make
        _begin(row, token, draft.version)


@transaction.atomic
def again(*, run: CiRun, by: Actor) -> None:
    """Have the logs of a run fetched again that a staged file's token named. Nothing for any other, or one under way."""
    Project.objects.lock(run.project_id)
    run = CiRun.objects.select_for_update(of=("self",)).select_related("named_by").get(pk=run.pk)
    if run.named_by is None or run.state == FetchState.FETCHING:
        return
    _begin(run, run.named_by, run.version)
    audit.record(Event.ASKED, on=run, by=by, version=run.version, files=False)


def _begin(run: CiRun, token: Token, version: str) -> None:
    run.state, run.error, run.ended_at, run.outcome = FetchState.FETCHING, "", None, {}
    run.asked_by, run.named_by, run.asked_at, run.version = None, token, timezone.now(), version
    run.takes_files = run.by_hook = False
    run.save()
    jobs.enqueue(kind=Kind.FETCH_RUN, subject=run.subject)


def follow(row: CiRun, job: Job, outcome: Outcome) -> None:
    """Read the logs of the jobs that ended; come back for the others. Raises GivenUp, ProviderError."""
    if job.attempt > _CRASHES:
        raise GivenUp(f"Fetching was begun {_CRASHES} times and never came to its end: tell the operator.")
    drafts = staged_by(row)
    if not drafts:
        raise GivenUp("Nothing that the run staged is in a draft any more.")
    case = _case(row, job)
    outcome.distrust = case.trust.reason
    told = case.provider.jobs(case.told)
    goes_on = case.told.state == RunState.RUNNING or not all(one.ended for one in told)
    outcome.ended = sorted(one.id for one in told if one.ended)
    before = Outcome.of(row.outcome)
    if goes_on and outcome.ended == before.ended:
        outcome.logs = before.logs
    else:
        _read(case, drafts, outcome)
    if goes_on and timezone.now() < row.asked_at + _PATIENCE:
        wait(row, job, outcome, until=_next_look(row), reason=f"Waiting for {row} to end.")
    else:
        settle(row, job, FetchState.DONE, outcome, drafts[0] if len(drafts) == 1 else None)


def _case(row: CiRun, job: Job) -> Case:
    """Ask for the run as the identity provider claimed it. Raises GivenUp, ProviderError."""
    token = row.named_by
    assert token is not None
    if token.publisher is None or token.publisher.removed_at is not None:
        raise GivenUp("The trusted publisher whose run this is was removed: its logs are not fetched.")
    claims = RunClaims.of(token.claims or {})
    asking = claimed.asking(claims, row.project)
    try:
        told = asking.provider.run(row.number, int(claims.attempt) if claims.attempt.isdecimal() else 0)
    except (NotThere, WrongToken) as error:
        if asking.source is None:
            raise GivenUp(
                f"{error} It was asked without a token, because the project does not say that its CI runs there: an "
                "owner can set where CI runs, with a token. Then fetch the logs again."
            ) from error
        raise
    if str(told.repository_id) != claims.repository_id:
        raise ProviderError(
            f"The name {row.repository} belongs to another repository now (id {told.repository_id}, and the run that "
            f"staged files was of {claims.repository_id}). Nothing of it is taken.",
        )
    note(row, told)
    chosen = tuple(asking.source.evidence_jobs) if asking.source else ()
    trusted = trust_claimed(told, claims=claims, provider=asking.provider)
    return Case(row, told, asking.provider, trusted, Beat(job), chosen)


def _read(case: Case, drafts: list[Draft], outcome: Outcome) -> None:
    listed, candidates = look_into(case, outcome)
    outcome.artifacts = []  # its files are left
    for draft in drafts:
        reading.read_logs(case, draft, outcome, listed, candidates, _staged(case, draft))


def _staged(case: Case, draft: Draft) -> dict[int, list[str]]:
    """Return the names of the draft's files by the job of the run that staged them, as its identity provider said."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for file in File.objects.live().filter(draft=draft).exclude(claims=None):
        said = file.run_claims
        if said and _is_of(said, case.row) and said.job.isdecimal():
            found[int(said.job)].append(file.filename)
    return found


def _is_of(said: RunClaims, row: CiRun) -> bool:
    return (said.kind, said.repository, said.run) == (row.kind, row.repository, str(row.number))


def _next_look(row: CiRun) -> datetime:
    """Return when to ask again: the longer the run takes, the later."""
    now = timezone.now()
    return now + min(_LATEST, max(_SOONEST, (now - row.asked_at) / 4))
