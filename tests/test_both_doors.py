"""One name at both doors: what the legacy API answers while the Upload 2.0 API has a file of that name under way."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent
from drafts.models import Draft, DraftState, File, UploadSession
from drafts.storage import storage
from tests import bodies, wheels
from tests.conftest import do_jobs, draft_url, make_ci, totp_code
from tests.uploading import Speaker

pytestmark = [pytest.mark.django_db, pytest.mark.state]
WHEEL, OTHER = wheels.wheel(), wheels.wheel(salt="other")
SPELLED = wheels.wheel(filename="sampleproject-1.0-PY3-none-any.whl")


@pytest.fixture
def speaker(ci):
    """The upload token, speaking 2.0."""
    return Speaker(ci.token)


def silent(seconds: float) -> None:
    """Nothing was heard of any upload for so long."""
    UploadSession.objects.update(last_activity=timezone.now() - timedelta(seconds=seconds))


@pytest.mark.parametrize(
    "built", [WHEEL, OTHER, SPELLED], ids=["the same", "other bytes", "another spelling"]
)
@pytest.mark.parametrize("seconds", [0, 40])
def test_a_name_that_is_on_its_way_is_taken(speaker, ci, built, seconds):
    """It is true that the legacy door answers 409 and when to come back, and nothing changes."""
    file = speaker.announce(speaker.join(), WHEEL).json()
    silent(seconds)
    before = AuditEvent.objects.count(), bodies.stored()
    answer = ci.upload(built)
    assert (answer.status_code, bodies.codes(answer)) == (409, {"upload-in-progress"})
    assert int(answer["Retry-After"]) > 0
    assert (AuditEvent.objects.count(), bodies.stored()) == before
    assert speaker.status(file).json()["status"] == "pending"


@pytest.mark.parametrize("door", ["legacy", "2.0"])
@pytest.mark.parametrize("own", [True, False])
def test_a_minute_of_silence_abandons_an_upload(project, speaker, ci, door, own):
    """It is true that whoever comes after a minute of silence has the name, and the bytes of before go."""
    session, before = speaker.join(), bodies.stored()
    file = speaker.announce(session, WHEEL).json()
    speaker.send(file, WHEEL.data)
    doomed = bodies.stored() - before
    assert len(doomed) == 1
    silent(61)
    newcomer = ci if own else make_ci(project, label="other")
    if door == "legacy":
        assert newcomer.upload(OTHER).status_code == 200
    else:
        assert Speaker(newcomer.token).stage(session, OTHER).status_code == 201
    assert File.objects.get().sha256 == OTHER.sha256
    assert speaker.status(file).json()["status"] == "canceled"
    assert speaker.send(file, WHEEL.data).status_code == 404
    events = list(AuditEvent.objects.order_by("pk").values_list("event", flat=True))
    assert events.count("upload:abandoned") == 1
    do_jobs()
    assert not doomed & bodies.stored()


def test_what_is_looked_at_is_not_abandoned(speaker, ci):
    from drafts.intake.upload2 import complete

    file = speaker.announce(speaker.join(), WHEEL).json()
    speaker.send(file, WHEEL.data)
    complete.begin(upload=UploadSession.objects.get(), sending={})
    silent(999)
    assert ci.upload(OTHER).status_code == 409
    do_jobs()
    assert speaker.status(file).json()["status"] == "completed"
    assert ci.upload(OTHER).status_code == 200


def test_a_failed_upload_is_not_in_the_legacy_doors_way(speaker, ci):
    """It is true that a client which cannot delete a failed upload need not."""
    file = speaker.announce(speaker.join(), WHEEL).json()
    speaker.complete(file)
    assert speaker.status(file).json()["status"] == "error"
    assert ci.upload(WHEEL).status_code == 200
    assert speaker.status(file).json()["status"] == "canceled"
    assert speaker.join()["files"][WHEEL.filename]["status"] == "completed"


def test_a_client_that_is_heard_of_is_not_silent(speaker, ci):
    """It is true that asking how an upload stands keeps it, whoever else asks does not."""
    file = speaker.announce(speaker.join(), WHEEL).json()
    silent(61)
    Speaker(make_ci(ci.row.project, label="other").token).status(file)
    assert UploadSession.objects.get().last_activity < timezone.now() - timedelta(seconds=60)
    speaker.status(file)
    assert ci.upload(OTHER).status_code == 409


def test_bytes_that_come_slowly_are_not_silence(speaker, ci, monkeypatch):
    """It is true that an upload is marked while its bytes come, and not before and after alone."""
    from drafts.intake.upload2 import parts

    monkeypatch.setattr(parts, "_BEAT_SECONDS", 0.0)
    file = speaker.announce(speaker.join(), WHEEL).json()
    seen = []
    write = type(storage()).create

    def create(self, object_id, name):
        silent(61)
        writer = write(self, object_id, name)
        commit = writer.commit

        def looking():
            seen.append(UploadSession.objects.get().last_activity)
            commit()

        writer.commit = looking
        return writer

    monkeypatch.setattr(type(storage()), "create", create)
    assert speaker.send(file, WHEEL.data).status_code == 204
    assert seen[0] > timezone.now() - timedelta(seconds=30)


def test_an_upload_that_is_canceled_while_its_bytes_come(speaker, monkeypatch):
    """It is true that the bytes are refused as soon as that is seen, and nothing of them stays."""
    from drafts.intake.upload2 import parts

    monkeypatch.setattr(parts, "_BEAT_SECONDS", 0.0)
    file = speaker.announce(speaker.join(), WHEEL).json()
    create = type(storage()).create

    def canceling(self, object_id, name):
        if name == WHEEL.filename:
            assert speaker.delete(file).status_code == 204
        return create(self, object_id, name)

    monkeypatch.setattr(type(storage()), "create", canceling)
    before = bodies.stored()
    assert speaker.send(file, WHEEL.data).status_code == 404
    assert bodies.stored() == before


def test_names_are_reserved_against_both_doors_while_publishing(draft, ci, mike, speaker):
    session = speaker.join()
    browser = Client()
    browser.force_login(mike)
    browser.post(draft_url(draft, "publish"), {"fingerprint": draft.fingerprint(), "code": totp_code("mike")})
    draft.refresh_from_db()
    assert draft.state == DraftState.PROCESSING
    for built in (WHEEL, wheels.wheel(build="5")):
        for answer in (ci.upload(built), speaker.announce(session, built)):
            assert answer.status_code == 409
            assert int(answer["Retry-After"]) > 0


def test_a_draft_with_an_upload_on_its_way_is_not_published(draft, mike, speaker):
    """It is true that the act itself refuses, in words that name the file, until it is in or taken back."""
    file = speaker.announce(speaker.join(), wheels.wheel(build="5")).json()
    browser = Client()
    browser.force_login(mike)
    form = {"fingerprint": draft.fingerprint(), "code": totp_code("mike")}
    answer = browser.post(draft_url(draft, "publish"), form)
    assert answer.status_code == 409
    assert b"sampleproject-1.0-5-py3-none-any.whl" in answer.content
    assert Draft.objects.get().state == DraftState.OPEN
    speaker.delete(file)
    browser.post(draft_url(draft, "publish"), {**form, "code": totp_code("mike")})
    assert Draft.objects.get().state == DraftState.PROCESSING
