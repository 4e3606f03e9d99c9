"""How much a run's logs prove: ``fetched`` for what the project registered, the word of who named it for every other run."""

from dataclasses import dataclass

from drafts.evidence.compare import Rank
from drafts.evidence.providers import Provider, Run
from drafts.models import CiSource, PublisherKind, RunClaims


@dataclass(frozen=True, slots=True)
class Trust:
    """The rank of a run's logs; ``reason`` says in a sentence why it is no better than it is."""

    rank: Rank
    reason: str = ""


def trust(run: Run, *, source: CiSource, provider: Provider) -> Trust:
    """Judge a run by what the provider says of it.

    A run of a stranger's pull request prints what the stranger likes: only events that people of the repository
    start, on a commit of its own, from the workflow that is registered, count as fetched.
    """
    if source.repository_id is None or run.repository_id != source.repository_id:
        return Trust(Rank.PASTED, "The run belongs to another repository than the registered one.")
    if doubt := _of_strangers(run, provider):
        return Trust(Rank.PASTED, doubt)
    if source.workflow and not same_workflow(run.workflow, source.workflow):
        return Trust(
            Rank.PASTED,
            f"The run is of {run.workflow or 'no workflow'}, and {source.workflow} is registered.",
        )
    return Trust(Rank.FETCHED)


def trust_claimed(run: Run, *, claims: RunClaims, provider: Provider) -> Trust:
    """Judge the run that staged files by whether the provider says of it what its identity provider said.

    The trusted publisher is what the project registered: repository and owner by their ids, and the workflow's file.
    """
    if str(run.repository_id) != claims.repository_id:
        return Trust(Rank.SELF, "The run belongs to another repository than the one that staged the files.")
    if doubt := _of_strangers(run, provider):
        return Trust(Rank.SELF, doubt)
    if run.commit != claims.commit.lower():
        return Trust(Rank.SELF, f"The run built {run.commit[:7]}, and {claims.commit[:7]} was claimed of it.")
    if claims.attempt and str(run.attempt) != claims.attempt:
        return Trust(
            Rank.SELF, f"This is attempt {run.attempt}, and attempt {claims.attempt} staged the files."
        )
    if claims.kind == PublisherKind.GITHUB and not same_workflow(run.workflow, claims.workflow):
        return Trust(
            Rank.SELF,
            f"The run is of {run.workflow or 'no workflow'}, and {claims.workflow} staged the files.",
        )
    return Trust(Rank.FETCHED)


def _of_strangers(run: Run, provider: Provider) -> str:
    """Return, in a sentence, why others than the repository's people may have made a run; empty when they did not."""
    if run.event not in provider.trusted_events:
        return f"The run was started by the event {run.event or '(none)'}, not by a push or release."
    return "" if run.own and run.commit else "The run built a commit of a fork."


def same_workflow(told: str, registered: str) -> bool:
    """Tell whether a workflow's path is the one that was registered, by its path or its file's name."""
    return told in {registered, f".github/workflows/{registered}"}
