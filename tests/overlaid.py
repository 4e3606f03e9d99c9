"""Overlays for tests: an upstream index on loopback, which keeps what it was asked, and asking through a link."""

import base64
import html
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.test import Client

from accounts.audit import Actor
from drafts.access import links
from drafts.access.projects import create
from drafts.models import Draft, Project
from tests import wheels
from tests.conftest import make_ci, publish
from tests.live import Live, Program, eventually
from tests.test_up import free_port
from tests.wheels import Built

SYSTEM = Actor.system("tests")
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


@dataclass
class Upstream:
    """What it has, by project, and what it was asked; ``status`` is what every page is answered with, if it is broken."""

    base: str = ""
    files: dict[str, list[Built]] = field(default_factory=dict)
    status: int = 0
    location: str = ""  # where every page is redirected to, if anywhere
    asked: list[str] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)

    def add(self, name: str, *built: Built) -> None:
        self.files.setdefault(name, []).extend(built)

    @property
    def names(self) -> list[str]:
        """The projects that were asked for."""
        return [match[1] for path in self.asked if (match := re.fullmatch(r"/simple/(.*)/", path))]

    def answer(self, path: str) -> tuple[int, bytes]:
        if self.status:
            return self.status, b"broken"
        if match := re.fullmatch(r"/simple/([^/]*)/", path):
            found = self.files.get(match[1])
            links = [f'<a href="../../files/{one.filename}">{one.filename}</a>' for one in found or ()]
            return (404 if found is None else 200), "".join(links).encode()
        held = {f"/files/{one.filename}": one.data for some in self.files.values() for one in some}
        return (200, held[path]) if path in held else (404, b"")


@contextmanager
def upstream_index() -> Iterator[Upstream]:
    """Run it for as long as the block."""
    found = Upstream()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found.asked.append(self.path)
            found.headers.append(str(self.headers))
            status, body = found.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if self.path.endswith("/") else "application/zip")
            self.send_header("Content-Length", str(len(body)))
            if found.location:
                self.send_header("Location", found.location)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_arguments) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    found.base = f"http://127.0.0.1:{server.server_port}/simple"
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def upstream(settings):
    """The upstream index of this server, which has a project that is nowhere else."""
    with upstream_index() as found:
        settings.PRESSCHECK_UPSTREAM_INDEX = found.base
        settings.OUTBOUND_ALLOW = ["127.0.0.1"]
        found.add("dependency", wheels.wheel("dependency"))
        yield found


@dataclass(frozen=True)
class Overlaid:
    """A web server with an index behind it."""

    server: Live
    upstream: Upstream

    def link(self, draft: Draft) -> str:
        """The token of a new link."""
        return links.token(links.make(draft=draft, by=SYSTEM, label="a tester"))

    def tab(self, token: str, name: str) -> list[str]:
        """The lines of one tab of the tester's page."""
        return lines(self.server, token, name)


def lines(server: Live, token: str, tab: str) -> list[str]:
    """The lines of one tab of the tester's page."""
    text = server.get(f"/draft/{token}/").body.decode()
    shown = re.findall(rf'<pre[^>]*aria-label="{tab}"><code>(.*?)</code>', text, re.DOTALL)
    return [html.unescape(line) for line in shown]


@pytest.fixture(scope="module")
def _overlaid(_web):
    """A second gunicorn beside the tests' own, on the same data, with an upstream index."""
    with upstream_index() as found:
        port = free_port()
        told = {
            "PRESSCHECK_URL": f"http://localhost:{port}",
            "PRESSCHECK_UPSTREAM_INDEX": found.base,
            "PRESSCHECK_OUTBOUND_ALLOW": "127.0.0.1",
        }
        bind = ("--bind", f"127.0.0.1:{port}")
        web = Program("overlaid", "-m", "gunicorn", "--config", "config/gunicorn.py", *bind, environment=told)
        web.start()
        server = Live(web, f"http://localhost:{port}", f"localhost:{port}", port)
        try:
            eventually(lambda: _serves(server))
            yield Overlaid(server, found)
        finally:
            web.stop()


def _serves(server: Live) -> bool:
    assert server.web.is_alive, server.web.log()
    try:
        return server.get("/healthz").status == 200
    except OSError:
        return False


@pytest.fixture
def overlaid(_overlaid, live):
    """A running server with an upstream index, which has nothing yet and was asked nothing."""
    upstream = _overlaid.upstream
    upstream.status = 0
    for kept in (upstream.files, upstream.asked, upstream.headers):
        kept.clear()
    return _overlaid


@pytest.fixture
def token(draft) -> str:
    """The token of a link to the draft of sampleproject 1.0."""
    return links.token(links.make(draft=draft, by=SYSTEM))


def get(token: str, name: str, *, basic: bool = False, method: str = "get", **headers: str):
    """Ask the overlay for a project, or with an empty name for its list."""
    path = f"all/simple/{name}/" if name else "all/simple/"
    if not basic:
        return getattr(Client(), method)(f"/draft/{token}/{path}", headers=headers)
    told = {"Authorization": "Basic " + base64.b64encode(f"draft:{token}".encode()).decode(), **headers}
    return getattr(Client(), method)(f"/draft/{path}", headers=told)


def filenames(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [file["filename"] for file in json.loads(response.content)["files"]]


def other(alice, name: str = "other") -> Project:
    return create(name=name, by=SYSTEM, owner=alice.email)


def published(alice, name: str = "other") -> Project:
    """Another project, with 1.0 published."""
    project = other(alice, name)
    assert make_ci(project).upload(wheels.wheel(name)).status_code == 200
    publish(Draft.objects.get(project=project), alice)
    return Project.objects.get(pk=project.pk)
