"""Servers as child processes: found, started on free ports, ended with the block they serve."""

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE_SECONDS = 30


class Missing(Exception):
    """A server's program is not on this machine; the text names the package."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def program(name: str, package: str, *folders: Path) -> str:
    for folder in folders:
        if (folder / name).exists():
            return str(folder / name)
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{name} is missing: apt install {package}")
    return found


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """One server as a child process, which can be killed and started again on its port."""

    def __init__(self, command: list[str], port: int, **options) -> None:
        self._command, self._port, self._options = command, port, options
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start it, and return when it answers."""
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(self._command, **quiet, **self._options)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not answers(self._port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self._command[0]} did not start")
            time.sleep(0.05)

    def stop(self, number: int = signal.SIGINT) -> None:
        """End it by a signal; SIGINT is PostgreSQL's fast way down, which does not wait for clients."""
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def running(command: list[str], port: int, **options) -> Iterator[Server]:
    """Run a server for as long as the block lasts, which begins when it answers."""
    server = Server(command, port, **options)
    try:
        server.start()
        yield server
    finally:
        server.stop()
