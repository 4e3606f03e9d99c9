"""What must be true before the server starts: one server per data folder, migrated tables, collected static files."""

import fcntl
import hashlib
import io
import os
import socket
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


class Refusal(Exception):
    """The server cannot start like that; the text says why and what to do."""


class DataFolder:
    """The claim on a data folder: one server at a time."""

    def __init__(self, folder: Path) -> None:
        """Claim the folder until this process ends. Raises Refusal when another server has it."""
        self._file = (folder / "up.lock").open("a+", encoding="ascii")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            other = self._file.read().strip() or "?"
            raise Refusal(
                f"another server (process {other}) is running on {folder}: end it, or choose another folder with --data",
            ) from error
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def release(self) -> None:
        """Let another server have the folder."""
        self._file.close()


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; it stays open while web processes come and go. Raises Refusal."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        words = error.strerror or str(error)
        raise Refusal(f"cannot listen on {host} port {port} ({words}): choose another with --port") from error
    return listener


def tables() -> None:
    """Bring the database up to date, quickly when it is."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    connection.close()


def static_files() -> None:
    """Collect static files where the web processes serve them from, unless nothing changed since the last time."""
    root = Path(settings.STATIC_ROOT)
    stamp = root.with_name("static.stamp")
    now = _static_sources()
    if stamp.exists() and stamp.read_text(encoding="ascii") == now and (root / "staticfiles.json").exists():
        return
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", verbosity=0, interactive=False, clear=root.exists(), stdout=io.StringIO())
    stamp.write_text(now, encoding="ascii")


def _static_sources() -> str:
    """Name all sources by path, size and time of change."""
    found = hashlib.sha256()
    for finder in finders.get_finders():
        for path, source in finder.list([]):
            stat = Path(source.path(path)).stat()
            found.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return found.hexdigest()
