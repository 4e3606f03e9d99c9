"""A campaign: rounds of acts at once, a fault at a random moment in each, and all ten promises after it."""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from django.db import Error, connections

from accounts.models import AuditEvent
from bench.faults import faults
from bench.faults.acts import ACTS, NAMED, Act, perform
from bench.faults.browser import Browser, Lost
from bench.faults.cast import Cast
from bench.faults.faults import Fault, Scene
from bench.faults.fleet import Fleet, eventually
from bench.faults.ledger import Ledger
from bench.faults.places import Place
from bench.faults.promises import State, broken
from bench.faults.promises.trail import by_and_by, without_a_row
from bench.faults.shelf import Inventory
from drafts.intake import purge
from drafts.intake.rules import grace
from drafts.models import Draft, DraftState, Job

SETTLED_SECONDS = 180.0
_GLANCE_SECONDS = 0.1
_FIRST, _ACTS = 3, (8, 14)
_SPREAD_SECONDS = 2.0  # over which the acts of a round begin
_LATEST_SECONDS = 1.6
_AIMED, _AIM_SECONDS = 0.6, 3.0  # the share of faults that wait for a publish, and for how long
_HELD_SECONDS = (0.3, 1.5)
_OTHERWISE = ("publish a train", "publish at a time", "release by a standing order")
_WAYS = {"train": "in a train", "scheduled_by": "at a time", "order": "by a standing order"}
_RELEASES = 2  # that a round works on, of each project


@dataclass(frozen=True, slots=True)
class Round:
    """What came of a round. Seconds count from the moment when the fault was mended.

    ``answered``: until every web server could do its work and every publish had ended; ``settled``: until no job was left;
    ``amid_publish``: a publish was decided and had not ended when the fault struck.
    """

    number: int
    fault: str
    acts: int
    amid_publish: bool
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
    rounds: list[Round] = field(default_factory=list)

    @property
    def ledger(self) -> Ledger:
        return self.cast.ledger

    def play(self, number: int) -> Round:
        """Play one round and return what came of it. Raises TimeoutError when the server does not settle."""
        dice = random.Random(f"{self.seed} {number}")
        self.ledger.round, self.ledger.lies = number, False
        self.cast.begin([f"{number}.{minor}" for minor in range(_RELEASES)])
        fault = dealt(self.place, self.seed, number)
        acts = self._acts(dice)
        amid, mended = self._act_under(fault, acts, dice)
        answered, settled = self.settle(mended)
        losses = self.look()
        done = Round(number, fault.name, len(acts), amid, answered, settled, tuple(losses))
        self.rounds.append(done)
        return done

    def _acts(self, dice: random.Random) -> list[Act]:
        """Return the round's acts: uploads first, so that there is something to do the others to, and then two publishes."""
        chosen = dice.choices(ACTS, [act.weight for act in ACTS], k=dice.randint(*_ACTS))
        otherwise = NAMED[dice.choice(_OTHERWISE)]
        return [*[NAMED["upload a release"]] * _FIRST, NAMED["publish a draft"], otherwise, *chosen]

    def _act_under(self, fault: Fault, acts: list[Act], dice: random.Random) -> tuple[bool, float]:
        """Do the acts at once while the fault happens.

        Returns whether a publish was under way when it struck, and the moment when its mending began.
        """
        scene, over = Scene(self.place, self.fleet, self.ledger), threading.Event()
        moment, held, aimed = (
            dice.uniform(0, _LATEST_SECONDS),
            dice.uniform(*_HELD_SECONDS),
            dice.random() < _AIMED,
        )
        seeds = [
            (0.0 if number < _FIRST else dice.uniform(0.2, _SPREAD_SECONDS), dice.random())
            for number in range(len(acts))
        ]
        reader = threading.Thread(target=self._watch, args=(over, dice.random()))
        reader.start()
        try:
            with ThreadPoolExecutor(len(acts)) as pool:
                done = [pool.submit(self._begun, act, *when) for act, when in zip(acts, seeds, strict=True)]
                amid = _struck_at(moment, aimed=aimed)
                with fault.strike(scene, dice):
                    time.sleep(held)
                    mended = time.monotonic()
            for one in done:
                one.result()
        finally:
            over.set()
            reader.join()
        return amid, mended

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
        eventually(_nothing_is_being_published, seconds=SETTLED_SECONDS, what="every publish has ended")
        answered = time.monotonic() - mended
        eventually(_no_job_is_left, seconds=SETTLED_SECONDS, what="no job is left")
        return answered, time.monotonic() - mended

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
        return State(ways, self.inventory, self.ledger, self.cast.tokens)


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


def _struck_at(moment: float, *, aimed: bool) -> bool:
    """Wait for the moment to strike: so many seconds, or, ``aimed``, until a publish is under way if one comes.

    Returns whether a publish was under way then.
    """
    began = time.monotonic()
    while time.monotonic() - began < (_AIM_SECONDS if aimed else moment):
        if aimed and _asked(_a_publish_is_under_way):
            return True
        time.sleep(0.005)
    return _asked(_a_publish_is_under_way)


def _a_publish_is_under_way() -> bool:
    return Draft.objects.filter(state=DraftState.PROCESSING).exists()


def _way(server: str) -> Callable:
    browser = Browser()
    return lambda path, headers: browser.ask(server + path, headers=headers)


def _asked(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except (Error, Lost):  # the database is on its way up
        connections.close_all()
        return False


def _nothing_is_being_published() -> bool:
    return _asked(lambda: not Draft.objects.filter(state=DraftState.PROCESSING).exists())


def _no_job_is_left() -> bool:
    return _asked(lambda: not Job.objects.live().exclude(by_and_by()).exists())
