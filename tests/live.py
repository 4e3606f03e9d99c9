"""The server as people run it, in child processes on this test process's data folder; and the clients they use."""

import http.client
import http.server
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pytest
from django.core.cache import cache

from tests import wheels
from tests.environment import DATA, PORT

CODE = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
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
    """One child process of the server, with its log."""

    def __init__(self, name: str, *command: str) -> None:
        self._name, self._command = name, command
        self._process: subprocess.Popen | None = None
        self.log_path = Path(DATA) / f"{name}.test.log"

    def start(self) -> None:
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *self._command], cwd=CODE, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it as the kernel does when memory runs out."""
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

    @property
    def upload_url(self) -> str:
        return f"{self.url}/legacy/"

    @property
    def simple_url(self) -> str:
        return f"{self.url}/simple/"

    def get(self, url: str, method: str = "GET", **headers: str) -> Answer:
        """Ask for a path or an address of this server, redirects not followed."""
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
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
        program.stop()


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


class _KnowsNothing(http.server.BaseHTTPRequestHandler):
    """An index without a project: 404, whatever the name."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *_arguments) -> None:
        """Keep quiet."""


@pytest.fixture(scope="session")
def empty_index():
    """The address of an index that knows no project; installers ask it instead of the public one."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _KnowsNothing)
    server.asked, server.daemon_threads = [], True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/simple/"
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Said:
    """How a client ended, and all it wrote, on one line so that a wrapped sentence is found."""

    code: int
    text: str

    def __contains__(self, words: str) -> bool:
        return words in self.text


@dataclass(frozen=True)
class Clients:
    """twine, uv and pip as child processes in a home of their own, with caches that last for one test."""

    home: Path
    index: str
    extra: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        passed = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TMPDIR") if name in os.environ}
        return {
            **passed,
            "PATH": f"{BIN}:{os.defpath}",
            "HOME": str(self.home),
            "NO_COLOR": "1",
            "COLUMNS": "2000",  # nothing wraps
            "PYTHONDONTWRITEBYTECODE": "1",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_CACHE_DIR": str(self.home / "pip-cache"),
            "PIP_INDEX_URL": self.index,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INPUT": "1",
            "PIP_RETRIES": "0",
            "UV_NO_CONFIG": "1",
            "UV_CACHE_DIR": str(self.home / "uv-cache"),
            "UV_DEFAULT_INDEX": self.index,
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_PYTHON": sys.executable,
            "UV_HTTP_RETRIES": "0",
            **self.extra,
        }

    def start(self, *command: str) -> subprocess.Popen:
        """Begin a command; ``end`` waits for it."""
        return subprocess.Popen(
            command,
            cwd=self.home,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def end(self, process: subprocess.Popen, *, seconds: float = 90) -> Said:
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            raise AssertionError(f"{shlex.join(process.args)} hung: {output}") from None
        return Said(process.returncode, " ".join(output.split()))

    def run(self, *command: str) -> Said:
        return self.end(self.start(*command))

    def shell(self, *lines: str) -> Said:
        """Lines as a person pastes them into a shell."""
        return self.run("/bin/sh", "-ec", "\n".join(lines))

    def twine_command(self, url: str, token: str, *paths: Path) -> list[str]:
        options = ("--non-interactive", "--disable-progress-bar", "--repository-url", url)
        return [sys.executable, "-m", "twine", "upload", *options, "-u", "__token__", "-p", token, *map(str, paths)]

    def twine(self, url: str, token: str, *paths: Path) -> Said:
        """``twine upload``."""
        return self.run(*self.twine_command(url, token, *paths))

    def uv_publish_command(self, url: str, token: str, *paths: Path) -> list[str]:
        options = ("--trusted-publishing", "never", "--keyring-provider", "disabled")
        return [str(BIN / "uv"), "publish", "--publish-url", url, "--token", token, *options, *map(str, paths)]

    def uv_publish(self, url: str, token: str, *paths: Path) -> Said:
        """``uv publish`` with a token."""
        return self.run(*self.uv_publish_command(url, token, *paths))

    def uv(self, *arguments: str) -> Said:
        """``uv`` with these arguments."""
        return self.run(str(BIN / "uv"), *arguments)

    def pip(self, *arguments: str) -> Said:
        """``pip install`` with these arguments."""
        return self.run(sys.executable, "-m", "pip", "install", *arguments)

    def uv_pip(self, *arguments: str) -> Said:
        """``uv pip install`` with these arguments."""
        return self.uv("pip", "install", *arguments)

    def install(self, tool: str, *arguments: str, target: Path) -> Said:
        """Install into a folder with ``pip`` or ``uv``."""
        run = {"pip": self.pip, "uv": self.uv_pip}[tool]
        return run("--target", str(target), *arguments)


@pytest.fixture
def clients(tmp_path, empty_index):
    """Real clients with a home and caches of their own."""
    home = tmp_path / "home"
    home.mkdir()
    return Clients(home, empty_index)


@pytest.fixture
def dist(tmp_path):
    """The folder that a build leaves behind."""
    folder = tmp_path / "dist"
    folder.mkdir()
    return folder


@pytest.fixture
def no_bytes_stay():
    """Check that storage holds after the test what it held before."""
    before = objects()
    yield
    assert objects() == before


def large_wheel() -> wheels.Built:
    """Build a wheel of 30 MiB, which is still on its way when a refusal comes."""
    files = {"sampleproject/large.bin": os.urandom(30 * 1024 * 1024)}
    return wheels.wheel(files=files, compression=zipfile.ZIP_STORED)


def module_of(built: wheels.Built, package: str = "sampleproject") -> bytes:
    """The module that installing this wheel puts into place."""
    with zipfile.ZipFile(BytesIO(built.data)) as archive:
        return archive.read(f"{package}/__init__.py")


def objects() -> set[str]:
    """Every file that storage holds."""
    root = Path(DATA) / "objects"
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
