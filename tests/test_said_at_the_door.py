"""What a refused upload is told: whose limit it met, and what to do next."""

import pytest

from tests import bodies, wheels
from tests.uploading import META, Speaker

pytestmark = pytest.mark.django_db
WHEEL = wheels.wheel()
ROOM = WHEEL.size - 1


@pytest.fixture
def speaker(ci):
    """The upload token, speaking 2.0."""
    return Speaker(ci.token)


@pytest.fixture
def file(speaker):
    """The wheel, announced."""
    return speaker.announce(speaker.join(), WHEEL).json()


def _legacy(ci, speaker):
    return ci.upload(WHEEL)


def _announced(ci, speaker):
    return speaker.announce(speaker.join(), WHEEL)


@pytest.mark.parametrize("asking", [_legacy, _announced])
def test_a_file_over_the_limit_for_one_file_is_not_told_to_make_room(ci, speaker, settings, asking):
    """It is true that deleting drafts is asked for where that helps, and nowhere else."""
    settings.FILE_SIZE_LIMIT = ROOM
    answer = asking(ci, speaker)
    assert (answer.status_code, bodies.codes(answer)) == (413, {"file-too-large"})
    assert (
        f"is larger than the {ROOM} bytes that one file may have here. Nothing was kept: make it smaller"
        in (answer.json()["detail"])
    )


def test_a_file_without_room_is_told_to_make_some(ci, project):
    type(project).objects.update(quota=ROOM * 5 // 4)
    answer = ci.upload(WHEEL)
    assert answer.status_code == 413
    assert "that this project can take now. Nothing was kept: cancel a draft" in answer.json()["detail"]


def test_more_bytes_than_were_announced_are_not_said_to_be_the_projects_limit(speaker, file):
    answer = speaker.send(file, WHEEL.data + b"x")
    assert (answer.status_code, bodies.codes(answer)) == (413, {"size-differs"})
    detail = answer.json()["detail"]
    assert f"More bytes came than the {WHEEL.size} that were still to come" in detail
    assert "announce the file with its size" in detail


def _sent_and_complete(speaker, file):
    speaker.send(file, WHEEL.data)
    assert speaker.complete(file).status_code == 201


def _failed(speaker, file):
    answer = speaker.complete(file)
    assert "No bytes were sent. Delete this upload, announce the file again" in answer.json()["detail"]


OVER = {
    "complete": (
        _sent_and_complete,
        "is complete and takes nothing more. To replace the file, announce it again.",
    ),
    "failed": (
        _failed,
        "failed, which is final: delete it, then announce the file again. What was wrong: No bytes",
    ),
}


@pytest.mark.parametrize(("end", "words"), OVER.values(), ids=OVER.keys())
def test_an_upload_that_ended_says_what_to_do(speaker, file, end, words):
    end(speaker, file)
    answer = speaker.send(file, WHEEL.data)
    assert (answer.status_code, bodies.codes(answer)) == (409, {"not-pending"})
    assert f"The upload of '{WHEEL.filename}' {words}" in answer.json()["detail"]


def test_too_many_attestations_are_not_called_a_file(speaker, file):
    answer = speaker.ask(
        "POST", file["mechanism"]["attestations_url"], " " * 600_000, content_type="application/json"
    )
    assert (answer.status_code, bodies.codes(answer)) == (413, {"bad-attestations"})
    assert "Attestations are at most 524288 bytes, and these are 600000." in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/upload/{0}/", "/upload/{0}/files/{0}/", "/upload/{0}/files/"])
def test_what_is_not_there_is_a_problem_with_a_code(speaker, path):
    """It is true that a client need not take a page of the dashboard apart to learn that its session is gone."""
    url = path.format("0" * 32)
    answer = speaker.ask("POST" if url.endswith("files/") else "GET", url, {"meta": META})
    assert (answer.status_code, bodies.codes(answer)) == (404, {"not-found"})
    assert answer["Content-Type"] == "application/problem+json"


def test_bytes_for_an_upload_that_was_canceled_are_told_so(speaker, file):
    assert speaker.delete(file).status_code == 204
    answer = speaker.send(file, WHEEL.data)
    assert (answer.status_code, bodies.codes(answer)) == (404, {"not-found"})
    assert answer.json()["detail"] == f"The upload of '{WHEEL.filename}' was canceled."


@pytest.mark.parametrize("asked", [{}, {"extend-for": "a day"}, {"extend-for": True}, {"extend-for": 0}])
def test_a_time_that_is_none_is_refused(speaker, file, asked):
    """It is true of a session and of a file, though neither is extended by a token."""
    for links in (speaker.join()["links"], file["links"]):
        answer = speaker.ask("POST", links["extend"], {"meta": META, **asked})
        assert (answer.status_code, bodies.codes(answer)) == (400, {"bad-extend-for"})
