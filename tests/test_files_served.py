"""Files as they are served: HEAD, Range, ETag and headers, for published and for staged files alike."""

import pytest
from django.test import Client

from accounts.audit import Actor
from drafts.access import links
from drafts.models import File
from tests import bodies, wheels
from tests.conftest import publish

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]  # on S3 the bucket answers
WHEEL = wheels.wheel()
SIZE = WHEEL.size


@pytest.fixture(params=["published", "staged"])
def path(request, draft, mike) -> str:
    """The address of the wheel."""
    client = Client()
    client.force_login(mike)
    file = draft.files.get(filetype="bdist_wheel")
    if request.param == "staged":
        token = links.token(links.make(draft=draft, by=Actor.system("tests")))
        return f"/draft/{token}/files/{file.handle}/{file.filename}"
    publish(draft, mike, client)
    file.refresh_from_db()
    return f"/files/{file.public_id}/{file.filename}"


@pytest.fixture
def ask(path):
    """Asks for the wheel; returns the answer and its bytes."""

    def ask(method: str = "get", suffix: str = "", **headers: str):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        response = getattr(Client(), method)(path + suffix, headers=sent)
        return response, b"".join(response.streaming_content) if response.streaming else response.content

    return ask


def test_a_file_is_its_bytes(ask):
    response, data = ask()
    assert (response.status_code, data) == (200, WHEEL.data)
    assert response["Content-Length"] == str(SIZE)
    assert response["ETag"] == f'"{WHEEL.sha256}"'
    assert response["Accept-Ranges"] == "bytes"


def test_a_head_has_the_headers_and_no_bytes(ask):
    head, nothing = ask("head")
    whole, _ = ask()
    assert (head.status_code, nothing) == (200, b"")
    headers = [bodies.headers(response) for response in (head, whole)]
    for one in headers:
        one.pop("Vary", None)
    assert headers[0] == headers[1]


def test_nothing_that_a_browser_would_run(ask):
    response, _ = ask()
    assert response["Content-Disposition"] == f'attachment; filename="{WHEEL.filename}"'
    assert "sandbox" in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"


RANGES = {
    "the first bytes": ("bytes=0-9", 0, 10),
    "some in the middle": ("bytes=10-19", 10, 20),
    "from somewhere to the end": ("bytes=100-", 100, SIZE),
    "the last bytes": ("bytes=-30", SIZE - 30, SIZE),
    "the last byte": (f"bytes={SIZE - 1}-{SIZE - 1}", SIZE - 1, SIZE),
    "beyond the end": (f"bytes=10-{SIZE * 9}", 10, SIZE),
}


@pytest.mark.parametrize(("header", "start", "stop"), RANGES.values(), ids=RANGES.keys())
def test_a_range_is_served(ask, header, start, stop):
    """It is true that one range is answered with 206 and exactly its bytes (RFC 9110, section 14)."""
    response, data = ask(Range=header)
    assert (response.status_code, data) == (206, WHEEL.data[start:stop])
    assert response["Content-Range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert response["Content-Length"] == str(stop - start)
    assert response["ETag"] == f'"{WHEEL.sha256}"'


@pytest.mark.parametrize("header", [f"bytes={SIZE}-", f"bytes={SIZE * 2}-{SIZE * 3}", "bytes=-0"])
def test_a_range_outside_is_refused(ask, header):
    response, data = ask(Range=header)
    assert (response.status_code, data) == (416, b"")
    assert response["Content-Range"] == f"bytes */{SIZE}"


IGNORED = ["bytes=", "bytes=-", "bytes=a-b", "items=0-9", "bytes=9-5", "bytes=0-1,5-6", "0-9"]


@pytest.mark.parametrize("header", IGNORED)
def test_a_range_that_is_none_is_ignored(ask, header):
    """It is true that what is no valid single range brings the whole file."""
    response, data = ask(Range=header)
    assert (response.status_code, data) == (200, WHEEL.data)


def test_a_head_ignores_ranges(ask):
    """It is true that ranges are GET's alone (RFC 9110, section 14.2)."""
    response, _ = ask("head", Range="bytes=0-9")
    assert (response.status_code, response["Content-Length"]) == (200, str(SIZE))


@pytest.mark.parametrize(
    ("condition", "status"),
    [(f'"{WHEEL.sha256}"', 206), ('"other"', 200), ("Fri, 20 Nov 2026 11:00:00 GMT", 200)],
)
def test_a_range_of_an_older_file_brings_the_whole_one(ask, condition, status):
    assert ask(Range="bytes=0-9", If_Range=condition)[0].status_code == status


TAGS = [f'"{WHEEL.sha256}"', f'W/"{WHEEL.sha256}"', f'"x", "{WHEEL.sha256}"', "*"]


@pytest.mark.parametrize("tag", TAGS)
def test_a_file_that_is_there_already_is_not_sent(ask, tag):
    """It is true that If-None-Match compares weakly, as a list, and that ``*`` is any (RFC 9110, section 13.1.2)."""
    response, data = ask(If_None_Match=tag)
    assert (response.status_code, data) == (304, b"")
    assert response["ETag"] == f'"{WHEEL.sha256}"'


def test_another_tag_brings_the_file(ask):
    assert ask(If_None_Match='"other"')[0].status_code == 200


def test_metadata_is_served_byte_for_byte(draft, mike):
    """It is true that METADATA beside a file is what the archive holds (PEP 658)."""
    client = Client()
    client.force_login(mike)
    publish(draft, mike, client)
    file = File.objects.get(filetype="bdist_wheel")
    response = Client().get(f"/files/{file.public_id}/{file.filename}.metadata")
    assert b"".join(response.streaming_content) == wheels.core_metadata("sampleproject", "1.0")
    assert response["ETag"] == f'"{file.metadata_sha256}"'
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert Client().get(f"/files/{file.public_id}/{file.filename}.metadata.metadata").status_code == 404


def test_a_published_file_is_kept_by_caches_for_ever(draft, mike):
    client = Client()
    client.force_login(mike)
    publish(draft, mike, client)
    file = File.objects.first()
    response = Client().head(f"/files/{file.public_id}/{file.filename}")
    assert "immutable" in response["Cache-Control"]
    assert "Cookie" not in response.get("Vary", "")
    assert Client().get(f"/files/{file.public_id}/another-1.0.tar.gz").status_code == 404


def test_a_member_alone_downloads(draft, rita, charlie):
    """It is true that a member gets the staged bytes, which no cache keeps, and nobody else does."""
    path = f"/projects/sampleproject/drafts/1.0/files/{WHEEL.filename}/download/"
    assert Client().get(path).status_code == 302
    member, stranger = Client(), Client()
    member.force_login(rita)
    stranger.force_login(charlie)
    response = member.get(path)
    assert b"".join(response.streaming_content) == WHEEL.data
    assert "private, no-store" in response["Cache-Control"]
    assert "sandbox" in response["Content-Security-Policy"]
    assert stranger.get(path).status_code == 404


def test_the_web_server_may_send_the_bytes(draft, mike, settings):
    """It is true that with PRESSCHECK_ACCEL the proxy is told where the bytes lie, and none go through Python."""
    settings.PRESSCHECK_ACCEL = "/objects"
    client = Client()
    client.force_login(mike)
    publish(draft, mike, client)
    file = File.objects.get(filetype="bdist_wheel")
    path = f"/files/{file.public_id}/{file.filename}"
    expected = f"/objects/{file.object_id[:2]}/{file.object_id}/{file.filename}"
    for method, headers in (("get", {}), ("get", {"Range": "bytes=0-9"}), ("head", {})):
        response = getattr(Client(), method)(path, headers=headers)
        assert (response.status_code, response["X-Accel-Redirect"], response.content) == (200, expected, b"")
        assert not response.has_header("Content-Range")  # the proxy cuts ranges, once
