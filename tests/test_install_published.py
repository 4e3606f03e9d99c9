"""A release is published over HTTP by a real worker, and the real pip and uv install it from the index."""

import http.cookiejar
import os
import re
import urllib.parse
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drafts.models import Draft, DraftState, Job, JobState, Kind
from drafts.storage import storage
from tests import wheels
from tests.clients import module_of
from tests.conftest import PASSWORD, draft_url, totp_code
from tests.inspected import inspect_now
from tests.live import PATIENCE, eventually

pytestmark = [pytest.mark.clients, pytest.mark.django_db(transaction=True)]


class Person:
    """Somebody at the pages, over real HTTP: cookies, forms, redirects."""

    def __init__(self, live, name: str) -> None:
        self.live, self.name = live, name
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)
        self.submit("/accounts/login/", login=f"{name}@example.org", password=PASSWORD)
        self.submit("/accounts/2fa/authenticate/", code=totp_code(name))

    def open(self, path: str, data: bytes | None = None) -> str:
        with self._opener.open(self.live.url + path, data, timeout=30) as answer:
            return answer.read().decode()

    def submit(self, path: str, **fields: str) -> str:
        """Open a page, fill its form, press its button."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.open(path))[1]
        return self.open(path, urllib.parse.urlencode({"csrfmiddlewaretoken": token, **fields}).encode())

    def publish(self, draft: Draft) -> None:
        """Press Publish on what the confirmation page shows."""
        path = draft_url(draft, "publish")
        shown = re.search(r'name="fingerprint" value="([0-9a-f]{64})"', self.open(path))[1]
        self.submit(path, fingerprint=shown, code=totp_code(self.name))


@pytest.fixture
def built():
    """What CI built."""
    return [wheels.wheel(requires_python=">=3.8"), wheels.sdist(requires_python=">=3.8")]


@pytest.fixture
def draft(live, clients, ci, built, dist):
    """A draft of sampleproject 1.0 that twine staged."""
    said = clients.twine(live.upload_url, ci.token, *[one.write(dist) for one in built])
    assert said.code == 0, said.text
    inspect_now()
    return Draft.objects.get()


def state(draft: Draft) -> str:
    draft.refresh_from_db()
    return draft.state


def test_what_was_published_is_what_installs(live, worker, clients, mike, draft, built, tmp_path):
    """It is true that after Publish, and not before, pip and uv install the reviewed bytes; the pages say how and when."""
    assert (live.get("/simple/sampleproject/").status, live.filenames()) == (404, [])
    assert b"sampleproject" not in live.get("/simple/").body
    began = datetime.now(UTC)
    Person(live, "mike").publish(draft)
    eventually(lambda: state(draft) == DraftState.PUBLISHED)
    page = live.page()
    assert {file["filename"]: file["hashes"]["sha256"] for file in page["files"]} == {
        one.filename: one.sha256 for one in built
    }
    for file in page["files"]:
        moment = datetime.fromisoformat(file["upload-time"])
        assert began <= moment <= datetime.now(UTC)
        assert file["upload-time"].endswith("Z")
        assert (file["yanked"], file["requires-python"]) == (False, ">=3.8")
    html = live.get("/simple/sampleproject/").body.decode()
    for one in built:
        assert re.search(rf'href="/files/[0-9a-f]{{32}}/{re.escape(one.filename)}#sha256={one.sha256}"', html)
    assert html.count('data-requires-python="&gt;=3.8"') == len(built)
    assert "data-yanked" not in html
    for tool, arguments in (
        ("pip", ()),
        ("uv", ("--exclude-newer", f"{datetime.now(UTC) + timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}")),
    ):
        said = clients.install(
            tool, "--index-url", live.simple_url, *arguments, "sampleproject", target=tmp_path / tool
        )
        assert said.code == 0, said.text
        assert (tmp_path / tool / "sampleproject/__init__.py").read_bytes() == module_of(built[0])


def test_the_sdist_installs_where_no_wheel_fits(live, worker, clients, mike, draft, tmp_path):
    Person(live, "mike").publish(draft)
    eventually(lambda: state(draft) == DraftState.PUBLISHED)
    arguments = ("--no-binary", "sampleproject", "--index-url", live.simple_url, "sampleproject==1.0")
    said = clients.install("pip", *arguments, target=tmp_path / "target")
    assert said.code == 0, said.text
    assert "Building wheel for sampleproject" in said
    assert b'__version__ = "1.0"' in (tmp_path / "target/sampleproject/__init__.py").read_bytes()


@contextmanager
def slowly(path: Path):
    """Put a pipe in a file's place, so that a reader gets half of the file and then waits; afterwards the file is back."""
    data, aside = path.read_bytes(), path.with_name(path.name + ".aside")
    path.rename(aside)
    os.mkfifo(path)

    def reader_came() -> int | None:
        try:
            return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # ENXIO: nobody reads yet
            return None

    def give_half() -> None:
        pipes.append(eventually(reader_came))
        os.write(pipes[0], data[: len(data) // 2])

    pipes: list[int] = []
    try:
        yield give_half
    finally:
        aside.replace(path)
        for pipe in pipes:
            os.close(pipe)


@pytest.mark.promise
@pytest.mark.embedded  # a pipe stands in for the stored file
def test_a_worker_killed_while_publishing_leaves_none_and_the_next_finishes(
    live, worker, mike, draft, built, request
):
    """It is true that kill -9 in the middle of hashing publishes nothing, and that the sweep lets a new worker finish."""
    file = draft.files.get(filename=built[0].filename)
    with slowly(storage().local_path(file.object_id, file.filename)) as give_half:
        Person(live, "mike").publish(draft)
        give_half()
        job = Job.objects.get(kind=Kind.PUBLISH)
        assert (job.state, job.attempt) == (JobState.RUNNING, 1)
        worker.kill()
        assert state(draft) == DraftState.PROCESSING
        assert (live.get("/simple/sampleproject/").status, live.filenames()) == (404, [])
        assert b"sampleproject" not in live.get("/simple/").body
    worker.start()
    request.getfixturevalue("scheduler")
    eventually(lambda: state(draft) == DraftState.PUBLISHED, seconds=PATIENCE)
    assert live.filenames() == sorted(one.filename for one in built)
    assert Job.objects.get(kind=Kind.PUBLISH).attempt == 2
