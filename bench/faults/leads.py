"""How a round brings about what its fault is aimed at: releases of its own, which no other client touches, on their way to the state."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from django.db import Error, connections

from bench.faults.acts import NAMED, Act, orders, people, perform, times, trains, uploads
from bench.faults.acts.act import NOT_NOW, Said
from bench.faults.acts.claims import Staged
from bench.faults.acts.orders import ordered
from bench.faults.acts.people import draft_url
from bench.faults.browser import Answer, Lost
from bench.faults.cast import Cast, Person
from bench.faults.elsewhere import Elsewhere, code_of
from drafts.models import StandingOrder
from tests import wheels

PATIENCE_SECONDS = 600.0  # nothing fails before the fault, however busy the machine is
_AHEAD_SECONDS = (3.0, 10.0, 30.0)  # to the time of a schedule
_PAUSE_SECONDS, _TRIES = 0.5, 20
_STAGED = frozenset({200}) | NOT_NOW


@dataclass
class Led:
    """The releases of one round that its fault is aimed at. ``struck`` is set when the fault is over."""

    cast: Cast
    elsewhere: Elsewhere
    version: str
    dice: random.Random
    projects: tuple[str, ...] = ()
    struck: threading.Event = field(default_factory=threading.Event)

    @property
    def server(self) -> str:
        return self.cast.servers[0]

    def insist(self, name: str, may_answer: frozenset[int], step: Callable[[], Said | None]) -> bool:
        """Take a step again and again while the server cannot do it now, until the fault; says whether it was done.

        403 is a code whose half minute was over when a busy machine came to look at it.
        """
        act = Act(name, lambda _cast, _dice: step(), may_answer)
        for _ in range(_TRIES):
            said = perform(act, self.cast, self.dice)
            if said is not None and said.claim is not None:
                return True
            if self.struck.is_set() or (said is not None and said.status not in NOT_NOW | {403}):
                return False
            time.sleep(_PAUSE_SECONDS)
        return False


def asked(question: Callable[[], bool]) -> bool:
    """Ask the database; no, while it is on its way up."""
    try:
        return question()
    except (Error, Lost):
        connections.close_all()
        return False


def stage(led: Led, project: str) -> bool:
    """Send two wheels and an sdist of a release; says whether all are in."""
    tags = led.dice.sample(uploads.TAGS, 2)
    built = [uploads.wheel(project, led.version, led.dice, tag) for tag in tags]
    built.append(wheels.sdist(project, led.version, salt=str(led.dice.random())))
    return all(
        led.insist("stage what is aimed at", _STAGED, lambda one=one: _sent(led, project, one))
        for one in built
    )


def _sent(led: Led, project: str, built: wheels.Built) -> Said:
    answer = uploads.send(led.server, built, led.cast.basic(project), project, led.version)
    claim = Staged(project, built.filename, built.sha256) if answer.status == 200 else None
    return Said(answer.status, claim)


def _confirmation(led: Led, person: Person, project: str) -> Answer:
    draft = draft_url(led.server, project, led.version)
    return people.confirmation(person, led.server, draft, seconds=PATIENCE_SECONDS)


def click(led: Led) -> bool:
    """Publish one release by a click."""
    (project,) = led.projects

    def press() -> Said:
        with led.cast.somebody() as person:
            page, draft = _confirmation(led, person, project), (project, led.version)
            return people.press(person, led.server, draft, page, code=code_of(person))

    return stage(led, project) and led.insist("publish what is aimed at", people.PRESSED, press)


def schedule(led: Led) -> bool:
    """Publish one release at a time some seconds ahead: later, where the server was too late for less."""
    (project,) = led.projects

    def set_time(ahead: float) -> Said:
        with led.cast.somebody() as person:
            page, draft = _confirmation(led, person, project), (project, led.version)
            return times.set_time(person, led.server, draft, page, code=code_of(person), ahead=ahead)

    return stage(led, project) and any(
        led.insist("schedule what is aimed at", times.SET, lambda ahead=ahead: set_time(ahead))
        for ahead in _AHEAD_SECONDS
    )


def train(led: Led) -> bool:
    """Publish two releases of two projects as a train."""
    drafts = [(project, led.version) for project in led.projects]

    made: list[str] = []

    def press() -> Said | None:
        with led.cast.somebody() as person:
            if not made:
                answer = trains.make(led.cast, person, led.server, drafts, f"train {led.version}")
                if answer.status != 302:
                    return Said(answer.status)
                made.append(led.server + answer.headers["location"])
            code = partial(code_of, person)
            return trains.pressed(person, led.server, made[0], drafts, code, seconds=PATIENCE_SECONDS)

    return all(stage(led, project) for project in led.projects) and led.insist(
        "publish the train that is aimed at", trains.PRESSED, press
    )


def order(led: Led) -> bool:
    """Have CI's job stage a release that the standing order publishes; one is given, where an earlier fault left none."""
    project = led.cast.forge.project if led.cast.forge else ""
    if not StandingOrder.objects.filter(project__name=project, ended_at=None).exists():
        perform(NAMED["give a standing order anew"], led.cast, led.dice)
    return led.insist(
        "order what is aimed at", orders.ORDERED, lambda: ordered(led.cast, led.dice, led.version)
    )
