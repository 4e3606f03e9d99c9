"""How a server starts: prepare, serve, and once it answers, worker and scheduler. Standard library only."""

import hashlib
import http.client
import os
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from drafts.operations.claims import NotStarted
from drafts.operations.supervisor import Program, Supervisor, Surroundings

CODE = Path(__file__).resolve().parent.parent.parent
_PATIENCE_SECONDS = 120.0
_PROBE_SECONDS = 0.5
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  compared with, not bound


class Start:
    """The steps of one start; the supervisor calls ``step`` until it returns False.

    Preparing takes a Django of its own; where nothing changed since the last start, it comes after the first answer, or when the
    web process fell instead of answering: then it says what is wrong.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        surroundings: Surroundings,
        listener: socket.socket,
        *,
        address: str,
        public_host: str,
        with_sample: bool,
        say: Callable[[str], None],
    ) -> None:
        self._supervisor, self._surroundings, self._listener = supervisor, surroundings, listener
        self._address, self._public_host, self._say = address, public_host, say
        self._stamp = surroundings.logs.parent / "prepared.stamp"
        self._state = state_of_the_code()
        self._may_serve = self._is_as_it_was()
        self._serves = self._answered = False
        self._lines: list[str] | None = None
        self._deadline = time.monotonic() + _PATIENCE_SECONDS
        self._with_sample = with_sample
        self._preparing: subprocess.Popen[bytes] | None = None

    def step(self) -> bool:
        """Do what can be done now; False when nothing is left. Raises NotStarted."""
        self._get_prepared()
        if self._may_serve and not self._serves:
            self._supervisor.add(_web(self._listener))
            self._serves = True
        elif self._serves and not self._answered and _answers(self._listener, self._public_host):
            self._answered = True
            self._say(f"ready {self._address}")
            self._supervisor.add(_WORKER)
            self._supervisor.add(_SCHEDULER)
        if not self._answered and time.monotonic() > self._deadline:
            raise NotStarted(
                f"the server did not answer within {_PATIENCE_SECONDS:.0f} seconds: read {self._surroundings.logs}"
            )
        if not self._answered or self._lines is None:
            return True
        for line in self._lines:
            self._say(line)
        return False

    def _get_prepared(self) -> None:
        if self._preparing is None:
            if self._answered or not self._may_serve or self._supervisor.has_fallen:
                self._preparing = self._prepare()
        elif self._lines is None and self._preparing.poll() is not None:
            self._lines = self._prepared(self._preparing)
            self._may_serve = True

    def leave(self) -> None:
        """Leave no process behind when the start is broken off."""
        if self._preparing is not None and self._preparing.poll() is None:
            self._preparing.kill()
            self._preparing.communicate()

    def _is_as_it_was(self) -> bool:
        return self._stamp.exists() and self._stamp.read_text(encoding="ascii") == self._state

    def _prepare(self) -> "subprocess.Popen[bytes]":
        command = [
            sys.executable,
            str(CODE / "manage.py"),
            "prepare",
            *(["--sample"] if self._with_sample else []),
        ]
        return self._surroundings.start(
            Program("prepare", command), output=subprocess.PIPE, errors=subprocess.PIPE
        )

    def _prepared(self, process: "subprocess.Popen[bytes]") -> list[str]:
        """Return what ``prepare`` has to say. Raises NotStarted with its last words."""
        output, errors = process.communicate()
        if process.returncode != 0:
            word = (errors.decode().strip().splitlines() or [f"it ended with {process.returncode}"])[-1]
            raise NotStarted(
                word if word.startswith("Refused: ") else f"the data folder could not be prepared: {word}"
            )
        self._stamp.write_text(self._state, encoding="ascii")
        return output.decode().splitlines()


def _web(listener: socket.socket) -> Program:
    descriptor = listener.fileno()
    settings = str(CODE / "config" / "gunicorn.py")
    command = [sys.executable, "-m", "gunicorn", "--config", settings, "--bind", f"fd://{descriptor}"]
    return Program("web", command, (descriptor,))


_WORKER = Program("worker", [sys.executable, "-m", "config.celery_worker"])
_SCHEDULER = Program("scheduler", [sys.executable, "-m", "config.celery_beat"])


def _answers(listener: socket.socket, public_host: str) -> bool:
    """Ask the web process itself, over the network, by the name it answers to."""
    host, port = listener.getsockname()[:2]
    connection = http.client.HTTPConnection(_ANY_ADDRESS.get(host, host), port, timeout=_PROBE_SECONDS)
    try:
        connection.request("GET", "/healthz", headers={"Host": public_host})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def state_of_the_code() -> str:
    """Return a digest that changes when something that ``prepare`` looks at may have changed."""
    found = hashlib.sha256(os.environ.get("DATABASE_URL", "").encode())
    for path in sorted(_looked_at()):
        stat = path.stat()
        found.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return found.hexdigest()


def _looked_at() -> Iterator[Path]:
    yield Path(sysconfig.get_path("purelib"))  # packages come and go
    yield from (CODE / "static").rglob("*")
    for application in ("accounts", "drafts"):
        yield from (CODE / application / "migrations").glob("*.py")
