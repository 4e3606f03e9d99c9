"""What the Upload 2.0 API refuses, and that nothing is left of it: each a problem document with a stable code."""

import json

import pytest
from django.conf import settings
from django.test import Client

from drafts.models import Draft, DraftState
from tests import bodies, wheels
from tests.conftest import make_ci, publish
from tests.uploading import META, TYPE, Speaker, everything, file, session, speaker

pytestmark = pytest.mark.django_db
WHEEL = wheels.wheel()
__all__ = ["file", "session", "speaker"]  # fixtures


# --- what every request has in common -----------------------------------------------------------------

BODY = json.dumps({"meta": META, "name": "sampleproject", "version": "1.0"})
REQUESTS = {
    "another media type": (BODY, {"content_type": "application/json"}, 415, "unsupported-media-type"),
    "no media type": (BODY, {"content_type": ""}, 415, "unsupported-media-type"),
    "an Accept that excludes the answers": (BODY, {"Accept": "text/html"}, 406, "not-acceptable"),
    "an Accept that weighs the answers with nothing": (BODY, {"Accept": f"{TYPE};q=0"}, 406, "not-acceptable"),
    "no JSON": ("{", {}, 400, "not-json"),
    "JSON that is no object": ("[]", {}, 400, "not-json"),
    "JSON that is nested for ever": ("[" * 100_000, {}, 400, "not-json"),
    "bytes that are no text": (b"\xff{}", {}, 400, "not-json"),
    "no meta": ("{}", {}, 400, "bad-meta"),
    "meta that is no object": ('{"meta": "2.0"}', {}, 400, "bad-meta"),
    "the version as a number": ('{"meta": {"api-version": 2.0}}', {}, 400, "bad-meta"),
    "another version": ('{"meta": {"api-version": "1.0"}}', {}, 400, "bad-meta"),
    "more than 1 MiB": (" " * (1024**2 + 1), {}, 413, "request-too-large"),
}  # fmt: skip
ADDRESSES = {
    "open": lambda session, file: f"{settings.PRESSCHECK_URL}/upload/",
    "announce": lambda session, file: session["links"]["upload"],
    "extend": lambda session, file: session["links"]["extend"],
    "complete": lambda session, file: file["links"]["complete"],
    "extend a file": lambda session, file: file["links"]["extend"],
}


@pytest.mark.parametrize("address", ADDRESSES.values(), ids=ADDRESSES.keys())
@pytest.mark.parametrize(("body", "how", "status", "code"), REQUESTS.values(), ids=REQUESTS.keys())
def test_a_request_that_is_not_of_this_api(speaker, session, file, address, body, how, status, code):
    """It is true that each address that takes a body refuses what is not PEP 694's, and nothing changes."""
    before = everything()
    answer = speaker.ask("POST", address(session, file), body, **how)
    assert (answer.status_code, bodies.codes(answer)) == (status, {code})
    assert answer["Vary"] == "Accept"
    assert everything() == before


@pytest.mark.parametrize("accept", [TYPE, "*/*", "application/*", f"text/html, {TYPE};q=0.1"])
def test_an_accept_that_allows_the_answer(speaker, session, accept):
    answer = speaker.ask("GET", session["links"]["session"], Accept=accept)
    assert (answer.status_code, answer["Content-Type"]) == (200, TYPE)


def test_a_method_that_an_address_does_not_take(speaker, session, file):
    """It is true that each address names the methods it takes."""
    links = {
        f"{settings.PRESSCHECK_URL}/upload/": "POST",
        session["links"]["session"]: "GET, HEAD, DELETE",
        session["links"]["publish"]: "POST",
        session["links"]["upload"]: "POST",
        file["links"]["file-upload-session"]: "GET, HEAD, DELETE",
        file["mechanism"]["file_url"]: "POST, HEAD",
        file["mechanism"]["attestations_url"]: "POST",
    }
    for link, methods in links.items():
        answer = speaker.ask("PUT", link, b"x")
        assert (answer.status_code, answer["Allow"]) == (405, methods), link
        assert bodies.codes(answer) == {"method-not-allowed"}


# --- opening --------------------------------------------------------------------------------------------

OPENINGS = {
    "no name": ({"name": ""}, 400, {"bad-name"}),
    "a name that is none": ({"name": "-x-"}, 400, {"bad-name"}),
    "a name that is no text": ({"name": ["sampleproject"]}, 400, {"bad-name"}),
    "another project's name": ({"name": "another"}, 403, {"wrong-project"}),
    "no version": ({"version": ""}, 400, {"bad-version"}),
    "a version that is none": ({"version": "1.0-final-one"}, 400, {"bad-version"}),
    "a version that is a number": ({"version": 1}, 400, {"bad-version"}),
    "a local version": ({"version": "1.0+local"}, 400, {"local-version"}),
    "nothing right": ({"name": "-x-", "version": "x"}, 400, {"bad-name", "bad-version"}),
}


@pytest.mark.parametrize(("changes", "status", "codes"), OPENINGS.values(), ids=OPENINGS.keys())
def test_a_session_that_cannot_be_opened(speaker, changes, status, codes):
    body = {"meta": META, "name": "sampleproject", "version": "1.0", **changes}
    answer = speaker.ask("POST", "/upload/", body)
    assert (answer.status_code, bodies.codes(answer)) == (status, codes)
    assert not Draft.objects.exists()


LATE = {"asked so": (False, 409, "release-published"), "neither true nor false": ("no", 400, "bad-late")}


@pytest.mark.parametrize(("late", "status", "code"), LATE.values(), ids=LATE.keys())
def test_nothing_is_opened_beside_a_published_release(draft, mike, speaker, late, status, code):
    """It is true that a client which does not mean to add to a release is told so first, also beside a late draft."""
    assert bodies.codes(speaker.open("1.0.0", late=False)) == {"draft-exists"}
    publish(draft, mike)
    for opened in (1, 2):
        answer = speaker.open("1.0.0", late=late)
        assert (answer.status_code, bodies.codes(answer)) == (status, {code})
        assert Draft.objects.count() == opened
        notices = speaker.join().get("notices", [""])
        assert notices[0].startswith("ADDS TO A PUBLISHED RELEASE: ") == (opened == 1)
    assert speaker.open("1.1", late=False).status_code == 201


def test_too_many_sessions(speaker, settings):
    settings.DRAFTS_OPENED_PER_HOUR = 2
    assert [speaker.open(version).status_code for version in ("1", "2", "3")] == [201, 201, 429]


# --- announcing -----------------------------------------------------------------------------------------

ANNOUNCED = {
    "no name": ({"filename": None}, 400, {"bad-filename"}),
    "a name that is no text": ({"filename": 7}, 400, {"bad-filename"}),
    "an egg": ({"filename": "sampleproject-1.0.egg"}, 400, {"bad-extension"}),
    "a way out": ({"filename": "../sampleproject-1.0.tar.gz"}, 400, {"bad-filename"}),
    "another project's file": ({"filename": "another-1.0.tar.gz"}, 400, {"wrong-project"}),
    "another version's file": ({"filename": "sampleproject-2.0.tar.gz"}, 400, {"wrong-version"}),
    "no size": ({"size": None}, 400, {"bad-size"}),
    "no bytes": ({"size": 0}, 400, {"bad-size"}),
    "a size that is text": ({"size": "10"}, 400, {"bad-size"}),
    "a size that is true": ({"size": True}, 400, {"bad-size"}),
    "more than a file may have": ({"size": 1024**3 + 1}, 413, {"file-too-large"}),
    "more than a database can count": ({"size": 2**70}, 413, {"file-too-large"}),
    "no hashes": ({"hashes": None}, 400, {"no-digest"}),
    "no secure hash": ({"hashes": {"md5": "0" * 32, "sha1": "0" * 40}}, 400, {"no-digest"}),
    "an unknown hash": ({"hashes": {"sha256": WHEEL.sha256, "crc32": "0"}}, 400, {"unknown-algorithm"}),
    "a hash that wants a length": ({"hashes": {"sha256": WHEEL.sha256, "shake_128": "00"}}, 400, {"unknown-algorithm"}),
    "a digest that is too short": ({"hashes": {"sha256": "ab"}}, 400, {"bad-digest"}),
    "a digest in another alphabet": ({"hashes": {"sha256": "x" * 64}}, 400, {"bad-digest"}),
    "a digest that is none": ({"hashes": {"sha256": None}}, 400, {"bad-digest"}),
    "everything wrong at once": (
        {"filename": "x", "size": -1, "hashes": {}}, 400, {"bad-extension", "bad-size", "no-digest"},
    ),
    "an unknown mechanism": ({"mechanism": "http-put-bytes"}, 422, {"no-mechanism"}),
    "no mechanism": ({"mechanism": None}, 422, {"no-mechanism"}),
    "a mechanism that is a list": ({"mechanism": ["http-post-bytes"]}, 422, {"no-mechanism"}),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "status", "codes"), ANNOUNCED.values(), ids=ANNOUNCED.keys())
def test_a_file_that_cannot_be_announced(speaker, session, changes, status, codes):
    """It is true that what can be refused without the bytes is, with everything that is wrong."""
    before = everything()
    answer = speaker.announce(session, WHEEL, **changes)
    assert (answer.status_code, bodies.codes(answer)) == (status, codes)
    assert everything() == before


def test_a_name_is_announced_once(speaker, session, file):
    """It is true that a name in progress is a conflict, in any spelling and by any token, with a time to come back."""
    others = {WHEEL.filename, "sampleproject-1.0-PY3-none-any.whl", "sampleproject-1.0.0-py3-none-any.whl"}
    for filename in sorted(others):
        answer = speaker.announce(session, WHEEL, filename=filename)
        assert (answer.status_code, bodies.codes(answer)) == (409, {"upload-in-progress"})
        assert int(answer["Retry-After"]) > 0


def test_a_second_sdist_is_a_conflict(speaker, session, ci):
    ci.upload(wheels.sdist())
    answer = speaker.announce(session, wheels.sdist(version="1.0.0"))
    assert (answer.status_code, bodies.codes(answer)) == (409, {"second-sdist"})


@pytest.mark.promise
def test_a_published_name_is_refused_before_bytes_travel(draft, mike, speaker):
    """It is true that a published name is a conflict, whatever is announced of the bytes and however it is spelled."""
    browser = Client()
    browser.force_login(mike)
    publish(draft, mike, browser)
    assert draft.state == DraftState.PUBLISHED
    session = speaker.join("1.0")
    for changes, code in (
        ({}, "file-exists"),
        ({"hashes": {"sha256": "0" * 64}}, "file-exists"),
        ({"filename": "sampleproject-1.0.0-py3-none-any.whl"}, "same-file-other-spelling"),
    ):
        answer = speaker.announce(session, WHEEL, **changes)
        assert (answer.status_code, bodies.codes(answer)) == (409, {code})
        assert "Retry-After" not in answer  # it will be so for ever


@pytest.mark.promise
@pytest.mark.parametrize("add_only", [False, True])
def test_what_others_staged_is_out_of_reach(project, session, speaker, ci, add_only):
    """It is true that a token neither replaces nor deletes what another one staged, nor an add-only one its own."""
    speaker.stage(session, WHEEL)
    if add_only:
        type(ci.row).objects.update(add_only=True)
    other = speaker if add_only else Speaker(make_ci(project, label="other").token)
    code = "add-only" if add_only else "not-your-file"
    link = speaker.join()["files"][WHEEL.filename]["link"]
    before = everything()
    for answer in (other.announce(session, wheels.wheel(salt="evil")), other.ask("DELETE", link)):
        assert (answer.status_code, bodies.codes(answer)) == (403, {code})
        assert "/projects/sampleproject/drafts/1.0/" in answer.json()["detail"]
    assert everything() == before
    assert other.stage(session, wheels.wheel(build="2")).status_code == 201
