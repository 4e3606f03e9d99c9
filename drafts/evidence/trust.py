"""How much a run's logs prove: ``fetched`` for what the project registered, ``pasted`` for every other run."""

from dataclasses import dataclass

from drafts.evidence.compare import Rank
from drafts.evidence.providers import Provider, Run
from drafts.models import CiSource


@dataclass(frozen=True, slots=True)
class Trust:
    """The rank of a run's logs; ``reason`` says in a sentence why it is no better than pasted."""

    rank: Rank
    reason: str = ""


def trust(run: Run, *, source: CiSource, provider: Provider) -> Trust:
    """Judge a run by what the provider says of it.

    A run of a stranger's pull request prints what the stranger likes: only events that people of the repository
    start, on a commit of its own, from the workflow that is registered, count as fetched.
    """
    if source.repository_id is None or run.repository_id != source.repository_id:
        return Trust(Rank.PASTED, "The run belongs to another repository than the registered one.")
    if run.event not in provider.trusted_events:
        return Trust(
            Rank.PASTED,
            f"The run was started by the event {run.event or '(none)'}, not by a push or release.",
        )
    if not run.own or not run.commit:
        return Trust(Rank.PASTED, "The run built a commit of a fork.")
    if source.workflow and not same_workflow(run.workflow, source.workflow):
        return Trust(
            Rank.PASTED,
            f"The run is of {run.workflow or 'no workflow'}, and {source.workflow} is registered.",
        )
    return Trust(Rank.FETCHED)


def same_workflow(told: str, registered: str) -> bool:
    """Tell whether a workflow's path is the one that was registered, by its path or its file's name."""
    return told in {registered, f".github/workflows/{registered}"}
