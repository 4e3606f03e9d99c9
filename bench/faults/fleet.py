"""The processes of a server (two web servers, three workers, two schedulers) and the upstream index: each can be killed and started."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.faults.browser import Browser, Lost
from tests.processes import free_port

CODE = Path(__file__).resolve().parent.parent.parent
PATIENCE_SECONDS = 180.0
WEBS, WORKERS, SCHEDULERS = 2, 3, 2


def eventually(question: Callable[[], bool], *, seconds: float = PATIENCE_SECONDS, what: str) -> float:
    """Ask until the answer is true; returns after how many seconds. Raises TimeoutError, which names ``what``."""
    began = time.monotonic()
    while not question():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"still not after {seconds:.0f} s: {what}")
        time.sleep(0.05)
    return time.monotonic() - began


@dataclass
class Process:
    """One program of the server and the process that runs it now."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    port: int | None = None
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def start(self) -> None:
        """Start it unless it runs."""
        if self.is_alive:
            return
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                cwd=CODE,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def address(self) -> str:
        """Return its address by number, which the server may ask."""
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """End it as the kernel does when memory runs out."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(PATIENCE_SECONDS)

    def kill_a_child(self) -> None:
        """End one process that it started itself (a web server's worker), else the process."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        if not children:
            self.kill()
            return
        os.kill(int(children[0]), signal.SIGKILL)

    def answers(self) -> bool:
        """Say whether a process that serves can do its work."""
        try:
            return Browser().ask(f"{self.url}/readyz").status == 200
        except Lost:
            return False


@dataclass
class Fleet:
    """All processes of one server, and the index elsewhere that it sends files to."""

    webs: list[Process]
    workers: list[Process]
    schedulers: list[Process]
    upstream: Process

    @property
    def everything(self) -> list[Process]:
        """Return the server's own processes, which one machine's loss of power ends."""
        return [*self.webs, *self.workers, *self.schedulers]

    @property
    def addresses(self) -> list[str]:
        return [web.url for web in self.webs]

    def start(self) -> None:
        """Start whatever does not run; the web processes answer when this returns. Raises TimeoutError."""
        for process in (self.upstream, *self.everything):
            process.start()
        for web in (self.upstream, *self.webs):
            eventually(lambda web=web: web.is_alive and web.answers(), what=f"{web.name} answers: {web.log}")

    def stop(self) -> None:
        """End the server's processes. It loses nothing, and does not wait."""
        for process in self.everything:
            process.kill()


def fleet(hosts: list[Mapping[str, str]], logs: Path, port: int | None = None, *, elsewhere: Path) -> Fleet:
    """Describe a server on these hosts: the environment of each, dealt out in turn. ``port`` is the first web server's.

    ``elsewhere`` is the folder of the upstream index.
    """
    logs.mkdir(parents=True, exist_ok=True)

    def deal(name: str, count: int, *command: str, ports: bool = False) -> Iterator[Process]:
        for number in range(count):
            own = (port if number == 0 and port else free_port()) if ports else None
            bind = ["--bind", f"127.0.0.1:{own}"] if ports else []
            line = [sys.executable, *command, *bind]
            title = f"{name}-{number + 1}"
            yield Process(title, line, hosts[number % len(hosts)], logs / f"{title}.log", own)

    there = free_port()
    line = [sys.executable, "-m", "bench.faults.upstream", "--port", str(there), "--folder", str(elsewhere)]
    return Fleet(
        list(deal("web", WEBS, "-m", "gunicorn", "--config", "config/gunicorn.py", ports=True)),
        list(deal("worker", WORKERS, "-m", "config.celery_worker")),
        list(deal("scheduler", SCHEDULERS, "-m", "config.celery_beat")),
        Process("upstream", line, hosts[0], logs / "upstream.log", there),
    )


@contextmanager
def running(one: Fleet) -> Iterator[Fleet]:
    """Run a fleet for the time of a block."""
    try:
        one.start()
        yield one
    finally:
        one.stop()
        one.upstream.kill()
