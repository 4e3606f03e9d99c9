"""``manage.py up``, as an operator runs it: a real process tree on a free port and an empty data folder."""

import http.client
import os
import re
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(**more: str) -> dict[str, str]:
    """An environment without any setting, as a newcomer has it."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PRESSCHECK_", "DJANGO_"))
    }
    return kept | {"PRESSCHECK_SWEEP_SECONDS": "1", "PRESSCHECK_JOB_LEASE_SECONDS": "2"} | more


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
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment(PRESSCHECK_DATA=str(self.data)),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def enqueue(self, *more: str) -> None:
        """Write a job, and ring for it, as an act in a web process would: purge the sample's published draft once more."""
        code = [
            "from datetime import timedelta; from django.db import transaction; from django.utils import timezone",
            "from drafts.models import Draft, Job, Kind, jobs",
            "with transaction.atomic():",
            "    job = jobs.enqueue(kind=Kind.PURGE, subject=Draft.objects.get(state='published').subject)",
            *(f"    {line}" for line in more),
        ]
        assert self.manage("shell", "-c", "\n".join(code)).returncode == 0

    def done(self) -> int:
        return self.rows("SELECT count(*) FROM drafts_job WHERE state = 'done' AND kind = 'intake.purge'")[0][
            0
        ]

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


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with the sample project, for tests that leave it as it was."""
    running = Server(tmp_path_factory.mktemp("up") / "data")
    try:
        running.read_until(b"Ctrl-C")
        yield running
    finally:
        running.end()


@pytest.fixture
def start(tmp_path):
    """Starts servers of a test's own, and ends what is left of them."""
    started = []

    def starting(*arguments: str, data: Path = tmp_path / "data", **more: str) -> Server:
        started.append(Server(data, *arguments, **more))
        return started[-1]

    yield starting
    for one in started:
        one.end()


def test_it_says_where_it_serves_and_how_to_get_in(server):
    text = server.read_until(b"Ctrl-C")
    assert re.search(rf"^ready http://localhost:{server.port}$", text, re.MULTILINE)
    welcome = re.search(rf"http://localhost:{server.port}(/welcome/[\w-]{{20,}}/)", text)[1]
    assert b"owner@example.org" in server.get(welcome)[1]
    assert re.search(r"\bpcu_[0-9A-Za-z]{40,}\b", text)
    for command in (
        "twine upload --repository-url",
        "pip install --index-url",
        "/projects/sampleproject/drafts/1.1/",
    ):
        assert command in text


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/healthz", 200, b"ok"),
        ("/readyz", 200, b"storage: ok"),
        ("/accounts/login/", 200, b'name="password"'),
        ("/simple/", 200, b"sampleproject"),
        ("/simple/sampleproject/", 200, b"sampleproject-1.0.tar.gz"),
    ],
)
def test_it_serves(server, path, status, words):
    assert server.get(path)[0] == status
    assert words in server.get(path)[1]


def test_nothing_of_the_sample_draft_is_on_the_index(server):
    assert b"1.1" not in server.get("/simple/sampleproject/")[1]


def test_a_page_finds_its_style(server):
    page = server.get("/accounts/login/")[1].decode()
    style = re.search(r'href="(/static/[^"]+\.css)"', page)
    assert server.get(style[1])[0] == 200


def test_the_sample_draft_has_something_to_see(server):
    states = dict(server.rows("SELECT version, state FROM drafts_draft"))
    assert states == {"1.0": "published", "1.1": "open"}
    replaced = server.rows("SELECT count(*) FROM drafts_file WHERE superseded_by_id IS NOT NULL")
    assert replaced == [(1,)]
    assert server.manage("verify_audit").returncode == 0


def test_a_second_server_on_one_data_folder_is_refused(server):
    second = subprocess.run(
        [sys.executable, "manage.py", "up", "--data", str(server.data), "--port", str(free_port())],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert second.returncode == 1
    assert second.stdout == ""
    assert re.fullmatch(r"up: another server \(process \d+\) runs on .*\n", second.stderr)
    assert server.get("/healthz")[0] == 200


def test_a_job_is_done_by_the_worker(server):
    before = server.done()
    server.enqueue()
    until(lambda: server.done() > before)


def test_commands_beside_it_know_its_address(server):
    link = server.manage("draftlink", "sampleproject", "1.1").stdout
    assert link.startswith(f"http://localhost:{server.port}/draft/pcd_")
    assert server.get(link.strip().partition(str(server.port))[2] + "simple/sampleproject/")[0] == 200
    assert server.manage("doctor").returncode == 0


def test_a_killed_worker_comes_back_and_does_what_waits(start):
    server = start()
    server.read_until(b"Ctrl-C")
    worker = until(lambda: server.child("celery_worker"))
    until(lambda: "ready." in (server.data / "logs" / "worker.log").read_text())
    os.kill(worker, signal.SIGKILL)
    before = server.done()
    server.enqueue()
    until(lambda: server.done() > before)
    assert server.child("celery_worker") not in {None, worker}
    server.read_until(b"worker was killed by signal 9; it starts again")


def test_what_a_killed_worker_held_is_done_by_the_next(server):
    assert until(
        lambda: server.done() and not server.rows("SELECT 1 FROM drafts_job WHERE state = 'running'")
    )
    before = server.done()
    server.enqueue(
        "held = timezone.now() + timedelta(seconds=1)",
        "Job.objects.filter(pk=job.pk).update(state='running', attempt=1, lease_until=held)",
    )
    assert until(lambda: server.done() > before)
    (last,) = server.rows("SELECT attempt FROM drafts_job ORDER BY id DESC LIMIT 1")
    assert last[0] >= 2


def test_a_killed_web_server_comes_back(start):
    server = start("--no-sample")
    server.read_until(b"ready ")
    web = server.child("gunicorn")
    os.kill(web, signal.SIGKILL)
    until(lambda: server.child("gunicorn") not in {None, web})
    assert until(lambda: server.get("/healthz")[0] == 200)


PROGRAMS = ("gunicorn", "celery_worker", "celery_beat")


def test_sigterm_ends_everything(start):
    server = start("--no-sample")
    server.read_until(b"Ctrl-C")
    until(lambda: all(server.child(program) for program in PROGRAMS))
    tree = until(lambda: len(tree := server.tree()) == 5 and tree)  # gunicorn has two workers
    assert server.end() == 0
    assert not [pid for pid in tree if is_running(pid)]
    with socket.socket() as again:
        again.bind(("127.0.0.1", server.port))


def test_sigterm_while_it_starts_ends_everything(start):
    server = start()
    tree = until(server.tree)
    assert server.end() == 0
    until(lambda: not [pid for pid in tree if is_running(pid)], seconds=5)


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux's")
def test_no_process_outlives_a_killed_server(start):
    server = start("--no-sample")
    server.read_until(b"Ctrl-C")
    until(lambda: all(server.child(program) for program in PROGRAMS))
    tree = server.tree()
    os.kill(server.process.pid, signal.SIGKILL)
    until(lambda: not [pid for pid in tree if is_running(pid)], seconds=10)
    again = start("--no-sample")
    again.read_until(b"ready ")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--host", "0.0.0.0"], 1, "other machines can reach 0.0.0.0"),
        (["--host", "nowhere.invalid"], 1, "other machines can reach"),
        (["--port", "0"], 2, "'0' is not a port"),
        (["--port", "http"], 2, "'http' is not a port"),
        (["--what"], 2, "unrecognized arguments: --what"),
        (["--data", "/proc/nothing"], 1, "cannot write to the data folder"),
    ],
)
def test_it_refuses_in_one_line(tmp_path, arguments, code, words):
    told = ["--data", str(tmp_path), "--port", str(free_port()), *arguments]
    done = subprocess.run(
        [sys.executable, "manage.py", "up", *told],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("up: ")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_command_on_an_empty_data_folder_says_what_to_do(tmp_path):
    done = subprocess.run(
        [sys.executable, "manage.py", "token", "sampleproject"],
        cwd=ROOT,
        env=environment(PRESSCHECK_DATA=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        r"Refused: the database is not ready .*: run manage.py migrate, or start manage.py up once\n",
        done.stderr,
    )


def test_a_port_that_is_taken_is_refused(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "manage.py", "up", "--data", str(tmp_path), "--port", str(port)],
            cwd=ROOT,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in done.stderr
