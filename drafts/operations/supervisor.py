"""Keeps a handful of child processes running, and ends them all together."""

import logging
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final

from drafts.operations import lifeline

log = logging.getLogger(__name__)

STOP_SECONDS: Final = 10.0
_STEADY_SECONDS: Final = 10.0
_LONGEST_WAIT_SECONDS: Final = 15.0
_LOG_LIMIT: Final = 10 * 1024**2
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class NotStarted(Exception):
    """The children did not come up; the text names the log to read."""


@dataclass(frozen=True, slots=True)
class Program:
    """What is run: a word for people, the command, and file descriptors it inherits."""

    name: str
    command: Sequence[str]
    descriptors: tuple[int, ...] = ()


@dataclass
class Child:
    """One program and the process that runs it now."""

    program: Program
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    falls: int = 0
    again_at: float = field(default_factory=time.monotonic)

    def start(self, *, folder: Path, environment: Mapping[str, str]) -> None:
        """Start the program in a session of its own, so that Ctrl-C reaches it through the supervisor alone."""
        parent = os.getpid()
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.program.command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=self.program.descriptors,
                start_new_session=True,
                preexec_fn=lambda: lifeline.hold(parent),  # noqa: PLW1509  the supervisor has one thread
            )
        self.started = time.monotonic()

    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def put_off(self) -> str:
        """Note that the process ended, plan its restart (later each time) and say what happened."""
        assert self.process is not None
        self.tell(signal.SIGKILL)  # what it started itself
        now = time.monotonic()
        self.falls = 0 if now - self.started > _STEADY_SECONDS else self.falls + 1
        wait = min(0.2 * 2**self.falls, _LONGEST_WAIT_SECONDS) if self.falls else 0.0
        self.again_at = now + wait
        code, self.process = self.process.returncode, None
        how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
        return f"{self.program.name} {how}; it starts again (its log: {self.log})"

    def tell(self, number: int) -> None:
        """Send a signal to the process and whatever it started."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                return


class Supervisor:
    """Runs programs until it is told to end by SIGTERM, SIGINT or SIGHUP."""

    def __init__(self, programs: Sequence[Program], *, logs: Path, folder: Path, environment: Mapping[str, str]) -> None:
        logs.mkdir(parents=True, exist_ok=True)
        self._children = [Child(program, logs / f"{program.name}.log") for program in programs]
        self._folder, self._environment = folder, environment
        self._ending = False
        self._bell_out, self._bell_in = os.pipe()
        for child in self._children:
            _make_room(child.log)

    def run(self, *, is_ready: Callable[[], bool], on_ready: Callable[[], None], patience: float) -> None:
        """Start everything, call ``on_ready`` once ``is_ready`` says so, and return when all was ended as told.

        Raises NotStarted when nothing is ready after ``patience`` seconds.
        """
        self._listen()
        deadline, announced = time.monotonic() + patience, False
        try:
            while not self._ending:
                self._tend(loudly=announced)
                if not announced and is_ready():
                    announced = True
                    on_ready()
                elif not announced and time.monotonic() > deadline:
                    raise NotStarted(f"the server did not answer within {patience:.0f} seconds: read {self._logs()}")
                self._wait(self._until_due(1.0 if announced else 0.05))
        finally:
            self._end()

    def _logs(self) -> str:
        return ", ".join(str(child.log) for child in self._children)

    def _listen(self) -> None:
        os.set_blocking(self._bell_in, False)
        os.set_blocking(self._bell_out, False)
        signal.set_wakeup_fd(self._bell_in, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        for number in _ENDING:
            signal.signal(number, self._told_to_end)

    def _told_to_end(self, _number: int, _frame: FrameType | None) -> None:
        if self._ending:  # told twice: somebody is in a hurry
            self._tell_all(signal.SIGKILL)
        self._ending = True

    def _until_due(self, seconds: float) -> float:
        due = [child.again_at - time.monotonic() for child in self._children if child.process is None]
        return max(0.0, min([seconds, *due]))

    def _wait(self, seconds: float) -> None:
        """Sleep, but not longer than until a signal comes: a child ended, or an order."""
        select.select([self._bell_out], [], [], seconds)
        try:
            os.read(self._bell_out, 4096)
        except BlockingIOError:
            return

    def _tend(self, *, loudly: bool) -> None:
        """Start what is due, note what ended."""
        for child in self._children:
            if child.has_ended():
                log.log(logging.WARNING if loudly else logging.ERROR, child.put_off())
            if child.process is None and child.again_at <= time.monotonic():
                child.start(folder=self._folder, environment=self._environment)

    def _tell_all(self, number: int) -> None:
        for child in self._children:
            child.tell(number)

    def _end(self) -> None:
        """End every child: politely, and after ten seconds not."""
        self._ending = True
        self._tell_all(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while self._living() and time.monotonic() < deadline:
            self._wait(0.2)
        self._tell_all(signal.SIGKILL)
        for child in self._living():
            assert child.process is not None
            child.process.wait()
        signal.set_wakeup_fd(-1)

    def _living(self) -> list[Child]:
        return [child for child in self._children if child.process is not None and child.process.poll() is None]


def _make_room(path: Path) -> None:
    """Set a log that grew large aside; one older generation is kept."""
    if path.exists() and path.stat().st_size > _LOG_LIMIT:
        path.replace(path.with_suffix(".log.1"))
