"""``manage.py up`` as a real process tree on a free port, and the processes that it is made of."""

import http.client
import os
import select
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from tests.processes import free_port

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 60


def environment(**more: str) -> dict[str, str]:
    """An environment without any setting, as a newcomer has it."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PRESSCHECK_", "DJANGO_"))
    }
    return kept | {"PRESSCHECK_SWEEP_SECONDS": "1", "PRESSCHECK_JOB_LEASE_SECONDS": "2"} | more


def manage(*arguments: str, **more: str) -> subprocess.CompletedProcess:
    """Run a command to its end, as a newcomer does."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def until(is_so, *, seconds: float = SECONDS):
    """Wait for something to become true, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := is_so():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not so after {seconds} seconds: {is_so.__doc__ or is_so}")


class Server:
    """One ``manage.py up``, what it printed so far, and its processes."""

    def __init__(self, data: Path, *arguments: str, **more: str) -> None:
        self.data, self.port = data, free_port()
        command = [
            sys.executable,
            "manage.py",
            "up",
            "--data",
            str(data),
            "--port",
            str(self.port),
            *arguments,
        ]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.printed = b""

    def read_until(self, words: bytes) -> str:
        """Read what it prints until the words came."""
        deadline = time.monotonic() + SECONDS
        out = self.process.stdout
        while words not in self.printed and time.monotonic() < deadline:
            if select.select([out], [], [], 0.1)[0]:
                data = os.read(out.fileno(), 65536)
                if not data:
                    break
                self.printed += data
        assert words in self.printed, self.printed.decode()
        return self.printed.decode()

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def tree(self) -> dict[int, str]:
        """Every process below ``up``, and its command line."""
        rows = [row for path in Path("/proc").glob("[0-9]*") if (row := _stat(path))]
        found, parents = {}, {self.process.pid}
        while parents:
            below = {pid: command for pid, parent, command in rows if parent in parents}
            found |= below
            parents = set(below)
        return found

    def child(self, word: str) -> int | None:
        """The process id of a direct child whose command line has the word."""
        direct = [
            row
            for path in Path("/proc").glob("[0-9]*")
            if (row := _stat(path)) and row[1] == self.process.pid
        ]
        return next((pid for pid, _, command in direct if word in command), None)

    def rows(self, query: str) -> list[tuple]:
        with sqlite3.connect(self.data / "presscheck.sqlite3", timeout=20) as database:
            return database.execute(query).fetchall()

    def manage(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run a command on the server's data folder."""
        return manage(*arguments, PRESSCHECK_DATA=str(self.data))

    def enqueue(self, *more: str) -> int:
        """Write a job, and ring for it, as an act in a web process would: purge the sample's published draft once more. Its id."""
        code = [
            "from datetime import timedelta; from django.db import transaction; from django.utils import timezone",
            "from drafts.models import Draft, Job, Kind, jobs",
            "with transaction.atomic():",
            "    job = jobs.enqueue(kind=Kind.PURGE, subject=Draft.objects.get(state='published').subject)",
            *(f"    {line}" for line in more),
            "print(f'job {job.pk}')",
        ]
        ran = self.manage("shell", "-c", "\n".join(code))
        assert ran.returncode == 0, ran.stderr
        return int(ran.stdout.rpartition("job ")[2])

    def attempts(self, job: int) -> int:
        """How often a job was begun, when it is done; else 0."""
        rows = self.rows(f"SELECT attempt FROM drafts_job WHERE id = {job} AND state = 'done'")
        return rows[0][0] if rows else 0

    def end(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=30)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


def _stat(path: Path) -> tuple[int, int, str] | None:
    try:
        state, parent = (path / "stat").read_text().rpartition(")")[2].split()[:2]
        command = (path / "cmdline").read_text().replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state == "Z" else (int(path.name), int(parent), command)


def is_running(pid: int) -> bool:
    return _stat(Path(f"/proc/{pid}")) is not None
