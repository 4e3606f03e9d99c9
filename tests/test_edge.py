"""Caches in front of the server are told what to forget, until they said that they did; buckets hide what is in quarantine."""

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.conf import settings as django_settings

from drafts.models import EdgePurge, File, Job, Project, Release
from drafts.publishing import quarantine
from drafts.storage import NoSuchObject, storage
from tests import wheels
from tests.conftest import SYSTEM, do_jobs, publish

pytestmark = pytest.mark.django_db
WHY = "It ships a key logger."


class Cdn:
    """A cache's purge hook on loopback: what it was told, and what it answers."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str | None]] = []
        self.status, self.location = 200, ""


@pytest.fixture
def cdn(settings):
    """The purge hook that the settings name."""
    with served(Cdn()) as (found, url):
        settings.PRESSCHECK_PURGE_URL, settings.PRESSCHECK_PURGE_TOKEN = url, "hush"
        settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
        yield found


@contextmanager
def served(cdn: Cdn):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            cdn.told.append((body["url"], self.headers["Authorization"]))
            self.send_response(cdn.status)
            if cdn.location:
                self.send_header("Location", cdn.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield cdn, f"http://127.0.0.1:{server.server_port}/purge"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def published(draft, mike, mikes):
    """sampleproject 1.0, published."""
    publish(draft, mike, mikes)
    return draft


def all_addresses() -> set[str]:
    base = django_settings.PRESSCHECK_URL
    files = {f"{base}/files/{file.public_id}/{file.filename}" for file in File.objects.published()}
    return {f"{base}/simple/sampleproject/", *files, *(f"{file}.metadata" for file in files)}


@pytest.mark.parametrize("what", ["project", "release"])
def test_every_address_is_told_with_the_token(published, cdn, what):
    """It is true that page, files and their metadata are told, once for the quarantine and once for its end."""
    held = Project.objects.get() if what == "project" else Release.objects.get()
    quarantine.begin(held=held, reason=WHY, by=SYSTEM)
    do_jobs()
    assert {url for url, _ in cdn.told} == all_addresses()
    assert {token for _, token in cdn.told} == {"Bearer hush"}
    assert len(cdn.told) == len(all_addresses())
    held.refresh_from_db()
    quarantine.lift(held=held, by=SYSTEM)
    do_jobs()
    assert len(cdn.told) == 2 * len(all_addresses())
    assert EdgePurge.objects.count() == 0


@pytest.mark.parametrize("status", [500, 403, 302])
def test_a_cache_that_does_not_say_yes_is_asked_again(published, cdn, status):
    """It is true that nothing is forgotten on this side before, and that what was told is not told twice."""
    cdn.status, cdn.location = status, "http://127.0.0.1:1/"
    quarantine.begin(held=Project.objects.get(), reason=WHY, by=SYSTEM)
    do_jobs()
    assert len(cdn.told) == 1
    job = Job.objects.get(kind="publishing.edge")
    assert (job.state, job.failures) == ("waiting", 1)
    assert "hush" not in job.error
    cdn.status = 200
    Job.objects.update(not_before="2020-01-01T00:00:00Z")
    do_jobs()
    assert {url for url, _ in cdn.told} == all_addresses()
    assert Job.objects.get(kind="publishing.edge").state == "done"


def test_an_address_that_the_cache_never_had_is_forgotten(published, cdn):
    cdn.status = 404
    quarantine.begin(held=Project.objects.get(), reason=WHY, by=SYSTEM)
    do_jobs()
    assert EdgePurge.objects.count() == 0


def test_a_hook_inside_the_network_is_not_asked_unless_it_is_allowed(published, cdn, settings):
    """It is true that the hook is guarded as everything is that this server asks."""
    settings.OUTBOUND_ALLOW = []
    quarantine.begin(held=Project.objects.get(), reason=WHY, by=SYSTEM)
    do_jobs()
    assert cdn.told == []
    assert "not a public address" in Job.objects.get(kind="publishing.edge").error


def test_a_publish_tells_the_page(ci, mike, mikes, cdn):
    ci.upload(wheels.wheel())
    publish(Project.objects.get().drafts.get(), mike, mikes)
    assert [url for url, _ in cdn.told] == [f"{django_settings.PRESSCHECK_URL}/simple/sampleproject/"]


@pytest.mark.embedded
def test_without_a_hook_there_is_nothing_to_do(published):
    quarantine.begin(held=Project.objects.get(), reason=WHY, by=SYSTEM)
    assert not Job.objects.filter(kind="publishing.edge").exists()


@pytest.mark.services
@pytest.mark.promise
def test_a_bucket_hides_what_is_in_quarantine(published):
    """It is true that nothing is left where a CDN reads, that the server still finds the bytes, and that lifting brings them back."""
    store, project = storage(), Project.objects.get()
    files = list(File.objects.published())
    quarantine.begin(held=project, reason=WHY, by=SYSTEM)
    do_jobs()
    mine = {file.public_id for file in files}
    assert not mine & {public_id for public_id, _ in store.public_objects()}
    for file in files:
        assert store.size(file.kept) == file.size
        with store.open_public(file.kept) as stored:
            assert len(stored.read()) == file.size
    project.refresh_from_db()
    quarantine.lift(held=project, by=SYSTEM)
    do_jobs()
    assert mine <= {public_id for public_id, _ in store.public_objects()}
    store.delete_public(files[0].public_id)
    with pytest.raises(NoSuchObject):
        store.size(files[0].kept)


def test_moving_twice_is_moving_once(published):
    kept = File.objects.published().first().kept
    for _ in range(2):
        storage().withhold(kept)
    for _ in range(2):
        storage().hand_out(kept)
    assert storage().size(kept) > 0
