"""Promise 9, with real processes: SIGKILL at every effect of uploads in parts, and of those that go straight to the bucket."""

import json

import pytest
from django.core.management import call_command

from accounts.models import AuditEvent
from drafts.models import File, Kind, UploadPart, UploadSession
from drafts.storage import storage
from tests import bodies, stored, wheels
from tests.killed import apart, finish, killer, leases_over, seen, taken_over
from tests.killing import Order
from tests.test_s3_presigned import S3, put_all
from tests.test_upload2_resumable import MIB, RESUMABLE, large, offset_of, part
from tests.uploading import BYTES, META, TYPE, Speaker

__all__ = ["killer"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise, pytest.mark.timeout(480)]
JOINING = Order("jobs", kinds=(Kind.COMPLETE,))
PART = 1000
PARTS = {"UPLOAD_PART_LEAST": 100, "UPLOAD_PART_MOST": PART}


@pytest.fixture
def small_parts(settings):
    """Parts small enough for a test."""
    settings.UPLOAD_PART_LEAST, settings.UPLOAD_PART_MOST = PARTS.values()


@pytest.fixture
def speaker(ci):
    """The upload token, speaking 2.0."""
    return Speaker(ci.token)


def request(speaker: Speaker, url: str, body: str, content_type: str = TYPE, **headers: str) -> Order:
    told = (("Authorization", f"Bearer {speaker.token}"), *headers.items())
    path = "/upload/" + url.partition("/upload/")[2]
    return Order(
        "request",
        path=path,
        body=body,
        content_type=content_type,
        headers=told,
        settings=tuple(PARTS.items()),
    )


def completing(speaker: Speaker, file, **more) -> Order:
    return request(speaker, file["links"]["complete"], json.dumps({"meta": META, **more}))


def announced(speaker: Speaker, built: wheels.Built, mechanism: str = RESUMABLE):
    answer = speaker.announce(speaker.join(), built, mechanism=mechanism)
    assert answer.status_code == 202, answer.content
    return answer.json()


def send_all(speaker: Speaker, file, data: bytes) -> None:
    for start in range(0, len(data), PART):
        assert part(speaker, file, data[start : start + PART], start).status_code == 204


def staged_once(built: wheels.Built) -> None:
    """The file is there with its bytes, and on record once; nothing of its parts is."""
    file = File.objects.live().get(filename=built.filename)
    with storage().open(file.object_id, file.filename) as there:
        assert there.read() == built.data
    events = AuditEvent.objects.filter(event="file:staged", details__filename=built.filename)
    assert events.count() == 1
    assert not UploadPart.objects.filter(upload__filename=built.filename).exists()


def test_parts_whose_web_process_is_killed_at_every_effect_are_whole_or_not_there(
    killer, speaker, small_parts
):
    """It is true that what a HEAD tells is durable, byte for byte, and that a client goes on from there to a whole file."""
    built = large(2500)
    file, before = announced(speaker, built), bodies.stored()

    def next_part() -> Order | None:
        offset = offset_of(speaker, file)
        if offset == built.size:
            return None
        data = built.data[offset : offset + PART].decode("latin-1")
        return request(speaker, file["mechanism"]["file_url"], data, BYTES, **{"Upload-Offset": str(offset)})

    steps = []
    for step in killer.each(next_part):
        steps.append(step)
        rows = list(UploadPart.objects.order_by("offset"))
        received = b"".join(stored.read(row.object_id, row.stored_as) for row in rows)
        assert (len(received), built.data.startswith(received)) == (offset_of(speaker, file), True), step
    seen(steps, "before the commit of drafts.intake.upload2.parts:append(", "offset 1000", "drafts.storage")
    assert {row.object_id for row in UploadPart.objects.all()} <= bodies.stored() - before
    assert speaker.complete(file).status_code == 201
    staged_once(built)
    call_command("verify_audit")


def test_completing_that_is_killed_at_every_effect_stages_the_file_once(killer, speaker, small_parts):
    """It is true that a request which closes, joins and stages an upload leaves it open, or to a worker, or staged."""
    made = []

    def afresh() -> Order:
        built = large(500, build=str(len(made) + 1))
        file = announced(speaker, built)
        send_all(speaker, file, built.data)
        made.append((built, file))
        return completing(speaker, file)

    steps = []
    for step in killer.each(afresh, afresh=True):
        steps.append(step)
        built, file = made[-1]
        if speaker.status(file).json()["status"] == "pending":
            assert not File.objects.filter(filename=built.filename).exists(), step
            assert speaker.complete(file).status_code == 201, step
        if speaker.status(file).json()["status"] == "processing":
            leases_over()
            with apart():
                assert killer.do(JOINING) == 0
        assert speaker.status(file).json()["status"] == "completed", step
        staged_once(built)
    seen(steps, "complete:begin", "Upload.seal", "keep_metadata", "complete:_settle", "parts:discard")
    staged_once(made[-1][0])
    call_command("verify_audit")


def test_a_worker_that_is_killed_at_every_effect_of_joining_parts_stages_the_file_once(
    killer, speaker, small_parts, settings
):
    settings.UPLOAD_AT_ONCE = 1000
    built = large(1000)
    file = announced(speaker, built)
    send_all(speaker, file, built.data)
    assert speaker.complete(file).status_code == 202
    steps = []
    for step in killer.each(lambda: taken_over(JOINING)):
        steps.append(step)
        is_staged = step.startswith("after the commit of drafts.intake.upload2.complete:_settle")
        assert File.objects.exists() == is_staged, step
    seen(steps, "claim", "Upload.seal", "keep_metadata", "complete:_settle")
    finish(killer)
    staged_once(built)
    call_command("verify_audit")


@pytest.mark.services
def test_a_worker_that_is_killed_at_every_effect_of_taking_a_file_from_the_bucket_stages_it_once(
    killer, speaker, settings
):
    """It is true that parts which a client sent to the store are joined, hashed and moved once, whoever dies at it."""
    settings.UPLOAD_S3_PART = 5 * MIB
    built = large(5 * MIB + 1000)
    file = announced(speaker, built, S3)
    assert speaker.complete(file, parts=put_all(file, built.data)).status_code == 202
    steps = []
    for step in killer.each(lambda: taken_over(JOINING)):
        steps.append(step)
        assert UploadSession.objects.get().state == ("completed" if File.objects.exists() else "processing")
    seen(steps, "S3Incoming._join", "_copy", "keep_metadata", "complete:_settle")
    finish(killer)
    staged_once(built)
    call_command("verify_audit")
