"""Promise 2: a reader of the index sees none or all of a draft's files, never some."""

import json
import threading

import pytest
from django.test import Client

from drafts.models import Draft, DraftState, File
from tests import wheels
from tests.conftest import publish
from tests.racing import race

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise]
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
FILES = 40


def read_html() -> int:
    response = Client().get("/simple/sampleproject/")
    return response.content.count(b"<a ") if response.status_code == 200 else 0


def read_json() -> int:
    response = Client().get("/simple/sampleproject/", headers=JSON)
    if response.status_code != 200:
        return 0
    files = json.loads(response.content)["files"]
    assert Client().head(files[-1]["url"]).status_code == 200
    return len(files)


def read_rows() -> int:
    return File.objects.published().count()


def watch(read, ready: threading.Barrier, stop: threading.Event) -> list[int]:
    """Read before the click, until told to stop, and once more."""
    counts = [read()]
    ready.wait(timeout=60)
    while not stop.is_set():
        counts.append(read())
    return [*counts, read()]


def publish_while_read(draft: Draft, mike) -> list[int]:
    """Publish while readers hammer; returns every count that any of them saw."""
    readers = (read_html, read_json, read_rows)
    ready, stop = threading.Barrier(len(readers) + 1), threading.Event()
    browser = Client()
    browser.force_login(mike)

    def flip() -> list[int]:
        ready.wait(timeout=60)
        try:
            publish(draft, mike, browser)
        finally:
            stop.set()
        return []

    calls = [flip, *(lambda read=read: watch(read, ready, stop) for read in readers)]
    return [count for counts in race(calls) for count in counts]


def test_a_reader_sees_none_or_all(project, ci, mike):
    """It is true that readers who never stop see 0 files, then 40, then 60, and no other number."""
    for number in range(1, FILES + 1):
        assert ci.upload(wheels.wheel(build=str(number))).status_code == 200
    draft = Draft.objects.get()
    assert set(publish_while_read(draft, mike)) == {0, FILES}
    assert draft.state == DraftState.PUBLISHED
    for number in range(1, 21):
        assert ci.upload(wheels.wheel(version="2.0", build=str(number))).status_code == 200
    assert set(publish_while_read(Draft.objects.live().get(), mike)) == {FILES, FILES + 20}
