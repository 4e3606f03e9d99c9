"""A campaign: rounds of acts at once, a fault at a random moment in each, and all ten promises after it."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from django.db import Error, connections
from django.db.models import Q

from accounts.models import AuditEvent
from bench.faults import aims, faults
from bench.faults.acts import ACTS, NAMED, Act, perform
from bench.faults.aims import AIMS, Aim
from bench.faults.browser import Browser, Lost
from bench.faults.cast import Cast
from bench.faults.elsewhere import Elsewhere, resume_what_stopped
from bench.faults.faults import Fault, Scene
from bench.faults.fleet import Fleet, eventually
from bench.faults.leads import Led, asked
from bench.faults.ledger import Ledger
from bench.faults.places import Place
from bench.faults.promises import State, broken
from bench.faults.promises.trail import by_and_by, without_a_row
from bench.faults.shelf import Inventory
from bench.faults.upstream import Mood
from drafts.intake import purge
from drafts.intake.rules import grace
from drafts.models import Draft, DraftState, Job, Kind, Push, PushState

SETTLED_SECONDS = 600.0  # a state is waited for, however busy the machine is
_GLANCE_SECONDS = 0.1
_FIRST, _ACTS = 3, (8, 14)
_SPREAD_SECONDS = 2.0  # over which the acts of a round begin
_HELD_SECONDS = (0.3, 1.5)
_OTHERWISE = ("publish at a time", "release by a standing order", "publish a train")
_WAYS = {"train": "in a train", "scheduled_by": "at a time", "order": "by a standing order"}
_UNDER_WAY = (PushState.WAITING, PushState.SENDING, PushState.ASKED, PushState.STOPPED)
_RELEASES = 2  # that a round works on, of each project


@dataclass(frozen=True, slots=True)
class Round:
    """What came of a round. Seconds count from the moment when the fault was mended.

    ``answered``: until every web server could do its work and every publish had ended; ``settled``: until no job was left;
    ``aim``: what the fault waited for; ``amid``: what was so when it struck, or nothing; ``still``: so it was, too, right after it
    struck.
    """

    number: int
    fault: str
    acts: int
    aim: str
    amid: str
    still: bool
    answered: float
    settled: float
    losses: tuple[str, ...]


@dataclass
class Campaign:
    """A running server, the clients on it, and the rounds so far. The seed decides what is tried, not who is faster."""

    place: Place
    fleet: Fleet
    cast: Cast
    inventory: Inventory
    seed: int
    elsewhere: Elsewhere
    rounds: list[Round] = field(default_factory=list)
    is_last: bool = False

    @property
    def ledger(self) -> Ledger:
        return self.cast.ledger

    def play(self, number: int, *, is_last: bool = False) -> Round:
        """Play one round and return what came of it; in the last one, all bytes are hashed once more, and all work is waited for.

        Raises TimeoutError when the server does not settle.
        """
        self.is_last = is_last
        if is_last:
            self.inventory.forget()
        dice = random.Random(f"{self.seed} {number}")
        self.ledger.round, self.ledger.lies = number, False
        fault, aim = planned(self.place, self.seed, number)
        favoured = self.elsewhere.sent if aim.is_upstream else ""
        self.cast.begin([f"{number}.{minor}" for minor in range(_RELEASES)], favoured)
        acts = self._acts(aim, dice)
        led = Led(self.cast, self.elsewhere, f"{number}.{_RELEASES}", dice, aim.projects)
        amid, still, mended = self._act_under(fault, acts, (aim, led), dice)
        answered, settled = self.settle(mended)
        losses = self.look()
        done = Round(number, fault.name, len(acts), aim.name, amid, still, answered, settled, tuple(losses))
        self.rounds.append(done)
        return done

    def _acts(self, aim: Aim, dice: random.Random) -> list[Act]:
        """Return the round's acts: uploads first, so that there is something to do the others to, and then two publishes."""
        fit = [act for act in ACTS if act.name not in aim.without]
        chosen = dice.choices(fit, [act.weight for act in fit], k=dice.randint(*_ACTS))
        otherwise = dice.choice([name for name in _OTHERWISE if name not in aim.without])
        return [*[NAMED["upload a release"]] * _FIRST, NAMED["publish a draft"], NAMED[otherwise], *chosen]

    def _act_under(
        self, fault: Fault, acts: list[Act], aimed: tuple[Aim, Led], dice: random.Random
    ) -> tuple[str, bool, float]:
        """Do the acts at once while the fault happens.

        Returns what was so when it struck, whether it still was right after, and the moment when its mending began.
        """
        scene, over = Scene(self.place, self.fleet, self.ledger, self.elsewhere), threading.Event()
        aim, led = aimed
        self.elsewhere.be(aim.mood)
        held = dice.uniform(*_HELD_SECONDS)
        seeds = [
            (0.0 if number < _FIRST else dice.uniform(0.2, _SPREAD_SECONDS), dice.random())
            for number in range(len(acts))
        ]
        reader = threading.Thread(target=self._watch, args=(over, dice.random()))
        reader.start()
        try:
            with ThreadPoolExecutor(len(acts) + 1) as pool:
                brought = pool.submit(self._brought, aim, led)
                done = [pool.submit(self._begun, act, *when) for act, when in zip(acts, seeds, strict=True)]
                amid, still, mended = self._struck(fault, (aim, led, brought), scene, dice, held)
            for one in (brought, *done):
                one.result()
        finally:
            over.set()
            reader.join()
        return amid, still, mended

    def _struck(
        self,
        fault: Fault,
        aimed: tuple[Aim, Led, Future[bool]],
        scene: Scene,
        dice: random.Random,
        held: float,
    ) -> tuple[str, bool, float]:
        """Let the fault happen when its moment has come, and mend it."""
        aim, led, brought = aimed
        try:
            amid = aims.strike_when(aim, led, brought, dice)
            with fault.strike(scene, dice):
                still = amid == aim.name and any(asked(lambda: aim.is_so(led)) for _ in range(2))
                time.sleep(held)
                mended = time.monotonic()
            return amid, still, mended
        finally:
            self.elsewhere.be(Mood.WELL)
            led.struck.set()

    def _brought(self, aim: Aim, led: Led) -> bool:
        """Bring about what the fault is aimed at; false when that was not to be done."""
        try:
            return aim.lead is not None and aim.lead(led)
        finally:
            connections.close_all()

    def _begun(self, act: Act, after: float, seed: float) -> None:
        time.sleep(after)
        self._one(act, seed)

    def _one(self, act: Act, seed: float) -> None:
        try:
            perform(act, self.cast, random.Random(seed))
        finally:
            connections.close_all()

    def _watch(self, over: threading.Event, seed: float) -> None:
        """Read the index again and again until the round is over."""
        dice = random.Random(seed)
        while not over.wait(_GLANCE_SECONDS):
            self._one(NAMED["read the index"], dice.random())

    def settle(self, mended: float) -> tuple[float, float]:
        """Wait until all is done, and return after how many seconds it answered and was settled. Raises TimeoutError."""
        self.fleet.start()
        eventually(self._every_publish_has_ended, seconds=SETTLED_SECONDS, what="every publish has ended")
        answered = time.monotonic() - mended
        eventually(self._no_job_is_left, seconds=SETTLED_SECONDS, what="no job is left")
        return answered, time.monotonic() - mended

    def _every_publish_has_ended(self) -> bool:
        with suppress(Error, Lost):
            resume_what_stopped(self.cast)
        return asked(_nothing_is_being_published)

    def _no_job_is_left(self) -> bool:
        """Say whether all work is done; where drafts can be installed is of no promise, and may take until the next round."""
        meanwhile = by_and_by() if self.is_last else by_and_by() | Q(kind=Kind.RESOLVE)
        return asked(lambda: not Job.objects.live().exclude(meanwhile).exists())

    def look(self) -> list[str]:
        """Hold the whole state against the promises, after a sweep where uploads that died left something behind."""
        state = self._state()
        if list(without_a_row(state)):
            time.sleep(grace().total_seconds() + 1)  # a store may tell the time of writing in whole seconds
            purge.orphans()
            state = self._state()
        losses = broken(state)
        self.ledger.turn_the_page()
        return losses

    def published(self) -> dict[int, int]:
        """Return how many drafts were published, by their number of files: of one file nobody can see a half."""
        drafts = Draft.objects.filter(state=DraftState.PUBLISHED)
        return dict(sorted(Counter(draft.files.completed().count() for draft in drafts).items()))

    def ways(self) -> dict[str, int]:
        """Return how many publishes were decided in which way: by a click, by a train's, at a time, by an order."""
        rows = AuditEvent.objects.filter(event="draft:published").values_list("scope", "on_id")
        return dict(sorted(Counter(way_of(scope, draft) for scope, draft in rows).items()))

    def late(self) -> int:
        """Return how many drafts were published into releases that were there before."""
        drafts = Draft.objects.filter(state=DraftState.PUBLISHED)
        return drafts.count() - drafts.values("project", "version_key").distinct().count()

    def _state(self) -> State:
        ways = [_way(server) for server in self.cast.servers]
        there = self.elsewhere
        return State(
            ways,
            self.inventory,
            self.ledger,
            self.cast.tokens,
            there.digests(),
            there.since(),
            there.shelf.told(),
        )


def way_of(scope: str, draft: str) -> str:
    """Say in what way a draft that is published was decided on."""
    rows = AuditEvent.objects.filter(event="draft:publishing", scope=scope, on_id=draft)
    last = rows.order_by("seq").last()
    told = last.details if last is not None else {}
    return next((word for name, word in _WAYS.items() if name in told), "by a click")


def dealt(place: Place, seed: int, number: int) -> Fault:
    """Return a round's fault: all are dealt out, in another order each time, before one comes again."""
    possible = faults.of(place)
    deal, position = divmod(number - 1, len(possible))
    random.Random(f"{seed} deal {deal}").shuffle(possible)
    return possible[position]


def planned(place: Place, seed: int, number: int) -> tuple[Fault, Aim]:
    """Return a round's fault and its aim: of the aims that fit a fault, one that was taken least often until then."""
    taken: Counter[str] = Counter()
    for one in range(1, number + 1):
        fault, dice = dealt(place, seed, one), random.Random(f"{seed} aim {one}")
        fit = [aim for aim in AIMS if aim.is_upstream or not fault.is_elsewhere]
        least = min(taken[aim.name] for aim in fit)
        aim = dice.choice([aim for aim in fit if taken[aim.name] == least])
        taken[aim.name] += 1
    return fault, aim


def _way(server: str) -> Callable:
    browser = Browser()
    return lambda path, headers: browser.ask(server + path, headers=headers)


def _nothing_is_being_published() -> bool:
    rows = Draft.objects.filter(state=DraftState.PROCESSING)
    return not rows.exists() and not Push.objects.filter(state__in=_UNDER_WAY).exists()
