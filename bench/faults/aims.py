"""What a round's fault is aimed at, each aim listed once: how it is brought about, and how one sees that it is so."""

import random
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils import timezone

from bench.faults import by_ci, leads
from bench.faults.leads import Led, asked
from bench.faults.upstream import Mood
from drafts.models import (
    Draft,
    DraftState,
    Job,
    JobState,
    Kind,
    Push,
    PushedFile,
    PushedFileState,
    PushState,
)

HERE, ALSO, SENT, BY_CI, ORDERED = "gneiss", "basalt", "pumice", "slate", "marble"
_LATEST_SECONDS, _GLANCE_SECONDS, _DEEPER_SECONDS = 1.6, 0.005, 0.3


@dataclass(frozen=True, slots=True)
class Aim:
    """One state to strike in: ``lead`` brings it about with releases of these projects, ``is_so`` asks whether it is.

    ``mood`` is the upstream index's until the fault, so that a state which would pass in a moment stays; ``without`` are the acts
    that would take it away.
    """

    name: str
    lead: Callable[[Led], bool] | None = None
    projects: tuple[str, ...] = ()
    is_so: Callable[[Led], bool] = lambda _led: False
    mood: Mood = Mood.WELL
    without: frozenset[str] = frozenset()

    @property
    def is_upstream(self) -> bool:
        return not {SENT, BY_CI}.isdisjoint(self.projects)

    @property
    def stays(self) -> bool:
        """Say whether the state waits for the fault: then each of its rounds strikes in it."""
        return self.mood != Mood.WELL or BY_CI in self.projects


def _drafts(led: Led) -> QuerySet[Draft]:
    return Draft.objects.filter(project__name__in=led.projects, version=led.version)


def _files(led: Led) -> QuerySet[PushedFile]:
    return PushedFile.objects.filter(push__draft__in=_drafts(led))


def _publishing(led: Led) -> bool:
    return _drafts(led).filter(state=DraftState.PROCESSING).exists()


def _on_its_way(led: Led) -> bool:
    return _files(led).filter(state=PushedFileState.UNCLEAR).exists()


def _sent(led: Led) -> bool:
    return _files(led).filter(state=PushedFileState.SENT).exists()


def _due(led: Led) -> bool:
    return _drafts(led).filter(state=DraftState.OPEN, publish_at__lte=timezone.now()).exists()


def _ordered(led: Led) -> bool:
    jobs = Job.objects.filter(kind=Kind.ORDER, state=JobState.RUNNING)
    return _publishing(led) or jobs.filter(subject__in=[one.subject for one in _drafts(led)]).exists()


def _asked(led: Led) -> bool:
    return Push.objects.filter(draft__in=_drafts(led), state=PushState.ASKED).exists()


def _in_part(led: Led) -> bool:
    there = set(led.elsewhere.digests())
    names = set(_files(led).values_list("file__filename", flat=True))
    return _asked(led) and bool(names & there) and bool(names - there)


AIMS: tuple[Aim, ...] = (
    Aim("a publish", leads.click, (HERE,), _publishing),
    Aim("a train", leads.train, (HERE, ALSO), _publishing),
    Aim("a schedule that is due", leads.schedule, (HERE,), _due),
    Aim("a schedule that acts", leads.schedule, (ALSO,), _publishing),
    Aim(
        "a standing order that acts",
        leads.order,
        (ORDERED,),
        _ordered,
        without=frozenset({"release by a standing order", "give a standing order anew"}),
    ),
    Aim("a file on its way upstream", leads.click, (SENT,), _on_its_way, Mood.HOLDS),
    Aim("a file sent upstream, not confirmed", leads.click, (SENT,), _sent, Mood.LATE),
    Aim("a schedule's file sent upstream", leads.schedule, (SENT,), _sent, Mood.LATE),
    Aim("a train's delivery upstream", leads.train, (HERE, SENT), _sent, Mood.LATE),
    Aim("CI asked to publish", by_ci.nothing, (BY_CI,), _asked),
    Aim("CI having published in part", by_ci.in_part, (BY_CI,), _in_part),
    Aim("whatever is under way"),
)


def strike_when(aim: Aim, led: Led, brought: Future[bool] | None, dice: random.Random) -> str:
    """Wait for the moment to strike, and return what is so then: the aim's name, or what else is under way, or nothing."""
    if aim.lead is None or brought is None:
        time.sleep(dice.uniform(0, _LATEST_SECONDS))
        return under_way()
    until = time.monotonic() + leads.PATIENCE_SECONDS
    while time.monotonic() < until:
        if asked(lambda: aim.is_so(led)):
            if aim.stays:
                time.sleep(dice.uniform(0, _DEEPER_SECONDS))
            return aim.name
        if brought.done() and asked(lambda: _is_over(led)):
            break
        time.sleep(_GLANCE_SECONDS)
    return under_way()


def _is_over(led: Led) -> bool:
    """Say whether what was led is at its end or went nowhere, so that the state does not come any more."""
    waiting = _drafts(led).exclude(state__in=(DraftState.PUBLISHED, DraftState.CANCELED, DraftState.ERROR))
    ordered = Job.objects.live().filter(kind=Kind.ORDER, subject__in=[one.subject for one in waiting])
    if not ordered.exists():
        waiting = waiting.exclude(state=DraftState.OPEN, publish_at=None)
    pushes = Push.objects.filter(draft__in=_drafts(led)).exclude(state__in=(PushState.DONE, PushState.LEFT))
    return not waiting.exists() and not pushes.exists()


def under_way() -> str:
    """Say whether any publish is under way."""
    is_so = asked(lambda: Draft.objects.filter(state=DraftState.PROCESSING).exists())
    return "another publish" if is_so else ""
