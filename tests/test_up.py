"""``manage.py up``, as an operator runs it: a real process tree on a free port and an empty data folder."""

import os
import re
import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.processes import free_port
from tests.trees import SECONDS, Server, is_running, manage, until

pytestmark = pytest.mark.embedded  # one command for all of it; a services' host starts each process by itself


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
    second = manage("up", "--data", str(server.data), "--port", str(free_port()))
    assert second.returncode == 1
    assert second.stdout == ""
    assert re.fullmatch(r"up: another server \(process \d+\) runs on .*\n", second.stderr)
    assert server.get("/healthz")[0] == 200


def test_a_job_is_done_by_the_worker(server):
    job = server.enqueue()
    until(lambda: server.attempts(job))


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
    job = server.enqueue()
    until(lambda: server.attempts(job))
    assert server.child("celery_worker") not in {None, worker}
    server.read_until(b"worker was killed by signal 9; it starts again")


def test_what_a_killed_worker_held_is_done_by_the_next(server):
    job = server.enqueue(
        "held = timezone.now() + timedelta(seconds=1)",
        "Job.objects.filter(pk=job.pk).update(state='running', attempt=1, lease_until=held)",
    )
    assert until(lambda: server.attempts(job)) >= 2


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
    done = manage("up", *told)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("up: ")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("is_in_a_file", [False, True])
def test_a_setting_that_is_wrong_at_a_later_start_is_refused_in_words(start, tmp_path, is_in_a_file):
    """Not by a web process that falls again and again: what was prepared once is not prepared again before it serves."""
    server = start("--no-sample")
    server.read_until(b"Ctrl-C")
    server.end()
    wrong = {"PRESSCHECK_METRICS_TOKEN": "short"}
    if is_in_a_file:
        (tmp_path / "token").write_text("short")
        wrong = {"PRESSCHECK_METRICS_TOKEN_FILE": str(tmp_path / "token")}
    again = start("--no-sample", **wrong)
    assert "up: Refused: PRESSCHECK_METRICS_TOKEN" in again.read_until(b"METRICS_TOKEN")
    assert again.process.wait(SECONDS) == 1
    start("--no-sample").read_until(b"ready ")


def test_a_command_on_an_empty_data_folder_says_what_to_do(tmp_path):
    done = manage("token", "sampleproject", PRESSCHECK_DATA=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(
        r"Refused: the database is not ready .*: run manage.py migrate, or start manage.py up once\n",
        done.stderr,
    )


def test_a_port_that_is_taken_is_refused(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = manage("up", "--data", str(tmp_path), "--port", str(port))
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in done.stderr
