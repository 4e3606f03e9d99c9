"""The mechanism for large files and bad connections: parts by offset, each whole or not at all."""

import http.client
import os
import random
import socket
from contextlib import suppress

import pytest

from drafts.intake.upload2 import complete
from drafts.models import File, Job, JobState, UploadPart, UploadSession, jobs
from drafts.storage import METADATA, storage
from tests import bodies, wheels
from tests.conftest import do_jobs
from tests.live import eventually
from tests.uploading import BYTES, Speaker

RESUMABLE = "vnd-presscheck-http-resumable"
MIB = 1024**2


def large(size: int, **knobs) -> wheels.Built:
    """A wheel with about so many bytes that nothing makes smaller."""
    chance = random.Random(size)
    data = b"".join(chance.randbytes(min(MIB, size - start)) for start in range(0, size, MIB))
    return wheels.wheel(files={"sampleproject/data.bin": data}, **knobs)


@pytest.fixture
def speaker(ci):
    """The upload token, speaking 2.0."""
    return Speaker(ci.token)


@pytest.fixture
def small_parts(settings):
    """Parts small enough for a test."""
    settings.UPLOAD_PART_LEAST, settings.UPLOAD_PART_MOST = 100, 1000


@pytest.fixture
def built():
    """A wheel of a few parts."""
    return large(2500)


@pytest.fixture
def file(db, small_parts, speaker, built):
    """An upload that is pending."""
    return speaker.announce(speaker.join(), built, mechanism=RESUMABLE).json()


def part(speaker, file, data: bytes, offset: int | str | None):
    headers = {} if offset is None else {"Upload-Offset": str(offset)}
    return speaker.send(file, data, **headers)


def offset_of(speaker, file) -> int:
    answer = speaker.ask("HEAD", file["mechanism"]["file_url"])
    assert answer.status_code == 204
    return int(answer["Upload-Offset"])


@pytest.mark.django_db
def test_a_file_comes_in_parts(speaker, file, built):
    """It is true that the parts make the file, and nothing else of them stays."""
    before = bodies.stored()
    assert file["mechanism"]["part-size"] == {"min": 100, "max": 1000}
    for start in range(0, built.size, 1000):
        assert offset_of(speaker, file) == start
        answer = part(speaker, file, built.data[start : start + 1000], start)
        assert answer.status_code == 204
        assert int(answer["Upload-Offset"]) == min(start + 1000, built.size)
        assert int(answer["Upload-Length"]) == built.size
    assert speaker.complete(file).status_code == 201
    row = File.objects.get()
    assert row.sha256 == built.sha256
    for name, size in ((row.filename, built.size), (METADATA, None)):
        with storage().open(row.object_id, name) as stored:
            assert size is None or len(stored.read()) == size
    assert bodies.stored() - before == {row.object_id}
    assert not UploadPart.objects.exists()


REFUSED = {
    "no offset": (500, None, 400, "bad-offset"),
    "an offset that is none": (500, "-1", 400, "bad-offset"),
    "an offset in other digits": (500, "\u0663", 400, "bad-offset"),
    "before the end": (500, 0, 409, "wrong-offset"),
    "behind the end": (500, 501, 409, "wrong-offset"),
    "too large a part": (1001, 500, 413, "part-too-large"),
    "too small a part": (99, 500, 400, "part-too-small"),
    "one byte": (1, 500, 400, "part-too-small"),
}


@pytest.mark.django_db
@pytest.mark.parametrize(("size", "offset", "status", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_a_part_that_is_refused(speaker, file, built, size, offset, status, code):
    """It is true that a refused part leaves nothing, and that a wrong offset is answered with the right one."""
    part(speaker, file, built.data[:500], 0)
    before = bodies.stored()
    answer = part(speaker, file, bytes(size), offset)
    assert (answer.status_code, bodies.codes(answer)) == (status, {code})
    if status == 409:
        assert answer["Upload-Offset"] == "500"
    assert (bodies.stored(), offset_of(speaker, file)) == (before, 500)


@pytest.mark.django_db
def test_the_last_part_ends_where_the_file_does(speaker, file, built):
    for start in range(0, built.size - 50, 1000):
        part(speaker, file, built.data[start : min(start + 1000, built.size - 50)], start)
    answer = part(speaker, file, built.data[-50:] + b"x", built.size - 50)
    assert (answer.status_code, bodies.codes(answer)) == (413, {"size-differs"})
    assert part(speaker, file, built.data[-50:], built.size - 50).status_code == 204
    assert speaker.complete(file).status_code == 201


@pytest.mark.django_db
def test_a_file_that_is_not_all_there(speaker, file, built):
    part(speaker, file, built.data[:1000], 0)
    answer = speaker.complete(file)
    assert (answer.status_code, bodies.codes(answer)) == (400, {"size-differs"})
    do_jobs()
    assert not UploadPart.objects.exists()


@pytest.mark.django_db
def test_a_file_in_one_piece_has_no_offsets(speaker):
    file = speaker.announce(speaker.join(), wheels.wheel()).json()
    assert speaker.ask("HEAD", file["mechanism"]["file_url"]).status_code == 405


@pytest.mark.django_db
def test_a_large_file_is_looked_at_by_a_worker(speaker, file, built, settings):
    """It is true that a client is told to wait, polls, and finds the file staged once the worker was there."""
    settings.UPLOAD_AT_ONCE = 1000
    for start in range(0, built.size, 1000):
        part(speaker, file, built.data[start : start + 1000], start)
    answer = speaker.complete(file)
    assert (answer.status_code, answer.json()["status"]) == (202, "processing")
    assert int(answer["Retry-After"]) > 0
    assert answer["Location"] == file["links"]["file-upload-session"]
    assert speaker.complete(file).status_code == 202
    assert not File.objects.exists()
    do_jobs()
    assert speaker.status(file).json()["status"] == "completed"
    assert File.objects.get().sha256 == built.sha256


@pytest.mark.django_db
def test_a_worker_that_dies_half_way_is_followed_by_another(speaker, file, built, monkeypatch):
    """It is true that a job that is begun again stages the file once, whatever the first attempt left."""
    for start in range(0, built.size, 1000):
        part(speaker, file, built.data[start : start + 1000], start)
    job = complete.begin(upload=UploadSession.objects.get(), sending={})

    def died(*_, **__):
        raise OSError("the worker was killed")

    with monkeypatch.context() as patch:
        patch.setattr(complete, "_settle", died)
        jobs.run(job.pk, complete.work)
    assert UploadSession.objects.get().state == "processing"
    Job.objects.update(not_before=job.not_before)
    do_jobs()
    assert speaker.status(file).json()["status"] == "completed"


@pytest.mark.django_db
def test_what_fails_again_and_again_fails_in_words(speaker, file, built, monkeypatch):
    """It is true that an error of the server's own ends in an upload that says so, not in one that waits for ever."""
    job = complete.begin(upload=UploadSession.objects.get(), sending={})

    def broken(*_, **__):
        raise OSError("out of order")

    monkeypatch.setattr(complete, "_stage", broken)
    UploadSession.objects.update(received=built.size)
    for _ in range(6):
        Job.objects.update(not_before=job.not_before)
        jobs.run(job.pk, complete.work)
    assert Job.objects.get(pk=job.pk).state == JobState.FAILED
    failure = UploadSession.objects.get().failure
    assert [error["code"] for error in failure["errors"]] == ["upload-broke"]


# --- a connection that drops ------------------------------------------------------------------------------

PIECE = 4 * MIB


def cut(live, file, token: str, data: bytes, offset: int, after: int) -> None:
    """Send the first ``after`` bytes of a part, and hang up."""
    path = file["mechanism"]["file_url"].removeprefix(live.url)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {live.host}\r\nAuthorization: Bearer {token}\r\nContent-Type: {BYTES}\r\n"
        f"Upload-Offset: {offset}\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", live.port), timeout=30) as connection, suppress(OSError):
        connection.sendall(head.encode() + data[:after])
        if after % 2:  # a reset, and not a goodbye
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def send(live, file, token: str, data: bytes, offset: int) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=60)
    headers = {
        "Host": live.host,
        "Authorization": f"Bearer {token}",
        "Content-Type": BYTES,
        "Upload-Offset": str(offset),
    }
    try:
        connection.request("POST", file["mechanism"]["file_url"].removeprefix(live.url), data, headers)
        answer = connection.getresponse()
        answer.read()
        return answer
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_an_upload_that_is_cut_again_and_again_completes(live, worker, speaker):
    """It is true that a file whose connection drops at twenty random places arrives whole, and no byte is sent thrice.

    ``CUT_UPLOAD_MIB`` makes it larger.
    """
    size = int(os.environ.get("CUT_UPLOAD_MIB", "64")) * MIB
    built, chance, before = large(size), random.Random(20), bodies.stored()
    assert built.size > size  # stored as it is, or a little larger
    cuts = sorted(chance.sample(range(built.size), 20))
    file = speaker.announce(speaker.join(), built, mechanism=RESUMABLE).json()
    sent = 0
    while (offset := offset_of(speaker, file)) < built.size:
        data = built.data[offset : offset + PIECE]
        here = [place - offset for place in cuts if offset <= place < offset + len(data)]
        for place in here:
            cut(live, file, speaker.token, data, offset, place)
            sent += place
            assert offset_of(speaker, file) == offset
        cuts = [place for place in cuts if place >= offset + len(data)]
        assert send(live, file, speaker.token, data, offset).status == 204
        sent += len(data)
    assert sent <= built.size + 20 * PIECE
    assert speaker.complete(file).status_code == 202
    eventually(lambda: speaker.status(file).json()["status"] != "processing", seconds=200)
    assert speaker.status(file).json()["status"] == "completed", speaker.status(file).content
    row = File.objects.get()
    assert row.sha256 == built.sha256
    eventually(lambda: bodies.stored() - before == {row.object_id})


def ci_token(speaker: Speaker) -> str:
    return speaker.token
