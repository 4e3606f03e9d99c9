"""It is true that clients which send slowly, or not at all, hold nobody else up: real sockets against real gunicorn."""

import json
import os
import socket
import time
from contextlib import ExitStack, contextmanager

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from drafts.models import Draft, File
from tests import bodies, wheels
from tests.clients import large_wheel
from tests.conftest import make_ci
from tests.live import Live, Program, eventually
from tests.processes import free_port
from tests.stored import everything

STALLED = 40
THREADS = 16  # of each of the two processes: half of them, all in all 16, take uploads
SECONDS = 3
PATIENCE = 60
# Half a minute of silence each: they go first, while others need the processor.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def small_server(django_db_setup, django_db_blocker):
    """gunicorn with few threads, and little patience."""
    port = free_port()
    command = ("-m", "gunicorn", "--config", "config/gunicorn.py", "--bind", f"127.0.0.1:{port}")
    web = Program("small-web", *command)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "PRESSCHECK_THREADS", str(THREADS))
        patch.setitem(os.environ, "PRESSCHECK_BODY_SECONDS", str(SECONDS))
        web.start()
    try:
        eventually(lambda: web.is_alive and _accepts(port))
        yield Live(web, url=f"http://localhost:{port}", host=f"localhost:{port}", port=port)
    finally:
        web.stop()


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def small(small_server, transactional_db):
    cache.clear()
    return small_server


def head(server: Live, path: str, length: int, *lines: str) -> bytes:
    told = [f"POST {path} HTTP/1.1", f"Host: {server.host}", f"Content-Length: {length}", *lines]
    return "\r\n".join([*told, "", ""]).encode()


def upload_head(server: Live, ci, length: int) -> bytes:
    return head(
        server, "/legacy/", length, f"Authorization: {ci.basic}", f"Content-Type: {bodies.CONTENT_TYPE}"
    )


@contextmanager
def sending(server: Live, data: bytes):
    """A client that sends this, and then nothing."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
        client.sendall(data)
        yield client


def answered(client: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """What a client is told, read to the end that its headers promise."""
    with client.makefile("rb") as file:
        status = int(file.readline().split()[1])
        headers = {}
        while line := file.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return status, headers, file.read(int(headers["content-length"]))


def form(built: wheels.Built | None = None) -> bytes:
    return bodies.spelled(bodies.parts(built or wheels.wheel()))


def stalled(server: Live, ci, stack: ExitStack) -> list[socket.socket]:
    """Many uploads of which only the beginning comes."""
    half = form()[:600]
    data = upload_head(server, ci, 50_000_000) + half
    return [stack.enter_context(sending(server, data)) for _ in range(STALLED)]


def test_stalled_uploads_hold_no_reader_up(small, ci):
    """It is true that with 40 half-sent uploads readers are answered; every upload is told 503 or 408, and none is kept."""
    before = everything()
    with ExitStack() as stack:
        clients = stalled(small, ci, stack)
        for path in ("/healthz", "/simple/", "/healthz", "/simple/"):
            assert small.get(path).status == 200
        answers = [answered(client) for client in clients]
    # Who comes when the first places are given back has one, and stalls as well: how many that are is the machine's affair.
    assert {408} <= {status for status, _, _ in answers} <= {408, 503}
    for status, headers, body in answers:
        told = json.loads(body)
        assert headers["content-type"] == "application/problem+json"
        assert told["status"] == status
        assert told["code"] == {408: "body-too-slow", 503: "too-many-uploads"}[status]
        assert headers.get("retry-after") == {408: None, 503: "5"}[status]
    eventually(lambda: everything() == before)
    assert (File.objects.count(), Draft.objects.count()) == (0, 0)


def test_an_upload_after_the_stalled_ones_is_taken(small, ci):
    """It is true that stalled uploads give their places back."""
    with ExitStack() as stack:
        for client in stalled(small, ci, stack):
            answered(client)
    body = form()
    with sending(small, upload_head(small, ci, len(body)) + body) as client:
        assert answered(client)[0] == 200
    assert File.objects.count() == 1


def test_a_body_that_trickles_is_refused(small, ci):
    """It is true that a byte now and then is not enough, however it is spread."""
    before = everything()
    with sending(small, upload_head(small, ci, 50_000_000) + form()[:600]) as client:

        def trickles() -> bool:
            client.sendall(b"x")
            client.settimeout(0.2)
            try:
                return bool(client.recv(1, socket.MSG_PEEK))
            except TimeoutError:
                return False

        eventually(trickles)
        client.settimeout(PATIENCE)
        assert answered(client)[0] == 408
    eventually(lambda: everything() == before)


def test_a_body_above_the_pace_is_taken(small, ci):
    """It is true that a body may take longer than the seconds, as long as it comes at the pace."""
    built = wheels.wheel(files={"sampleproject/data.bin": os.urandom(700_000)}, compression=0)
    body = form(built)
    with sending(small, upload_head(small, ci, len(body))) as client:
        for at in range(0, len(body), 50_000):
            client.sendall(body[at : at + 50_000])
            time.sleep(0.4)  # 125 kB a second: over five seconds in all
        assert answered(client)[0] == 200


def test_a_stalled_form_is_refused_too(small):
    """It is true that any other body is cut off as well: signing in with half a form is answered 408."""
    with sending(small, half_a_form(small)) as client:
        assert answered(client)[0] == 408


def half_a_form(server: Live) -> bytes:
    cookie = f"Cookie: {settings.CSRF_COOKIE_NAME}={'x' * 32}"
    kind = "Content-Type: application/x-www-form-urlencoded"
    return head(server, "/accounts/login/", 500, cookie, kind) + b"login="


@pytest.mark.parametrize(
    ("begin", "statuses"),
    [
        (half_a_form, {408, 503}),
        (lambda server: head(server, "/accounts/login/", 500), {403}),
        (lambda server: head(server, "/nothing/", 500), {403, 404}),
    ],
    ids=["a form", "a form that is refused unread", "nobody reads it"],
)
def test_stalled_forms_hold_no_reader_up(small, begin, statuses):
    with ExitStack() as stack:
        clients = [stack.enter_context(sending(small, begin(small))) for _ in range(STALLED)]
        assert small.get("/healthz").status == 200
        answers = [answered(client) for client in clients]
    assert {status for status, _, _ in answers} <= statuses
    assert all("retry-after" in headers for status, headers, _ in answers if status == 503)


def test_a_person_is_told_when_the_server_is_busy(small, project, mike, ci):
    """It is true that the browser's uploads share the places, and are told so."""
    browser = Client()
    browser.force_login(mike)
    cookie = f"{settings.SESSION_COOKIE_NAME}={browser.cookies[settings.SESSION_COOKIE_NAME].value}"
    path = f"/projects/{project.name}/upload/"
    lines = (f"Cookie: {cookie}", f"Content-Type: {bodies.CONTENT_TYPE}")
    with ExitStack() as stack:
        data = head(small, path, 50_000_000, *lines) + form()[:600]
        clients = [stack.enter_context(sending(small, data)) for _ in range(STALLED)]
        assert small.get("/healthz").status == 200
        answers = [answered(client) for client in clients]
    assert {status for status, _, _ in answers} == {408, 503}


@pytest.mark.clients
def test_a_whole_upload_with_a_real_client_still_passes(small, clients, project, dist):
    built = large_wheel()
    path = dist / built.filename
    path.write_bytes(built.data)
    done = clients.twine(small.upload_url, make_ci(project, label="twine").token, path)
    assert done.code == 0, done.text
