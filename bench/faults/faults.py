"""What goes wrong in a campaign, each fault listed once: it happens when its block begins, and is mended when it ends."""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from bench.faults.elsewhere import Elsewhere
from bench.faults.fleet import Fleet, Process
from bench.faults.ledger import Ledger
from bench.faults.places import Place, Shape, full_disk, restart_the_database
from bench.faults.upstream import Mood
from tests.fault_proxy import Fault as StoreFault

BOTH = frozenset(Shape)
_GONE_SECONDS = (0.5, 4.0)
EMBEDDED, SERVICES = frozenset({Shape.EMBEDDED}), frozenset({Shape.SERVICES})


@dataclass(frozen=True, slots=True)
class Scene:
    """What a fault can strike."""

    place: Place
    fleet: Fleet
    ledger: Ledger
    elsewhere: Elsewhere


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong; ``strike`` lasts as long as its block, in the shapes that have what it strikes.

    ``is_elsewhere``: it strikes the upstream index, which nothing notices unless something goes there.
    """

    name: str
    shapes: frozenset[Shape]
    strike: Callable[[Scene, random.Random], AbstractContextManager[None]]
    is_elsewhere: bool = False


@contextmanager
def _killed(scene: Scene, processes: list[Process], dice: random.Random) -> Iterator[None]:
    """End one of the processes as the kernel does (SIGKILL); it is started again as its supervisor would."""
    dice.choice(processes).kill()
    try:
        yield
    finally:
        scene.fleet.start()


@contextmanager
def _all_killed(scene: Scene, processes: list[Process]) -> Iterator[None]:
    """End all of a kind, so that the one that is at work is among them."""
    for process in processes:
        process.kill()
    try:
        yield
    finally:
        scene.fleet.start()


@contextmanager
def _web_child(scene: Scene, dice: random.Random) -> Iterator[None]:
    dice.choice(scene.fleet.webs).kill_a_child()
    yield


@contextmanager
def _everything_killed(scene: Scene, _dice: random.Random) -> Iterator[None]:
    """End all processes at one moment, as a machine that loses power does."""
    scene.fleet.stop()
    try:
        yield
    finally:
        scene.fleet.start()


def _disk_full(scene: Scene, _dice: random.Random) -> AbstractContextManager[None]:
    return full_disk(scene.place)


@contextmanager
def _writer(scene: Scene, dice: random.Random) -> Iterator[None]:
    """Hold SQLite's write lock for seconds, as a restart of another database would take."""
    held = sqlite3.connect(scene.place.data / "presscheck.sqlite3", isolation_level=None, timeout=30)
    try:
        held.execute("BEGIN IMMEDIATE")
        time.sleep(dice.uniform(1, 3))
        held.execute("ROLLBACK")
    finally:
        held.close()
    yield


@contextmanager
def _database(scene: Scene, dice: random.Random) -> Iterator[None]:
    restart_the_database(scene.place, dice.uniform(0, 1.5))
    yield


@contextmanager
def _redis_flushed(scene: Scene, _dice: random.Random) -> Iterator[None]:
    import redis

    with redis.Redis.from_url(scene.place.redis_url) as client:
        client.flushall()
    yield


@contextmanager
def _redis_restarted(scene: Scene, _dice: random.Random) -> Iterator[None]:
    """End Redis, which keeps nothing, and start it again when the block ends."""
    assert scene.place.redis is not None
    scene.place.redis.stop()
    try:
        yield
    finally:
        scene.place.redis.start()


def _store(
    *kinds: str, seconds: float = 0, lies: bool = False, times: int = 10**9
) -> Callable[[Scene, random.Random], AbstractContextManager[None]]:
    """Return a fault of the S3 server: what the proxy before it does with the requests that it gets."""

    @contextmanager
    def strike(scene: Scene, dice: random.Random) -> Iterator[None]:
        assert scene.place.proxy is not None
        scene.ledger.lies = lies
        scene.place.proxy.faults.append(StoreFault(dice.choice(kinds), seconds=seconds, times=times))
        try:
            yield
        finally:
            scene.place.proxy.faults.clear()

    return strike


@contextmanager
def _upstream_killed(scene: Scene, dice: random.Random) -> Iterator[None]:
    """End the upstream index; it is gone for a while, in which deliveries are tried again."""
    scene.fleet.upstream.kill()
    scene.elsewhere.be(Mood.WELL)
    time.sleep(dice.uniform(*_GONE_SECONDS))
    try:
        yield
    finally:
        scene.fleet.start()


def _upstream(mood: Mood) -> Callable[[Scene, random.Random], AbstractContextManager[None]]:
    """Return a fault of the upstream index: how it behaves for a while."""

    @contextmanager
    def strike(scene: Scene, dice: random.Random) -> Iterator[None]:
        scene.elsewhere.be(mood)
        time.sleep(dice.uniform(*_GONE_SECONDS))
        try:
            yield
        finally:
            scene.elsewhere.be(Mood.WELL)

    return strike


FAULTS: tuple[Fault, ...] = (
    Fault("nothing", BOTH, lambda _scene, _dice: nullcontext()),
    Fault("a web server is killed", BOTH, lambda scene, dice: _killed(scene, scene.fleet.webs, dice)),
    Fault("a web server's process is killed", BOTH, _web_child),
    Fault("a worker is killed", BOTH, lambda scene, dice: _killed(scene, scene.fleet.workers, dice)),
    Fault("all workers are killed", BOTH, lambda scene, _dice: _all_killed(scene, scene.fleet.workers)),
    Fault("a scheduler is killed", BOTH, lambda scene, dice: _killed(scene, scene.fleet.schedulers, dice)),
    Fault("every process is killed", BOTH, _everything_killed),
    Fault("the disk is full", EMBEDDED, _disk_full),
    Fault("another writer holds the database", EMBEDDED, _writer),
    Fault("the database restarts", SERVICES, _database),
    Fault("Redis is flushed", SERVICES, _redis_flushed),
    Fault("Redis restarts", SERVICES, _redis_restarted),
    Fault("the store is down", SERVICES, _store("503", "cut", "lost")),
    Fault("the store is slow", SERVICES, _store("slow", seconds=2)),
    Fault("the store is full", SERVICES, _store("507")),
    Fault("the store flips bits of what it gets", SERVICES, _store("sent")),
    Fault("the store flips bits of what it gives", SERVICES, _store("got", lies=True)),
    Fault("the upstream index is killed and gone", BOTH, _upstream_killed, is_elsewhere=True),
    Fault("the upstream index is slow", BOTH, _upstream(Mood.SLOW), is_elsewhere=True),
    Fault("the upstream index refuses files", BOTH, _upstream(Mood.REFUSES), is_elsewhere=True),
    Fault("the upstream index answers 503", BOTH, _upstream(Mood.DOWN), is_elsewhere=True),
    Fault("the upstream index takes files without a word", BOTH, _upstream(Mood.MUTE), is_elsewhere=True),
)


def of(place: Place) -> list[Fault]:
    """Return the faults that can be made in a place."""
    wanted = [fault for fault in FAULTS if place.shape in fault.shapes]
    return [fault for fault in wanted if fault.name != "the disk is full" or place.disk is not None]
