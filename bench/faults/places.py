"""Where a campaign's server lives: its folders, its services, and what can be done to them."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from tests import ceph, fault_proxy, services
from tests.fault_proxy import Proxy
from tests.processes import Server

DISK_MEGABYTES = 192
_TIMES = {"PRESSCHECK_JOB_LEASE_SECONDS": "3", "PRESSCHECK_SWEEP_SECONDS": "1"}
_REACHES = {"PRESSCHECK_OUTBOUND_ALLOW": "127.0.0.0/8"}  # the CI server of the campaign
_KEY = "for the fault campaign alone, and as long as a key should be"


class Shape(StrEnum):
    """The two ways in which the same code is deployed."""

    EMBEDDED = "embedded"
    SERVICES = "services"


@dataclass
class Place:
    """One server's surroundings.

    ``hosts`` are the environments of the hosts that it runs on; ``store`` is the S3 server behind ``proxy``; ``disk``
    is a small file system that holds the data folder, where one could be mounted.
    """

    shape: Shape
    folder: Path
    hosts: list[dict[str, str]]
    disk: Path | None = None
    database: Server | None = None
    redis: Server | None = None
    redis_url: str = ""
    proxy: Proxy | None = None
    store: str = ""
    missing: list[str] = field(default_factory=list)

    @property
    def environment(self) -> Mapping[str, str]:
        return self.hosts[0]

    @property
    def data(self) -> Path:
        return Path(self.environment["PRESSCHECK_DATA"])


def _settings(folder: Path, port: int) -> dict[str, str]:
    dropped = ("PRESSCHECK_", "AWS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    for name in ("DATABASE_URL", "REDIS_URL"):
        kept.pop(name, None)
    return {
        **kept,
        **_TIMES,
        **_REACHES,
        "PRESSCHECK_DATA": str(folder),
        "PRESSCHECK_URL": f"http://localhost:{port}",
        "DJANGO_SETTINGS_MODULE": "bench.faults.settings",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


@contextmanager
def opened(shape: Shape, port: int) -> Iterator[Place]:
    """Bring up what a server of this shape stands on, for the time of a block. Raises tests.processes.Missing."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="presscheck-faults-")))
        if shape is Shape.EMBEDDED:
            yield _embedded(stack, folder, port)
        else:
            yield _on_services(stack, folder, port)


def _embedded(stack: ExitStack, folder: Path, port: int) -> Place:
    data = folder / "data"
    data.mkdir()
    place = Place(Shape.EMBEDDED, folder, [_settings(data, port)])
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m", "presscheck-faults", str(data)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode == 0:
        stack.callback(_unmount, data)
        place.disk = data
    else:
        place.missing.append("a small disk of its own (mounting one takes root): no round filled it")
    return place


def _unmount(data: Path) -> None:
    for _ in range(100):
        if subprocess.run(["umount", str(data)], check=False, capture_output=True).returncode == 0:
            return
        time.sleep(0.1)
    subprocess.run(["umount", "--lazy", str(data)], check=False, capture_output=True)


def _on_services(stack: ExitStack, folder: Path, port: int) -> Place:
    database_url, database = stack.enter_context(services.postgresql(folder))
    redis_url, redis = stack.enter_context(services.redis(folder))
    store = _store(stack, folder)
    proxy = stack.enter_context(fault_proxy.in_front_of(store["PRESSCHECK_S3_ENDPOINT"]))
    told = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "PRESSCHECK_SECRET_KEY": _KEY,
        **store,
        "PRESSCHECK_S3_BUCKET": f"faults-{os.getpid()}",
        "PRESSCHECK_S3_ENDPOINT": proxy.url,
    }
    hosts = []
    for name in ("one", "two"):
        data = folder / f"host-{name}"
        data.mkdir()
        hosts.append(_settings(data, port) | told)
    return Place(
        Shape.SERVICES,
        folder,
        hosts,
        database=database,
        redis=redis,
        redis_url=redis_url,
        proxy=proxy,
        store=store["PRESSCHECK_S3_ENDPOINT"],
    )


def _store(stack: ExitStack, folder: Path) -> dict[str, str]:
    """Return the settings of an S3 server: the one that the environment names, else one of its own."""
    names = ("PRESSCHECK_S3_ENDPOINT", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    if all(os.environ.get(name) for name in names):
        return {name: os.environ[name] for name in names}
    return stack.enter_context(ceph.s3(folder))


def restart_the_database(place: Place, seconds: float) -> None:
    """End PostgreSQL as ``pg_ctl stop -m immediate`` does, and start it again after a while."""
    assert place.database is not None
    place.database.stop(signal.SIGQUIT)
    try:
        time.sleep(seconds)
    finally:
        place.database.start()


@contextmanager
def full_disk(place: Place) -> Iterator[None]:
    """Fill the data folder's disk to its last byte for the time of a block."""
    assert place.disk is not None
    ballast = place.disk / "ballast"
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:  # until there is no room for one byte more
            file.write(bytes(64 * 1024))
    try:
        yield
    finally:
        ballast.unlink()
