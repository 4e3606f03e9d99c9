"""Whether a run that CI named by webhook is taken without a person: asked of the message, and again of the provider."""

from datetime import timedelta

from django.utils import timezone

from drafts.access import members
from drafts.access.roles import Act
from drafts.evidence import claimed, sources
from drafts.evidence.compare import Rank
from drafts.evidence.providers import Run, RunState
from drafts.evidence.providers.messages import Named
from drafts.evidence.trust import Trust, same_workflow
from drafts.intake.runs.ending import GivenUp
from drafts.models import CiKind, CiRun, CiSource, FetchState, RunClaims, RunHook

MOST_IN_AN_HOUR = 20
_PATIENCE = timedelta(minutes=10)  # for a provider that says that a run goes on which it told the end of


class Ignored(Exception):
    """The run is not taken; the sentence says why."""


class GoesOn(Exception):
    """The provider still says that the run goes on: it is asked again."""


def demand(hook: RunHook, named: Named) -> None:
    """Raise Ignored unless the run is one that a project trusts and that nobody took. ProviderError: see provider_of."""
    source, by = hook.source, hook.made_by
    if not by.is_active or not members.allows(source.project, by, Act.STAGE):
        raise Ignored(
            f"{by}, who made the webhook, may not {Act.STAGE} of {source.project} any more: an owner makes a new one."
        )
    if named.repository.lower() != source.repository.lower():
        raise Ignored(f"It is of {named.repository or 'no repository'}, and CI runs at {source.repository}.")
    if source.repository_id not in {None, named.repository_id}:
        raise Ignored(f"The name {source.repository} belongs to another repository now.")
    if named.state != RunState.SUCCEEDED:
        raise Ignored(f"Run {named.run} did not succeed.")
    _must_be_ours(source, named)
    _must_be_new(source, named)
    _must_be_few(source)


def _must_be_ours(source: CiSource, named: Named) -> None:
    """Raise Ignored for what strangers may have started, and for what no trusted publisher is."""
    if named.event not in sources.provider_of(source).trusted_events:
        raise Ignored(
            f"Run {named.run} was started by {named.event or 'no event'}, not by a push or release: strangers' commits "
            "may run there."
        )
    if not named.own:
        raise Ignored(f"Run {named.run} built a commit of a fork.")
    if doubt := _untrusted(source, named.workflow, named.repository_id):
        raise Ignored(doubt)


def _untrusted(source: CiSource, workflow: str, repository_id: int) -> str:
    """Say why no trusted publisher stands for a run; empty when one does."""
    if source.workflow and not same_workflow(workflow, source.workflow):
        return f"The run is of {workflow or 'no workflow'}, and {source.workflow} is registered."
    for row in source.project.publishers.trusted().filter(kind=source.kind):
        claims = RunClaims(row.pk, row.kind, row.issuer, row.repository)
        is_workflow = source.kind == CiKind.GITLAB or same_workflow(
            workflow, row.workflow
        )  # GitLab names none
        is_same = row.repository_id in {"", str(repository_id)}
        if claimed.is_of(source, claims) and is_workflow and is_same:
            return ""
    which = f"{workflow} of {source.repository}" if workflow else source.repository
    return f"{source.project} has no trusted publisher for {which}: an owner adds it, or somebody names the run by hand."


def _must_be_new(source: CiSource, named: Named) -> None:
    """Raise Ignored for a run that is known: what a message says twice is done once, also years later."""
    row = CiRun.objects.filter(
        project=source.project_id, kind=source.kind, repository=source.repository, number=named.run
    ).first()
    if row is None:
        return
    if row.named_by_id is not None:
        raise Ignored(f"{row} staged its files itself.".capitalize())
    if row.state == FetchState.FETCHING:
        raise Ignored(f"{row} is being fetched already.".capitalize())
    is_again = named.attempt > row.attempt or (named.ended_at is not None and named.ended_at > row.asked_at)
    if not is_again:
        raise Ignored(f"{row} was taken before: its page fetches it again.".capitalize())


def _must_be_few(source: CiSource) -> None:
    lately = timezone.now() - timedelta(hours=1)
    taken = CiRun.objects.filter(project=source.project_id, by_hook=True, asked_at__gt=lately).count()
    if taken >= MOST_IN_AN_HOUR:
        raise Ignored(
            f"{MOST_IN_AN_HOUR} runs came by webhook within an hour, which is the most: name it by hand."
        )


def demand_of_provider(row: CiRun, told: Run, *, source: CiSource, trust: Trust) -> None:
    """Hold a run that CI named to what the provider says of it. Raises GivenUp, GoesOn.

    What a person names is taken and ranked lower; of what nobody looked at nothing is taken.
    """
    by_hand = "Nothing of it was taken. A person can still name it."
    if told.state == RunState.RUNNING and timezone.now() < row.asked_at + _PATIENCE:
        raise GoesOn(f"Waiting for {row} to end.")
    if told.state != RunState.SUCCEEDED:
        raise GivenUp(f"The provider does not say that {row} succeeded. {by_hand}")
    if trust.rank < Rank.FETCHED:
        raise GivenUp(f"{trust.reason} {by_hand}")
    if doubt := _untrusted(source, told.workflow, told.repository_id):
        raise GivenUp(f"{doubt} {by_hand}")
