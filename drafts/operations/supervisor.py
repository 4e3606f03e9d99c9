"""Keeps a handful of child processes running, and ends them all together. Standard library only."""

import logging
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from drafts.operations import lifeline

log = logging.getLogger(__name__)

STOP_SECONDS = 10.0
_STEADY_SECONDS = 10.0
_LONGEST_WAIT_SECONDS = 15.0
_LOG_LIMIT = 10 * 1024**2
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Program:
    """What is run: a word for people, the command, and the file descriptors it inherits."""

    name: str
    command: Sequence[str]
    descriptors: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where programs run: working folder, environment, and the folder their logs go to."""

    folder: Path
    environment: Mapping[str, str]
    logs: Path

    def start(
        self, program: Program, *, output: int, errors: int = subprocess.STDOUT
    ) -> "subprocess.Popen[bytes]":
        """Start a program in a session of its own, so that Ctrl-C reaches it through the supervisor alone."""
        parent = os.getpid()
        return subprocess.Popen(  # noqa: S603  commands are written in this room
            program.command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            pass_fds=program.descriptors,
            start_new_session=True,
            preexec_fn=lambda: lifeline.hold(parent),  # noqa: PLW1509  the supervisor has one thread
        )


class Child:
    """One program, and the process that runs it now."""

    def __init__(self, program: Program, surroundings: Surroundings) -> None:
        self.program, self._surroundings = program, surroundings
        self.log = surroundings.logs / f"{program.name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._started, self._falls = 0.0, 0
        self.again_at = time.monotonic()
        _make_room(self.log)

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def is_planned(self) -> bool:
        return self._process is None

    @property
    def has_fallen(self) -> bool:
        """Say whether it ended, the last time, before it had run steadily."""
        return self._falls > 0

    def tend(self) -> None:
        """Start the process if that is due; if it ended, say so and plan its restart."""
        if self._process is not None and self._process.poll() is not None:
            self._put_off(self._process.returncode)
        if self._process is None and self.again_at <= time.monotonic():
            with self.log.open("ab") as output:
                self._process = self._surroundings.start(self.program, output=output.fileno())
            self._started = time.monotonic()

    def _put_off(self, code: int) -> None:
        """Start again at once what ran steadily, and ever later what keeps falling."""
        self.tell(signal.SIGKILL)  # what it started itself
        now = time.monotonic()
        self._falls = 0 if now - self._started > _STEADY_SECONDS else self._falls + 1
        self.again_at = now + (min(0.2 * 2**self._falls, _LONGEST_WAIT_SECONDS) if self._falls else 0.0)
        self._process = None
        how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
        log.warning("%s %s; it starts again (its log: %s)", self.program.name, how, self.log)

    def tell(self, number: int) -> None:
        """Send a signal to the process and to whatever it started."""
        if self._process is not None:
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                return

    def reap(self) -> None:
        """Wait for a process that was killed."""
        if self._process is not None:
            self._process.wait()


class Supervisor:
    """Runs programs until it is told to end by SIGTERM, SIGINT or SIGHUP."""

    def __init__(self, surroundings: Surroundings) -> None:
        surroundings.logs.mkdir(parents=True, exist_ok=True)
        self._surroundings = surroundings
        self._children: list[Child] = []
        self._ending = False
        self._bell_out, self._bell_in = os.pipe()

    def add(self, program: Program) -> None:
        """Run one more program from now on."""
        self._children.append(Child(program, self._surroundings))

    @property
    def has_fallen(self) -> bool:
        return any(child.has_fallen for child in self._children)

    def run(self, step: Callable[[], bool]) -> None:
        """Tend the programs until told to end; ``step`` is called often as long as it returns True.

        Every process has ended when this returns or raises what ``step`` raised.
        """
        self._listen()
        busy = True
        try:
            while not self._ending:
                busy = busy and step()
                for child in self._children:
                    child.tend()
                self._wait(self._until_due(0.05 if busy else 1.0))
        finally:
            self._end()

    def _listen(self) -> None:
        """Let every signal ring the bell that ``_wait`` sleeps on."""
        os.set_blocking(self._bell_in, False)
        os.set_blocking(self._bell_out, False)
        signal.set_wakeup_fd(self._bell_in, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        for number in ENDING:
            signal.signal(number, self._told_to_end)

    def _told_to_end(self, _number: int, _frame: FrameType | None) -> None:
        if self._ending:  # told twice: somebody is in a hurry
            self._tell_all(signal.SIGKILL)
        self._ending = True

    def _until_due(self, seconds: float) -> float:
        due = [child.again_at - time.monotonic() for child in self._children if child.is_planned]
        return max(0.0, min([seconds, *due]))

    def _wait(self, seconds: float) -> None:
        """Sleep, but not longer than until a signal comes: a child ended, or an order."""
        select.select([self._bell_out], [], [], seconds)
        try:
            os.read(self._bell_out, 4096)
        except BlockingIOError:
            return

    def _tell_all(self, number: int) -> None:
        for child in self._children:
            child.tell(number)

    def _end(self) -> None:
        """End every child: politely, and after ten seconds not."""
        self._ending = True
        self._tell_all(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while any(child.is_alive for child in self._children) and time.monotonic() < deadline:
            self._wait(0.2)
        self._tell_all(signal.SIGKILL)
        for child in self._children:
            child.reap()
        signal.set_wakeup_fd(-1)


def _make_room(path: Path) -> None:
    """Set a log that grew large aside; one older generation is kept."""
    if path.exists() and path.stat().st_size > _LOG_LIMIT:
        path.replace(path.with_suffix(".log.1"))
