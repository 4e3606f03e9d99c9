"""The clients that people use, as child processes that know no index but the tests' own; ``tests.uploaders`` uploads."""

import http.server
import os
import shlex
import subprocess
import sys
import threading
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest

from tests import wheels
from tests.stored import everything

BIN = Path(sys.executable).parent


class _KnowsNothing(http.server.BaseHTTPRequestHandler):
    """An index without a project: 404, whatever the name."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, *_arguments) -> None:
        """Keep quiet."""


@pytest.fixture(scope="session")
def empty_index():
    """The address of an index that knows no project; installers ask it instead of the public one."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _KnowsNothing)
    server.daemon_threads = True
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
    """Clients as child processes in a home of their own, with caches that last for one test."""

    home: Path
    index: str

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
            "UV_INDEX_URL": self.index,
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_PYTHON": sys.executable,
            "UV_HTTP_RETRIES": "0",
            "FLIT_NO_NETWORK": "1",  # it would ask PyPI which classifiers there are
        }

    def start(self, *command: str, folder: Path | None = None, **variables: str) -> subprocess.Popen:
        """Begin a command, in its home or another folder; ``end`` waits for it."""
        return subprocess.Popen(
            command,
            cwd=folder or self.home,
            env={**self.environment(), **variables},
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

    def run(self, *command: str, folder: Path | None = None, **variables: str) -> Said:
        return self.end(self.start(*command, folder=folder, **variables))

    def shell(self, *lines: str) -> Said:
        """Lines as a person pastes them into a shell."""
        return self.run("/bin/sh", "-ec", "\n".join(lines))

    def twine_command(self, url: str, token: str, *paths: Path) -> list[str]:
        options = ("--non-interactive", "--disable-progress-bar", "--repository-url", url)
        return [
            sys.executable,
            "-m",
            "twine",
            "upload",
            *options,
            "-u",
            "__token__",
            "-p",
            token,
            *map(str, paths),
        ]

    def twine(self, url: str, token: str, *paths: Path) -> Said:
        """``twine upload``."""
        return self.run(*self.twine_command(url, token, *paths))

    def uv_publish_command(self, url: str, token: str, *paths: Path) -> list[str]:
        options = ("--trusted-publishing", "never", "--keyring-provider", "disabled")
        return [
            str(BIN / "uv"),
            "publish",
            "--publish-url",
            url,
            "--token",
            token,
            *options,
            *map(str, paths),
        ]

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
    before = everything()
    yield
    assert everything() == before


def large_wheel() -> wheels.Built:
    """Build a wheel of 30 MiB, which is still on its way when a refusal comes."""
    files = {"sampleproject/large.bin": os.urandom(30 * 1024 * 1024)}
    return wheels.wheel(files=files, compression=zipfile.ZIP_STORED)


def module_of(built: wheels.Built, package: str = "sampleproject") -> bytes:
    """The module that installing this wheel puts into place."""
    with zipfile.ZipFile(BytesIO(built.data)) as archive:
        return archive.read(f"{package}/__init__.py")
