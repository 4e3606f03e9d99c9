"""Files that go straight to the bucket: parts under addresses that end soon, hashed by a worker before they count."""

import http.client
import os
import random
import urllib.request
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.test import Client

from drafts.models import File, UploadPart, UploadSession
from drafts.storage import storage
from tests import bodies, stored, wheels
from tests.conftest import do_jobs, publish
from tests.uploading import Speaker

pytestmark = [pytest.mark.services, pytest.mark.django_db]
S3 = "vnd-presscheck-s3multipart-presigned"
MIB = 1024**2


@pytest.fixture
def speaker(ci):
    """The upload token, speaking 2.0."""
    return Speaker(ci.token)


@pytest.fixture
def before(settings, ci):
    """What lies in the bucket before; parts are as small as stores take them."""
    settings.UPLOAD_S3_PART = 5 * MIB
    return stored.everything()


def new(before: set[str]) -> set[str]:
    """What lies there now besides, but for what inspections kept."""
    return {one for one in stored.everything() - before if not bodies.is_inspection(one)}


def large(size: int, **knobs) -> wheels.Built:
    return wheels.wheel(files={"sampleproject/data.bin": random.Random(size).randbytes(size)}, **knobs)


@pytest.fixture
def built():
    """A wheel of three parts."""
    return large(12 * MIB)


@pytest.fixture
def file(before, speaker, built):
    """An upload that is pending."""
    answer = speaker.announce(speaker.join(), built, mechanism=S3)
    assert answer.status_code == 202, answer.content
    return answer.json()


def put(part, data: bytes) -> str:
    request = urllib.request.Request(part["url"], data=data, method="PUT")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.headers["ETag"]


def refused(url: str, length: int) -> int:
    """What the store says to a PUT of so many bytes, of which none is sent: it must refuse by itself, or this fails."""
    where = urlsplit(url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=20)
    try:
        connection.putrequest("PUT", f"{where.path}?{where.query}")
        connection.putheader("Content-Length", str(length))
        connection.endheaders()
        return connection.getresponse().status
    finally:
        connection.close()


def put_all(file, data: bytes) -> list[dict]:
    told, start = [], 0
    for part in file["mechanism"]["parts"]:
        told.append({"number": part["number"], "etag": put(part, data[start : start + part["size"]])})
        start += part["size"]
    return told


def completed(speaker, file, parts):
    answer = speaker.complete(file, parts=parts)
    assert (answer.status_code, answer.json()["status"]) == (202, "processing")
    do_jobs()
    return speaker.status(file).json()


def test_it_is_offered_first(speaker):
    assert speaker.join()["mechanisms"][0] == S3


def test_a_file_goes_to_the_bucket_and_is_staged(speaker, file, built, before, mike):
    """It is true that no byte passes the server, and the file is staged and published like any other."""
    sizes = [part["size"] for part in file["mechanism"]["parts"]]
    assert (sum(sizes), sizes[:-1], len(sizes)) == (built.size, [5 * MIB] * 2, 3)
    assert all("/incoming/" in part["url"] for part in file["mechanism"]["parts"])
    assert completed(speaker, file, put_all(file, built.data))["status"] == "completed"
    row = File.objects.get()
    assert (row.sha256, row.blake2b_256) == (built.sha256, built.blake2b_256)
    assert new(before) == {row.object_id}
    assert not UploadPart.objects.exists()
    browser = Client()
    browser.force_login(mike)
    draft = row.draft
    publish(draft, mike, browser)
    assert draft.state == "published"


def test_bytes_that_are_not_those_announced(speaker, file, built, before):
    """It is true that the worker hashes what the store has, and nothing of wrong bytes stays."""
    wrong = bytearray(built.data)
    wrong[7 * MIB] ^= 1
    told = completed(speaker, file, put_all(file, bytes(wrong)))
    assert (told["status"], built.sha256 in told["notices"][0]) == ("error", True)
    do_jobs()
    assert stored.everything() == before
    assert not File.objects.exists()


def test_an_address_takes_its_part_alone(file, built):
    """It is true that a part of another length is refused by the store, and no address leads anywhere else."""
    url = file["mechanism"]["parts"][0]["url"]
    assert "partNumber=1" in url
    assert refused(url, 5 * MIB - 1) == 403
    assert refused(url, 5 * MIB + 1) == 403
    assert refused(url.replace("/incoming/", "/staged/"), 5 * MIB) == 403
    assert refused(url.replace("partNumber=1", "partNumber=2"), 5 * MIB) == 403
    assert put(file["mechanism"]["parts"][0], built.data[: 5 * MIB])


def test_an_address_is_dead_once_the_upload_is_complete(speaker, file, built):
    parts = put_all(file, built.data)
    assert completed(speaker, file, parts)["status"] == "completed"
    assert refused(file["mechanism"]["parts"][0]["url"], 5 * MIB) == 404
    row = File.objects.get()
    with storage().open(row.object_id, row.filename) as there:
        assert there.read() == built.data


NAMED = {
    "none": None,
    "no list": "all of them",
    "too few": [{"number": 1, "etag": "x"}],
    "another order": [{"number": n, "etag": "x"} for n in (2, 1, 3)],
    "no etag": [{"number": n} for n in (1, 2, 3)],
    "an etag with markup": [{"number": n, "etag": "<x>"} for n in (1, 2, 3)],
}


@pytest.mark.parametrize("parts", NAMED.values(), ids=NAMED.keys())
def test_parts_that_are_not_named(speaker, file, parts):
    """It is true that a completion which does not name each part is refused, and the upload stays as it was."""
    more = {} if parts is None else {"parts": parts}
    answer = speaker.complete(file, **more)
    assert (answer.status_code, bodies.codes(answer)) == (400, {"bad-parts"})
    assert speaker.status(file).json()["status"] == "pending"


def test_parts_that_the_store_has_not(speaker, file, built, before):
    parts = put_all(file, built.data)
    parts[1]["etag"] = parts[0]["etag"]
    assert completed(speaker, file, parts)["status"] == "error"
    do_jobs()
    assert stored.everything() == before


def test_a_worker_that_died_between_joining_and_staging(speaker, file, built, monkeypatch, before):
    """It is true that the parts are joined once and the next attempt goes on from there."""
    from drafts.intake.upload2 import complete
    from drafts.models import Job

    def died(*_, **__):
        raise OSError("killed")

    parts = put_all(file, built.data)
    with monkeypatch.context() as patch:
        patch.setattr(complete, "_settle", died)
        speaker.complete(file, parts=parts)
        do_jobs()
    assert speaker.status(file).json()["status"] == "processing"
    Job.objects.update(not_before=UploadSession.objects.get().announced_at)
    do_jobs()
    assert speaker.status(file).json()["status"] == "completed"
    assert new(before) == {File.objects.get().object_id}


@pytest.mark.parametrize("sent", [False, True])
def test_an_upload_that_is_taken_back_leaves_nothing(speaker, file, built, before, sent):
    if sent:
        put_all(file, built.data)
    assert stored.everything() != before
    assert speaker.delete(file).status_code == 204
    do_jobs()
    assert stored.everything() == before
    assert refused(file["mechanism"]["parts"][0]["url"], 5 * MIB) == 404


def test_a_refused_announcement_leaves_nothing_in_the_bucket(speaker, file, built):
    there = stored.everything()
    assert speaker.announce(speaker.join(), built, mechanism=S3).status_code == 409
    assert stored.everything() == there


def test_bytes_are_not_taken_here(speaker, file):
    url = file["links"]["file-upload-session"] + "content"
    answer = speaker.ask("POST", url, os.urandom(10), content_type="application/octet-stream")
    assert answer.status_code == 405
    assert django_settings.PRESSCHECK_S3_BUCKET in file["mechanism"]["parts"][0]["url"]
