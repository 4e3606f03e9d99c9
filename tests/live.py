"""The server as people run it: gunicorn, worker and scheduler as child processes on this test process's data folder."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.core.cache import cache

from tests.environment import DATA, PORT

CODE = Path(__file__).resolve().parent.parent
PATIENCE = 60.0
SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"


def eventually(question, *, seconds: float = PATIENCE, every: float = 0.05):
    """Ask until the answer is true, and return it; fails after ``seconds``."""
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, f"still not after {seconds:.0f} seconds: {question}"
        time.sleep(every)
    return answer


class Program:
    """One child process of the server, with its log; ``environment`` is what is told to it beside this process's own."""

    def __init__(self, name: str, *command: str, environment: dict[str, str] | None = None) -> None:
        self._name, self._command = name, command
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen | None = None
        self.log_path = Path(DATA) / f"{name}.test.log"

    def start(self) -> None:
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self._command],
                cwd=CODE,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it as the kernel does when memory runs out."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)

    def stop(self) -> None:
        """End it politely, and if that takes long, not."""
        if not self.is_alive:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()

    def log(self) -> str:
        return self.log_path.read_text() if self.log_path.exists() else ""


@dataclass(frozen=True)
class Answer:
    """What the server said; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)


@dataclass(frozen=True)
class Live:
    """The running web server, and how to reach it."""

    web: Program
    url: str = f"http://localhost:{PORT}"
    host: str = f"localhost:{PORT}"
    port: int = PORT

    @property
    def upload_url(self) -> str:
        return f"{self.url}/legacy/"

    @property
    def simple_url(self) -> str:
        return f"{self.url}/simple/"

    def get(self, url: str, method: str = "GET", **headers: str) -> Answer:
        """Ask for a path or an address of this server, redirects not followed."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, url.removeprefix(self.url), headers={"Host": self.host, **names})
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, told, answer.read())
        finally:
            connection.close()

    def page(self, project: str = "sampleproject") -> dict | None:
        """The project's page as JSON; None when the index does not know it."""
        answer = self.get(f"/simple/{project}/", Accept=SIMPLE_JSON)
        return answer.json() if answer.status == 200 else None

    def filenames(self, project: str = "sampleproject") -> list[str]:
        return sorted(file["filename"] for file in (self.page(project) or {"files": []})["files"])


@pytest.fixture(scope="session")
def _web(django_db_setup, django_db_blocker):
    """gunicorn as ``manage.py up`` starts it, once per test process; its database is the test database.

    The access log is on, which is not the default: tests read it.
    """
    web = Program(
        "web",
        *("-m", "gunicorn", "--config", "config/gunicorn.py", "--bind", f"127.0.0.1:{PORT}"),
        *("--access-logfile", "-"),
    )
    web.start()
    server = Live(web)

    def serves() -> bool:
        assert web.is_alive, web.log()
        try:
            return server.get("/healthz").status == 200
        except OSError:
            return False

    try:
        eventually(serves)
        yield server
    finally:
        web.stop()


@pytest.fixture
def live(_web, transactional_db):
    """The running server; what a test writes, it sees, so every test that uses it is transactional."""
    cache.clear()  # what throttles counted in earlier tests
    return _web


@contextmanager
def _running(program: Program):
    program.start()
    try:
        yield program
    finally:
        program.kill()  # loses nothing, and does not wait


@pytest.fixture
def worker(live):
    """A real worker for the time of one test; elsewhere nobody but the test itself does the jobs."""
    with _running(Program("worker", "-m", "config.celery_worker")) as program:
        yield program


@pytest.fixture
def scheduler(live):
    """The real scheduler for the time of one test."""
    with _running(Program("scheduler", "-m", "config.celery_beat")) as program:
        yield program
