"""Acts of the Upload 2.0 API at one moment, over a live server: one outcome, whole, whoever wins."""

import http.client
import json
from dataclasses import dataclass

import pytest
from django.test import Client

from accounts.models import AuditEvent
from drafts.models import BurntName, Draft, DraftState, File, UploadPart, UploadSession
from tests import bodies, wheels
from tests.conftest import do_jobs, draft_url, make_ci, totp_code
from tests.racing import race
from tests.uploading import BYTES, META, TYPE, Speaker, announcement

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.state, pytest.mark.promise]
WHEEL = wheels.wheel()


@dataclass(frozen=True)
class Told:
    """What the live server answered."""

    status: int
    body: bytes


@dataclass(frozen=True)
class Wire:
    """The upload token against the live server; each call is a connection of its own."""

    live: object
    token: str

    def ask(self, method: str, url: str, body=None, content_type: str = TYPE) -> Told:
        data = json.dumps(body).encode() if isinstance(body, dict) else (body or b"")
        connection = http.client.HTTPConnection("127.0.0.1", self.live.port, timeout=60)
        headers = {
            "Host": self.live.host,
            "Authorization": f"Bearer {self.token}",
            "Content-Type": content_type,
        }
        try:
            connection.request(method, url.removeprefix(self.live.url), data, headers)
            answer = connection.getresponse()
            return Told(answer.status, answer.read())
        finally:
            connection.close()

    def announce(self, session, built):
        return self.ask("POST", session["links"]["upload"], announcement(built))

    def send(self, file, data):
        return self.ask("POST", file["mechanism"]["file_url"], data, BYTES)

    def complete(self, file):
        return self.ask("POST", file["links"]["complete"], {"meta": META})

    def delete(self, file):
        return self.ask("DELETE", file["links"]["file-upload-session"])


@pytest.fixture
def speaker(ci):
    """The upload token, speaking 2.0."""
    return Speaker(ci.token)


@pytest.fixture
def wire(live, ci):
    """The same token, against the live server."""
    return Wire(live, ci.token)


@pytest.fixture
def before(db):
    """What lies in storage before the race."""
    return bodies.stored()


def nothing_stray(before: set[str]) -> None:
    """Every object that came belongs to a row once all jobs are done."""
    do_jobs()
    rows = set(File.objects.values_list("object_id", flat=True))
    assert bodies.stored() - before == rows | set(UploadPart.objects.values_list("object_id", flat=True))


def events(name: str) -> int:
    return AuditEvent.objects.filter(event=name).count()


def test_sessions_that_are_opened_at_once(wire):
    body = {"meta": META, "name": "sampleproject", "version": "1.0"}
    answers = race([lambda: wire.ask("POST", "/upload/", body)] * 6)
    assert sorted(answer.status for answer in answers) == [201] + [409] * 5
    assert (Draft.objects.count(), events("draft:opened")) == (1, 1)


def test_announcements_of_one_name(wire, speaker):
    session = speaker.join()
    answers = race([lambda: wire.announce(session, WHEEL)] * 6)
    assert sorted(answer.status for answer in answers) == [202] + [409] * 5
    assert (UploadSession.objects.count(), events("upload:announced")) == (1, 1)


def test_two_completes(wire, speaker, before):
    """It is true that a file which is completed twice is staged once, and both are told so."""
    file = speaker.announce(speaker.join(), WHEEL).json()
    speaker.send(file, WHEEL.data)
    answers = race([lambda: wire.complete(file)] * 4)
    assert {answer.status for answer in answers} <= {201, 202}
    nothing_stray(before)
    assert speaker.status(file).json()["status"] == "completed"
    assert (File.objects.count(), events("file:staged")) == (1, 1)


def test_complete_and_delete(wire, speaker, before):
    """It is true that either the file is out, or the deletion was refused and it is in."""
    file = speaker.announce(speaker.join(), WHEEL).json()
    speaker.send(file, WHEEL.data)
    completed, deleted = race([lambda: wire.complete(file), lambda: wire.delete(file)])
    nothing_stray(before)
    status = speaker.status(file).json()["status"]
    assert (deleted.status, status) in {(204, "canceled"), (409, "completed")}
    assert completed.status in ({201, 202, 404} if status == "canceled" else {201, 202})
    assert File.objects.live().count() == (status == "completed")


def test_bytes_and_complete(wire, speaker, before):
    """It is true that what is staged is what was announced, whichever bytes were there last."""
    file = speaker.announce(speaker.join(), WHEEL).json()
    speaker.send(file, WHEEL.data)
    calls = [lambda: wire.complete(file), *[lambda: wire.send(file, bytes(WHEEL.size))] * 3]
    completed, *sent = race(calls)
    assert {answer.status for answer in sent} <= {204, 409}
    nothing_stray(before)
    status = speaker.status(file).json()["status"]
    assert (completed.status, status) in {
        (201, "completed"),
        (202, "completed"),
        (400, "error"),
        (202, "error"),
    }
    assert {row.sha256 for row in File.objects.live()} == ({WHEEL.sha256} if status == "completed" else set())


def test_bytes_and_cancel(wire, speaker, before, mike):
    """It is true that a draft which is canceled while bytes come keeps none of them."""
    file = speaker.announce(speaker.join(), WHEEL).json()
    browser = Client()
    browser.force_login(mike)
    url = draft_url(Draft.objects.get(), "draft-cancel")
    race([lambda: browser.post(url), *[lambda: wire.send(file, WHEEL.data)] * 3])
    assert Draft.objects.get().state == DraftState.CANCELED
    assert speaker.status(file).json()["status"] == "canceled"
    nothing_stray(before)
    assert not UploadPart.objects.exists()


@pytest.mark.parametrize("first", ["announce", "complete"])
def test_the_click_and_an_upload(wire, speaker, draft, mike, first):
    """It is true that a file which arrives with the click is never half in: reviewed files alone are published."""
    session, other = speaker.join(), wheels.wheel(build="9")
    reviewed = set(draft.files.live().values_list("sha256", flat=True))
    browser = Client()
    browser.force_login(mike)
    form = {"fingerprint": draft.fingerprint(), "code": totp_code("mike")}
    file = None
    if first == "complete":
        file = speaker.announce(session, other).json()
        speaker.send(file, other.data)
    upload = (lambda: wire.complete(file)) if file else (lambda: wire.announce(session, other))
    click, answer = race([lambda: browser.post(draft_url(draft, "publish"), form), upload])
    do_jobs()
    draft.refresh_from_db()
    published = set(File.objects.published().values_list("sha256", flat=True))
    if draft.state == DraftState.PUBLISHED:
        assert published == reviewed
        assert answer.status == 409
    else:
        assert (click.status_code, published) == (409, set())
        assert answer.status in {201, 202}
    assert BurntName.objects.count() == len(published)


def test_both_doors_with_one_name(wire, speaker, project, before):
    """It is true that jobs which come by both doors stage the name once at a time, and nobody's bytes are mixed."""
    session, others = speaker.join(), [make_ci(project, label=str(n)) for n in range(3)]
    legacy = [lambda ci=ci, n=n: ci.upload(wheels.wheel(salt=str(n))) for n, ci in enumerate(others)]

    def two():
        announced = wire.announce(session, WHEEL)
        if announced.status != 202:
            return announced
        file = json.loads(announced.body)
        wire.send(file, WHEEL.data)
        return wire.complete(file)

    _, *answers = race([two, *legacy])
    assert {answer.status_code for answer in answers} <= {200, 403, 409}
    nothing_stray(before)
    assert File.objects.live().count() == 1
    assert events("file:staged") == 1


def test_parts_of_one_offset(wire, speaker, before, settings):
    """It is true that of parts which come twice one is taken, and the file is the one that was announced."""
    built = wheels.wheel(files={"sampleproject/a.txt": bytes(2000)}, compression=0)
    mechanism = "vnd-presscheck-http-resumable"
    file = speaker.announce(speaker.join(), built, mechanism=mechanism).json()
    connection = {"Upload-Offset": "0"}

    def part():
        client = http.client.HTTPConnection("127.0.0.1", wire.live.port, timeout=60)
        headers = {"Host": wire.live.host, "Authorization": f"Bearer {wire.token}", "Content-Type": BYTES}
        try:
            path = file["mechanism"]["file_url"].removeprefix(wire.live.url)
            client.request("POST", path, built.data, {**headers, **connection})
            return client.getresponse().status
        finally:
            client.close()

    assert sorted(race([part] * 4)) == [204, 409, 409, 409]
    assert speaker.complete(file).status_code == 201
    nothing_stray(before)
    assert File.objects.get().sha256 == built.sha256
