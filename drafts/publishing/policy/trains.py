"""The rule about trains: what is reviewed together is published together."""

from collections.abc import Iterator

from drafts.publishing.policy.blocker import Blocker, Code
from drafts.publishing.policy.case import Case


def in_train(case: Case) -> Iterator[Blocker]:
    """Keep a draft that is in a train from being published alone; the train's own act leaves this blocker out."""
    if case.train is not None and case.draft.is_live:
        yield Blocker(
            Code.IN_TRAIN,
            "In a train",
            f"it is published with the other drafts of the train {case.train.label}, all or none. Publish the train, or "
            "take this draft out.",
            "you",
            subject=case.train.label,
        )
