"""The Upload 2.0 API, row by row: what each act answers when it goes well."""

import pytest
from django.utils.dateparse import parse_datetime

from accounts.models import AuditEvent
from drafts.models import Draft, File, FileState, UploadPart, UploadSession
from drafts.storage import METADATA, storage
from tests import bodies, wheels
from tests.uploading import META, TYPE, Speaker

pytestmark = pytest.mark.django_db
WHEEL = wheels.wheel()


@pytest.fixture
def speaker(ci):
    """The upload token, speaking 2.0."""
    return Speaker(ci.token)


def events() -> list[str]:
    return list(AuditEvent.objects.filter(on_kind="draft").order_by("pk").values_list("event", flat=True))


def test_a_session_is_opened(speaker, ci):
    """It is true that a session is a draft: its body says all of its addresses, and no draft link."""
    answer = speaker.open()
    assert answer.status_code == 201
    assert answer["Content-Type"] == TYPE
    assert "Accept" in answer["Vary"]
    body, draft = answer.json(), Draft.objects.get()
    assert answer["Location"] == body["links"]["session"]
    assert body["links"].keys() == {"session", "publish", "upload", "extend"}
    assert body["mechanisms"][-1] == "http-post-bytes"
    assert (body["status"], body["files"], "session-token" in body) == ("open", {}, False)
    assert parse_datetime(body["expires-at"]) == draft.expires_at.replace(microsecond=0)
    assert body["expires-at"].endswith("Z")
    own = body["meta"]["_presscheck"]
    assert body["meta"]["api-version"] == "2.0"
    assert own["review-url"].endswith("/projects/sampleproject/drafts/1.0/")
    assert own["fingerprint"] == draft.fingerprint()
    assert [blocker["code"] for blocker in own["blockers"]] == ["no-files"]
    assert events() == ["draft:opened"]


@pytest.mark.parametrize("version", ["1.0", "1.0.0", "v1"])
def test_a_release_has_one_session(speaker, version):
    """It is true that a live draft is joined at the address that the refusal names, however the version is spelled."""
    first = speaker.open().json()
    again = speaker.open(version)
    assert again.status_code == 409
    assert bodies.codes(again) == {"draft-exists"}
    assert again["Location"] == first["links"]["session"]
    assert (speaker.join(version)["links"], Draft.objects.count()) == (first["links"], 1)


def test_a_file_is_announced_sent_and_completed(speaker):
    """It is true that a file comes in three steps and is then exactly one that the legacy door would have made."""
    session = speaker.join()
    announced = speaker.announce(session, WHEEL)
    assert announced.status_code == 202
    assert int(announced["Retry-After"]) > 0
    file = announced.json()
    assert announced["Location"] == file["links"]["file-upload-session"]
    assert file["links"].keys() == {"file-upload-session", "complete", "extend"}
    assert file["mechanism"].keys() == {"identifier", "file_url", "attestations_url"}
    assert (file["status"], file["mechanism"]["identifier"]) == ("pending", "http-post-bytes")
    sent = speaker.send(file, WHEEL.data)
    assert (sent.status_code, sent.content) == (204, b"")
    done = speaker.complete(file)
    assert (done.status_code, done.json()["status"]) == (201, "completed")
    assert done["Location"] == file["links"]["file-upload-session"]
    row = File.objects.get()
    assert (row.sha256, row.blake2b_256, row.size) == (WHEEL.sha256, WHEEL.blake2b_256, WHEEL.size)
    with storage().open(row.object_id, row.filename) as stored:
        assert stored.read() == WHEEL.data
    with storage().open(row.object_id, METADATA) as stored:
        assert stored.read() == wheels.core_metadata("sampleproject", "1.0")
    assert events() == ["draft:opened", "upload:announced", "file:staged"]
    assert UploadPart.objects.count() == 0


def test_both_doors_make_the_same_file(speaker, ci):
    """It is true that a row which came by 2.0 differs from one of the legacy door in ids, times and the form alone."""
    speaker.stage(speaker.join("1.0"), WHEEL)
    two = File.objects.get()
    Draft.objects.update(state="canceled", ended_at=two.staged_at)
    ci.upload(WHEEL)
    one = File.objects.latest("pk")
    own = {"id", "draft_id", "object_id", "handle", "staged_at", "_state", "form_fields"}
    assert {k: v for k, v in vars(one).items() if k not in own} == {
        k: v for k, v in vars(two).items() if k not in own
    }


def test_the_session_lists_its_files(speaker, ci):
    """It is true that files of both doors stand in one list, each with an address that answers."""
    session = speaker.join()
    ci.upload(wheels.sdist())
    speaker.stage(session, WHEEL)
    pending = wheels.wheel(build="2")
    speaker.announce(session, pending)
    files = speaker.status(session).json()["files"]
    assert {name: entry["status"] for name, entry in files.items()} == {
        WHEEL.filename: "completed",
        wheels.sdist().filename: "completed",
        pending.filename: "pending",
    }
    for entry in files.values():
        for method in ("GET", "HEAD"):
            assert speaker.ask(method, entry["link"]).status_code == 200
        assert speaker.ask("GET", entry["link"]).json()["status"] == entry["status"]


def test_bytes_may_be_sent_again(speaker):
    """It is true that while an upload is pending the last bytes count, and the earlier ones are gone."""
    before = bodies.stored()
    file = speaker.announce(speaker.join(), WHEEL).json()
    for data in (bytes(WHEEL.size), WHEEL.data[:-1], WHEEL.data):
        assert speaker.send(file, data).status_code == 204
    assert len(bodies.stored() - before) == 1
    assert speaker.complete(file).status_code == 201


def test_other_bytes_replace_a_staged_file(speaker):
    """It is true that a replacement shows as pending, leaves the old file in until it is complete, and is on record."""
    session, other = speaker.join(), wheels.wheel(salt="other")
    speaker.stage(session, WHEEL)
    fingerprint = Draft.objects.get().fingerprint()
    file = speaker.announce(session, other).json()
    assert speaker.status(session).json()["files"][WHEEL.filename]["status"] == "pending"
    assert Draft.objects.get().fingerprint() == fingerprint
    speaker.send(file, other.data)
    assert speaker.complete(file).status_code == 201
    event = AuditEvent.objects.latest("pk")
    assert (event.event, event.digest, event.details["before"]) == (
        "file:replaced",
        other.sha256,
        WHEEL.sha256,
    )
    assert File.objects.live().get().sha256 == other.sha256


def test_the_same_bytes_again_change_nothing(speaker):
    session = speaker.join()
    speaker.stage(session, WHEEL)
    before = File.objects.get(), Draft.objects.get().fingerprint(), bodies.stored()
    assert speaker.stage(session, WHEEL).status_code == 201
    assert (File.objects.get(), Draft.objects.get().fingerprint(), bodies.stored()) == before
    assert events()[-1] == "upload:announced"


def test_a_file_is_taken_back(speaker):
    """It is true that a deleted file leaves the list, and its own address goes on saying that it was canceled."""
    session = speaker.join()
    for make in (speaker.announce, speaker.stage):
        file = speaker.status(make(session, WHEEL).json()).json()
        assert speaker.delete(file).status_code == 204
        assert speaker.delete(file).status_code == 204
        assert speaker.status(session).json()["files"] == {}
        assert speaker.status(file).json()["status"] == "canceled"
    assert events()[1:] == [
        "upload:announced",
        "upload:canceled",
        "upload:announced",
        "file:staged",
        "file:deleted",
    ]


def test_a_file_of_the_legacy_door_is_taken_back(speaker, ci):
    ci.upload(WHEEL)
    link = speaker.join()["files"][WHEEL.filename]["link"]
    assert speaker.ask("DELETE", link).status_code == 204
    assert speaker.ask("GET", link).json()["status"] == "canceled"
    assert speaker.join()["files"] == {}


@pytest.mark.parametrize("of", ["session", "file"])
def test_extending_changes_nothing(speaker, of):
    """It is true that a credential is answered 200 and the expiry that there was."""
    session = speaker.join()
    body = session if of == "session" else speaker.announce(session, WHEEL).json()
    expires = speaker.status(body).json()["expires-at"]
    answer = speaker.ask("POST", body["links"]["extend"], {"meta": META, "extend-for": 86400 * 30})
    assert answer.status_code == 200
    assert (answer.json()["expires-at"], len(answer.json()["notices"])) == (expires, 1)


def test_a_failed_completion_is_final(speaker):
    """It is true that wrong bytes end in an error that says why, block publishing, and go when the upload is deleted."""
    before = bodies.stored()
    session = speaker.join()
    file = speaker.announce(session, WHEEL).json()
    speaker.send(file, bytes(WHEEL.size))
    failed = speaker.complete(file)
    assert (failed.status_code, bodies.codes(failed)) == (400, {"digest-differs"})
    upload = UploadSession.objects.get()
    assert upload.state == FileState.ERROR
    told = speaker.status(session).json()
    assert told["files"][WHEEL.filename]["status"] == "error"
    assert WHEEL.sha256 in told["files"][WHEEL.filename]["notices"][0]
    assert [b["code"] for b in told["meta"]["_presscheck"]["blockers"]] == ["file-failed"]
    assert speaker.send(file, WHEEL.data).status_code == 409
    assert bodies.codes(speaker.announce(session, WHEEL)) == {"upload-failed"}
    assert speaker.delete(file).status_code == 204
    assert speaker.stage(session, WHEEL).status_code == 201
    from tests.conftest import do_jobs

    do_jobs()
    assert bodies.stored() - before == {File.objects.get().object_id}
