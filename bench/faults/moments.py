"""When a fault strikes: after some time, or amid one of the things that are rarely under way."""

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

from django.db import Error, connections
from django.utils import timezone

from bench.faults.browser import Lost
from drafts.models import Draft, DraftState, Job, JobState, Kind, Push, PushState, Train, TrainState

_LATEST_SECONDS, _AIM_SECONDS = 1.6, 30.0
_SOON = timedelta(seconds=0.3)
_PUSHED = (PushState.WAITING, PushState.SENDING)


def _a_train() -> bool:
    return Train.objects.filter(state=TrainState.PROCESSING).exists()


def _a_delivery() -> bool:
    return Push.objects.filter(state__in=_PUSHED, draft__state=DraftState.PUBLISHED).exists()


def _sending() -> bool:
    return Push.objects.filter(state=PushState.SENDING).exists()


def _a_schedule() -> bool:
    acting = Job.objects.filter(kind=Kind.SCHEDULED, state=JobState.RUNNING).exists()
    return acting or Draft.objects.filter(publish_at__lte=timezone.now() + _SOON).exists()


def _an_order() -> bool:
    acting = Job.objects.filter(kind=Kind.ORDER, state=JobState.RUNNING).exists()
    return acting or Draft.objects.exclude(publishing_order=None).filter(state=DraftState.PROCESSING).exists()


def _a_click() -> bool:
    return Draft.objects.filter(state=DraftState.PROCESSING).exists()


# The rarest first: a train's drafts are being published, too.
MOMENTS: dict[str, Callable[[], bool]] = {
    "a train": _a_train,
    "a train's delivery upstream": _a_delivery,
    "a delivery upstream": _sending,
    "a schedule": _a_schedule,
    "a standing order": _an_order,
    "a publish": _a_click,
}
_ANY = tuple(MOMENTS)
# What the rounds aim at, in turn; one in five strikes at a moment that the clock alone decides.
AIMS: tuple[tuple[str, ...], ...] = (
    ("a train",),
    ("a schedule",),
    ("a standing order",),
    (),
    ("a train's delivery upstream", "a delivery upstream"),
    _ANY,
)


def aim(seed: int, number: int) -> tuple[str, ...]:
    """Return what a round's fault is aimed at: all aims are dealt out before one comes again."""
    deal, position = divmod(number - 1, len(AIMS))
    dealt = list(AIMS)
    random.Random(f"{seed} aims {deal}").shuffle(dealt)
    return dealt[position]


def is_upstream(aimed: Sequence[str]) -> bool:
    """Say whether a round aims at a delivery, and nothing else."""
    return bool(aimed) and all("upstream" in name for name in aimed)


def struck_amid(aimed: Sequence[str], dice: random.Random, acts: Sequence[Future[Any]]) -> str:
    """Wait for the moment to strike, and return what was under way then, or nothing.

    What is aimed at is waited for as long as the clients act; a fault that finds none of it strikes when they have done.
    """
    moment, began = dice.uniform(0, _LATEST_SECONDS), time.monotonic()
    while time.monotonic() - began < (_AIM_SECONDS if aimed else moment):
        if found := _under_way(aimed):
            return found
        if aimed and all(one.done() for one in acts) and not _under_way(_ANY):
            break
        time.sleep(0.005)
    return _under_way(_ANY)


def _under_way(names: Sequence[str]) -> str:
    return next((name for name in names if asked(MOMENTS[name])), "")


def asked(question: Callable[[], bool]) -> bool:
    """Ask the database; no, while it is on its way up."""
    try:
        return question()
    except (Error, Lost):
        connections.close_all()
        return False
