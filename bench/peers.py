"""Package indexes on loopback, each a process of its own with an empty folder: Presscheck, devpi-server, pypiserver."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.processes import free_port

CODE = Path(__file__).resolve().parent.parent
TOOLS = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "presscheck-bench"
# As a grown index runs them: pypiserver with the extra that lets it remember its folder, and with a server that it can be put behind.
OTHERS = {"devpi-server": ["devpi-server"], "pypi-server": ["pypiserver[cache]", "gunicorn"]}
PATIENCE_SECONDS = 120
PROJECT = "sampleproject"


@dataclass(frozen=True)
class Peer:
    """An index that takes uploads: what it is called, where it takes them, and the process that answers."""

    name: str
    upload_url: str
    authorization: str
    pid: int
    make_projects: Callable[[int], dict[str, str]]  # how many: the login for each project's name


def _names(count: int) -> list[str]:
    return [f"project{number}" for number in range(count)]


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def tool(command: str) -> str:
    """Return another index's program, installed into a virtual environment of its own at the first call."""
    home = TOOLS / command
    if not (home / "bin" / command).exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        install = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", *OTHERS[command]]
        subprocess.run(install, check=True)
    return str(home / "bin" / command)


def version(command: str) -> str:
    """Return the version of another index's program."""
    python = Path(tool(command)).with_name("python")
    name = OTHERS[command][0].partition("[")[0]
    ask = f"from importlib.metadata import version; print(version({name!r}))"
    return subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout.strip()


def _get(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@contextmanager
def _serving(command: list[str], url: str, log: Path, **environment: str) -> Iterator[int]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=CODE, env={**os.environ, **environment}, stdout=output, stderr=output
        )
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _get(url):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{command[0]} did not start:\n{log.read_text()}")
            time.sleep(0.05)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_SECONDS)


@contextmanager
def presscheck(folder: Path, **environment: str) -> Iterator[Peer]:
    """Presscheck as ``manage.py up`` runs it, with an empty project and a token."""
    data, port = folder / "presscheck", free_port()
    environment |= {"PRESSCHECK_DATA": str(data), "PRESSCHECK_URL": f"http://localhost:{port}"}
    up = [sys.executable, "manage.py", "up", "--port", str(port), "--data", str(data), "--no-sample"]
    with _serving(up, f"http://127.0.0.1:{port}/readyz", folder / "presscheck.log", **environment) as pid:
        password = folder / "password"
        password.write_text("correct horse battery staple\n")
        _manage(environment, "adduser", "owner@example.org", "--password-file", str(password))
        _manage(environment, "createproject", PROJECT, "--owner", "owner@example.org")
        token = _manage(environment, "token", PROJECT)
        login = basic("__token__", token)
        yield Peer(
            "Presscheck", f"http://localhost:{port}/legacy/", login, pid, partial(_projects, environment)
        )


def _projects(environment: dict[str, str], count: int) -> dict[str, str]:
    make = [sys.executable, "-m", "bench.projects", *_names(count)]
    done = subprocess.run(
        make, cwd=CODE, env={**os.environ, **environment}, check=True, capture_output=True, text=True
    )
    return {name: basic("__token__", token) for name, token in json.loads(done.stdout).items()}


def _manage(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=CODE,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout.strip()


@contextmanager
def devpi(folder: Path) -> Iterator[Peer]:
    """devpi-server with one index of its own, without bases."""
    port, data = free_port(), folder / "devpi"
    init = Path(tool("devpi-server")).with_name("devpi-init")
    # Its own index of the public one is left out: nothing is to be mirrored.
    subprocess.run(
        [str(init), "--serverdir", str(data), "--no-root-pypi"], check=True, stdout=subprocess.DEVNULL
    )
    serve = [tool("devpi-server"), "--serverdir", str(data), "--port", str(port), "--host", "127.0.0.1"]
    url = f"http://127.0.0.1:{port}"
    with _serving(serve, f"{url}/+api", folder / "devpi.log") as pid:
        session = _put(f"{url}/+login", {"user": "root", "password": ""}, "POST")["result"]["password"]
        login = basic("root", session)
        _put(f"{url}/root/bench", {"type": "stage", "bases": [], "volatile": True}, "PUT", login)
        yield Peer(
            "devpi-server",
            f"{url}/root/bench/",
            login,
            pid,
            lambda count: dict.fromkeys(_names(count), login),
        )


def _put(url: str, body: dict, method: str, login: str = "") -> dict:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if login:
        headers["X-Devpi-Auth"] = login.removeprefix("Basic ")
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


@contextmanager
def pypiserver(folder: Path, server: str = "auto") -> Iterator[Peer]:
    """Serve pypiserver over an empty folder, open to uploads; ``server`` is what it calls a method to run it."""
    name = "pypiserver" if server == "auto" else f"pypiserver, {server}"
    port, packages = free_port(), folder / name
    packages.mkdir()
    serve = [tool("pypi-server"), "run", "--interface", "127.0.0.1", "--port", str(port), "--server", server]
    serve += ["--passwords", ".", "--authenticate", ".", "--disable-fallback", str(packages)]
    with _serving(serve, f"http://127.0.0.1:{port}/health", folder / f"{name}.log") as pid:
        login = basic("any", "any")
        url = f"http://127.0.0.1:{port}/"
        yield Peer(name, url, login, pid, lambda count: dict.fromkeys(_names(count), login))
