"""Bytes and completions that the Upload 2.0 API does not take: each says why, and nothing is left of what was wrong."""

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import AuditEvent
from drafts.models import Draft, UploadSession
from tests import bodies, wheels
from tests.uploading import BYTES, TYPE, announcement, everything, file, session, speaker

pytestmark = pytest.mark.django_db
WHEEL = wheels.wheel()
__all__ = ["file", "session", "speaker"]  # fixtures


# --- bytes ----------------------------------------------------------------------------------------------


def post(file, length: int | str | None, data: bytes, token: str):
    """Post bytes as a server hands them to Django, with a Content-Length that may lie."""
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": file["mechanism"]["file_url"].removeprefix(settings.PRESSCHECK_URL),
        "CONTENT_TYPE": BYTES,
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        "wsgi.input": bodies.Stream(data),
    }
    if length is not None:
        environ["CONTENT_LENGTH"] = str(length)
    return Client().request(**environ)


SENT = {
    "no length": (lambda: (None, WHEEL.data), 411, "no-content-length"),
    "a length that is none": (lambda: ("many", WHEEL.data), 411, "no-content-length"),
    "fewer bytes than the length": (lambda: (WHEEL.size, WHEEL.data[:-1]), 400, "body-cut-short"),
    "more bytes than were announced": (lambda: (WHEEL.size + 1, WHEEL.data + b"x"), 413, "size-differs"),
    "nothing": (lambda: (0, b""), 400, "empty-file"),
}


@pytest.mark.parametrize(("body", "status", "code"), SENT.values(), ids=SENT.keys())
def test_bytes_that_are_not_taken(ci, file, body, status, code):
    """It is true that a body that is not whole leaves what was there, and a second try is as good as a first."""
    before = everything()
    length, data = body()
    answer = post(file, length, data, ci.token)
    assert (answer.status_code, bodies.codes(answer)) == (status, {code})
    assert everything() == before
    assert post(file, WHEEL.size, WHEEL.data, ci.token).status_code == 204


def test_bytes_have_their_media_type(speaker, file):
    answer = speaker.ask("POST", file["mechanism"]["file_url"], WHEEL.data, content_type=TYPE)
    assert (answer.status_code, bodies.codes(answer)) == (415, {"unsupported-media-type"})


# --- completing -----------------------------------------------------------------------------------------

HASHES = {"sha256": WHEEL.sha256, "md5": "0" * 32}
COMPLETED = {
    "no bytes at all": (WHEEL, {}, None, {"size-differs"}),
    "fewer bytes": (WHEEL, {}, WHEEL.data[:-1], {"size-differs", "digest-differs"}),
    "other bytes": (WHEEL, {}, bytes(WHEEL.size), {"digest-differs"}),
    "one digest of two that does not hold": (WHEEL, {"hashes": HASHES}, WHEEL.data, {"digest-differs"}),
    "what is no wheel": (
        wheels.Built(WHEEL.filename, b"no zip at all"), {}, b"no zip at all", {"not-a-zip"},
    ),
    "a wheel of something else": (wheels.wheel(says_name="another"), {}, ..., {"metadata-name-differs"}),
}  # fmt: skip


@pytest.mark.parametrize(("built", "changes", "data", "codes"), COMPLETED.values(), ids=COMPLETED.keys())
def test_a_completion_that_fails(speaker, session, built, changes, data, codes):
    """It is true that the answer says everything that was wrong, the upload says it again, and no bytes stay."""
    from tests.conftest import do_jobs

    before = bodies.stored()
    file = speaker.announce(session, built, **changes).json()
    if data is not None:
        assert speaker.send(file, built.data if data is ... else data).status_code == 204
    answer = speaker.complete(file)
    assert (answer.status_code, bodies.codes(answer)) == (400, codes)
    told = speaker.status(file).json()
    assert (told["status"], told["notices"]) == ("error", [answer.json()["detail"]])
    assert AuditEvent.objects.latest("pk").event == "upload:failed"
    do_jobs()
    assert bodies.stored() == before


def test_every_secure_algorithm_is_taken(speaker, session):
    """It is true that digests of all algorithms that the announcement may name hold or fail like SHA-256."""
    import hashlib

    from drafts.intake.upload2.announcement import SECURE

    for number, name in enumerate(sorted(SECURE), 1):
        built = wheels.wheel(build=str(number))
        right = hashlib.new(name, built.data).hexdigest()
        assert speaker.stage(session, built, hashes={name: right.upper()}).status_code == 201
        other = wheels.wheel(build=str(100 + number))
        assert speaker.stage(session, other, hashes={name: right}).status_code == 400


def test_a_token_that_was_revoked_meanwhile_completes_nothing(speaker, session, file, ci):
    speaker.send(file, WHEEL.data)
    upload = UploadSession.objects.get()
    from drafts.intake.upload2 import complete
    from drafts.models import jobs

    job = complete.begin(upload=upload, sending={})
    type(ci.row).objects.update(revoked_at=upload.announced_at)
    jobs.run(job.pk, complete.work)
    upload.refresh_from_db()
    assert (upload.state, upload.failure["status"]) == ("error", 401)


def test_an_announcement_renews_nothing(speaker, session):
    """It is true that a draft is not kept alive by words: what is staged renews its expiry."""
    expires = Draft.objects.get().expires_at
    file = speaker.announce(session, WHEEL).json()
    assert Draft.objects.get().expires_at == expires
    speaker.send(file, WHEEL.data)
    assert Draft.objects.get().expires_at == expires
    speaker.complete(file)
    assert Draft.objects.get().expires_at > expires


def test_the_announcement_is_what_the_client_says(speaker, session):
    """It is true that members which nobody knows are no reason to refuse (PEP 694 lets clients add them)."""
    body = {**announcement(WHEEL), "metadata": "Name: x", "_other": 1}
    assert speaker.ask("POST", session["links"]["upload"], body).status_code == 202
