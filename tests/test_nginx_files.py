"""It is true that nginx, as it is shipped, sends files as Presscheck would, and only when Presscheck says so."""

import re

import pytest

from accounts.audit import Actor
from drafts.access import links
from tests.fronted import WHEEL, raw

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.embedded]


RANGES = [
    ("bytes=0-9", 0, 10),
    ("bytes=100-", 100, None),
    ("bytes=-30", -30, None),
    ("bytes=10-99999999", 10, None),
]


def test_nginx_sends_the_range_that_was_asked_for(fronted, path):
    """It is true that a range is cut once, by nginx (RFC 9110, section 14)."""
    for header, start, stop in RANGES:
        answer = fronted.get(path, Range=header)
        assert (answer.status, answer.body) == (206, WHEEL.data[start:stop])
        first = start % len(WHEEL.data)
        last = first + len(answer.body) - 1
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{WHEEL.size}"
        assert answer.headers["content-length"] == str(len(answer.body))
        assert answer.headers["etag"] == f'"{WHEEL.sha256}"'


CONDITIONS = [
    ({}, 200),
    ({"Range": f"bytes={len(WHEEL.data)}-"}, 416),
    ({"Range": "bytes=0-9", "If_Range": f'"{WHEEL.sha256}"'}, 206),
    ({"Range": "bytes=0-9", "If_Range": '"another"'}, 200),
    ({"If_None_Match": f'"{WHEEL.sha256}"'}, 304),
    ({"If_None_Match": f'W/"{WHEEL.sha256}"'}, 304),
    ({"If_None_Match": '"another"'}, 200),
]


def test_conditions_hold_through_nginx(fronted, path):
    for headers, status in CONDITIONS:
        answer = fronted.get(path, **headers)
        assert answer.status == status, headers
        assert status == 416 or answer.headers["etag"] == f'"{WHEEL.sha256}"'
        assert status != 200 or answer.body == WHEEL.data


def test_nginx_sends_what_gunicorn_would_have_said(fronted, path):
    """It is true that a file handed over to nginx keeps its headers, and a HEAD has those of the GET."""
    whole, head = fronted.get(path), fronted.get(path, "HEAD")
    assert whole.body == WHEEL.data
    assert "x-accel-redirect" not in whole.headers
    assert whole.headers["content-disposition"] == f'attachment; filename="{WHEEL.filename}"'
    assert "sandbox" in whole.headers["content-security-policy"]
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert whole.headers["accept-ranges"] == "bytes"
    assert "max-age" in whole.headers["strict-transport-security"]
    if path.startswith("/draft/"):
        assert whole.headers["cache-control"] == "private, no-store"
        assert whole.headers["referrer-policy"] == "no-referrer"
        assert whole.headers["x-robots-tag"] == "noindex"
    else:
        assert "immutable" in whole.headers["cache-control"]
    for answer in (whole, head):
        for name in ("date", "x-request-id", "connection"):
            answer.headers.pop(name, None)
    assert (head.status, head.headers, head.body) == (200, whole.headers, b"")


WAYS = [
    "/presscheck-objects/{}",
    "/presscheck-objects//{}",
    "//presscheck-objects/{}",
    "/%70resscheck-objects/{}",
    "/presscheck%2dobjects/{}",
    "/presscheck-objects%2f{}",
    "/files/../presscheck-objects/{}",
    "/files/%2e%2e/presscheck-objects/{}",
    "/static/../presscheck-objects/{}",
    "/static/%2e%2e/objects/{}",
    "/static/..%2fobjects/{}",
    "/static../objects/{}",
    "/static/../../objects/{}",
    "/presscheck-objects../objects/{}",
    "/simple/..%2f..%2fpresscheck-objects/{}",
    "/objects/{}",
    "/./presscheck-objects/./{}",
    "https://localhost/presscheck-objects/{}",
]


def test_nobody_reaches_the_bytes_without_presscheck(fronted, staged):
    """It is true that the internal location does not open from outside, however it is spelled."""
    place = f"{staged.object_id[:2]}/{staged.object_id}/{staged.filename}"
    for way in WAYS:
        status, received = raw(fronted, way.format(place))
        assert status in {400, 404}, way
        assert WHEEL.data[:40] not in received


def test_nothing_else_of_the_data_folder_is_served(fronted):
    for way in ("/static/../{}", "/static/%2e%2e/{}", "/static../{}", "/presscheck-objects/../{}", "/{}"):
        for name in ("presscheck.sqlite3", "secret-key"):
            assert raw(fronted, way.format(name))[0] in {400, 404}, way


def test_a_staged_file_is_sent_only_after_the_gate_was_asked(fronted, staged, draft_path):
    """It is true that nginx keeps nothing of a draft: what a link opened is closed with the link."""
    paths = [
        f"{draft_path}/",
        f"{draft_path}/simple/sampleproject/",
        f"{draft_path}/files/{staged.handle}/{staged.filename}",
    ]
    for path in paths:
        for _ in range(3):
            answer = fronted.get(path)
            assert answer.status == 200
            assert "no-store" in answer.headers["cache-control"]
    links.revoke(link=staged.draft.links.get(), by=Actor.system("tests"))
    for path in paths:
        assert fronted.get(path).status == 404


def test_static_files_come_from_nginx_and_stay(fronted):
    page = fronted.get("/accounts/login/").body.decode()
    style = re.search(r'href="(/static/[^"]+\.css)"', page)[1]
    answer = fronted.get(style, Accept_Encoding="gzip")
    assert answer.status == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert fronted.get("/static/").status in {403, 404}
