"""An upstream index that drips: every request to it has one deadline for all of it, so that no worker is held for ever."""

import time
from dataclasses import replace

import pytest

from drafts.models import DraftState, Push, PushedFile
from drafts.outbound import Limits
from drafts.publishing.targets import ci, listing, upload
from tests.conftest import do_jobs, publish
from tests.test_jobs import due_now
from tests.upstreams import aimed, upstream

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
DEADLINE, PATIENCE = 0.6, 10.0  # seconds; a drip is one byte each 50 ms, for as long as the peer lives
WHEEL = "sampleproject-1.0-py3-none-any.whl"


def _drips(double, asked, start: bytes) -> None:
    """Write byte for byte, never coming to an end."""
    line = asked.handler.connection
    while not double.peer.stopping.wait(0.05):
        line.sendall(start[:1] or b" ")
        start = start[1:]


def of_the_status_line(double, asked) -> None:
    _drips(double, asked, b"HTTP/1.1 200 OK" + b"K" * 10_000)


def of_headers(double, asked) -> None:
    asked.handler.connection.sendall(b"HTTP/1.1 200 OK\r\n")
    _drips(double, asked, b"X-Slow: " + b"a" * 10_000)


def of_the_body(double, asked) -> None:
    asked.handler.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    _drips(double, asked, b"")


SLOW = [of_the_status_line, of_headers, of_the_body]


@pytest.fixture(autouse=True)
def _short_deadlines(settings, monkeypatch):
    """What is minutes takes less than a second; silence alone would end nothing here."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    monkeypatch.setattr(upload, "_LEAST_SECONDS", DEADLINE)
    for module, name in ((listing, "_PAGE"), (listing, "_FILE"), (ci, "_HOOK")):
        monkeypatch.setattr(module, name, replace(getattr(module, name), seconds=DEADLINE))


@pytest.fixture
def there():
    with upstream() as double:
        yield double


@pytest.fixture
def target(there, project, alice):
    return aimed(there, project, alice)


@pytest.mark.parametrize("drips", SLOW)
def test_an_answer_to_an_upload_that_drips_is_given_up_and_looked_up(target, there, draft, mike, drips):
    """It is true that nobody knows then whether the file arrived, and that the next try asks before it sends again."""
    there.instead = [lambda asked, *_: drips(there, asked)]
    began = time.monotonic()
    publish(draft, mike)
    assert time.monotonic() - began < PATIENCE
    assert PushedFile.objects.get(file__filename=WHEEL).state == "unclear"
    assert draft.state == DraftState.PROCESSING
    due_now()
    do_jobs()
    draft.refresh_from_db()
    assert draft.state == DraftState.PUBLISHED


@pytest.mark.parametrize("drips", SLOW)
def test_a_list_that_drips_is_given_up(target, there, draft, mike, drips):
    real, there._list = there._list, lambda asked: drips(there, asked)
    began = time.monotonic()
    publish(draft, mike)
    assert time.monotonic() - began < PATIENCE
    assert (there.uploads, Push.objects.get().tries) == ([], 1)
    assert "did not say which files it lists" in Push.objects.get().words
    there._list = real


def test_every_request_to_an_upstream_has_a_deadline():
    """It is true of each kind of request, and that of an upload grows with its size, not without end."""
    limits = (listing._PAGE, listing._FILE, ci._HOOK)
    assert all(isinstance(one, Limits) and 0 < one.seconds <= 1800 for one in limits)
    assert upload._LEAST_RATE >= 10_000
