"""Pages of the Simple API: which format a client gets, and that both formats say the same."""

import json
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser

import pytest
from packaging.utils import parse_sdist_filename, parse_wheel_filename

from drafts.index.simple import (
    Format,
    SimpleFile,
    SimpleProject,
    negotiate,
    render_html,
    render_json,
    render_root_html,
    render_root_json,
)

HTML, HTML_V1, JSON = Format.HTML, Format.HTML_V1, Format.JSON_V1
V1_JSON = "application/vnd.pypi.simple.v1+json"
V1_HTML = "application/vnd.pypi.simple.v1+html"
PIP = f"{V1_JSON}, {V1_HTML}; q=0.1, text/html; q=0.01"
UV = f"{V1_JSON}, {V1_HTML};q=0.2, text/html;q=0.01"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (None, HTML),
        ("", HTML),
        (" ", HTML),
        ("*/*", HTML),
        ("text/*", HTML),
        ("application/*", JSON),
        ("text/html", HTML),
        ("Text/HTML", HTML),
        ("text/html; charset=utf-8", HTML),
        (V1_HTML, HTML_V1),
        (V1_JSON, JSON),
        ("application/vnd.pypi.simple.latest+html", HTML_V1),
        ("application/vnd.pypi.simple.latest+json", JSON),
        (PIP, JSON),
        (UV, JSON),
        (BROWSER, HTML),
        (f"{V1_JSON}, {V1_HTML}", JSON),
        (f"{V1_JSON};q=0.5, {V1_HTML}", HTML_V1),
        (f"{V1_JSON} ; q=0.1 , text/html ; q=0.2", HTML),
        (f"{V1_JSON};q=0, */*", HTML),
        ("text/html;q=0, */*;q=0.5", HTML_V1),
        (f"{V1_JSON}, */*;q=0.1", JSON),
        (f"{V1_JSON};q=0.1, */*", HTML),
        ("text/*;q=0.1, application/*;q=0.2", JSON),
        ("application/json", None),
        ("application/vnd.pypi.simple.v2+json", None),
        ("image/png, image/*;q=0.5", None),
        ("text/html;q=0", None),
        ("*/*;q=0", None),
        ("text/html;q=2", None),
        ("text/html;q=nonsense", None),
        ("text/html;q=-1, */*;q=0.1", HTML),
        (",;q=1,=,;;", None),
    ],
)
def test_the_accept_header_chooses_a_format(accept, wanted):
    assert negotiate(accept, None) is wanted


@pytest.mark.parametrize(
    ("fmt", "wanted"),
    [
        (V1_JSON, JSON),
        ("application/vnd.pypi.simple.v1 json", JSON),
        ("application/vnd.pypi.simple.latest+html", HTML_V1),
        ("text/html", HTML),
        ("json", None),
        ("*/*", None),
    ],
)
@pytest.mark.parametrize("accept", [None, BROWSER, "image/png"])
def test_the_format_parameter_wins_over_the_header(accept, fmt, wanted):
    assert negotiate(accept, fmt) is wanted


def test_an_empty_parameter_is_none():
    assert negotiate(V1_JSON, "") is JSON


NOON = datetime(2026, 3, 12, 13, 0, 0, 250, tzinfo=timezone(timedelta(hours=1)))
WHEEL = SimpleFile(
    filename="sampleproject-1.0-py3-none-any.whl",
    url="/files/ab%20c/sampleproject-1.0-py3-none-any.whl?a=1&b=2",
    sha256="a" * 64,
    size=1234,
    upload_time=NOON,
    requires_python=">=3.9,<4",
    metadata_sha256="b" * 64,
    provenance="https://index.example/provenance?x=1&y=2",
)
SDIST = SimpleFile("sampleproject-1.0.tar.gz", "../x", "c" * 64, 99, datetime(2026, 3, 12, tzinfo=UTC))
HOSTILE = "\"><script>alert('1')</script>&amp;\u202e\n"


class Page(HTMLParser):
    """What a client reads from an HTML page: anchors with their texts, and the meta elements."""

    def __init__(self, page):
        super().__init__()
        self.anchors, self.metas, self.tags, self.texts = [], {}, set(), []
        self.feed(page.decode("utf-8"))
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        found = dict(attrs)
        if tag == "a":
            self.anchors.append(found)
        if tag == "meta" and "name" in found:
            self.metas[found["name"]] = found["content"]

    def handle_data(self, data):
        if self.lasttag == "a" and data.strip():
            self.texts.append(data)


def project(*files, **changes):
    return SimpleProject(**{"name": "sampleproject", "files": files, "versions": ("1.0",), **changes})


def test_json_says_what_the_standard_asks():
    page = json.loads(render_json(project(WHEEL, SDIST, serial=7, closed=("1.0",), late=(SDIST.filename,))))
    assert page == {
        "meta": {"api-version": "1.4", "_last-serial": 7},
        "name": "sampleproject",
        "project-status": {"status": "active"},
        "versions": ["1.0"],
        "files": [
            {
                "filename": WHEEL.filename,
                "url": WHEEL.url,
                "hashes": {"sha256": "a" * 64},
                "size": 1234,
                "upload-time": "2026-03-12T12:00:00.000250Z",
                "requires-python": ">=3.9,<4",
                "core-metadata": {"sha256": "b" * 64},
                "dist-info-metadata": {"sha256": "b" * 64},
                "yanked": False,
                "provenance": WHEEL.provenance,
            },
            {
                "filename": SDIST.filename,
                "url": "../x",
                "hashes": {"sha256": "c" * 64},
                "size": 99,
                "upload-time": "2026-03-12T00:00:00Z",
                "core-metadata": False,
                "dist-info-metadata": False,
                "yanked": False,
            },
        ],
        "_presscheck": {"closed": ["1.0"], "late": [SDIST.filename]},
    }


def test_html_says_what_the_standard_asks():
    page = Page(render_html(project(WHEEL, SDIST)))
    assert page.anchors == [
        {
            "href": f"{WHEEL.url}#sha256={'a' * 64}",
            "data-requires-python": ">=3.9,<4",
            "data-core-metadata": f"sha256={'b' * 64}",
            "data-dist-info-metadata": f"sha256={'b' * 64}",
            "data-provenance": WHEEL.provenance,
        },
        {"href": f"../x#sha256={'c' * 64}"},
    ]
    assert page.texts == [WHEEL.filename, SDIST.filename]
    assert page.metas == {"pypi:repository-version": "1.4", "pypi:project-status": "active"}


def test_file_names_of_both_pages_are_read_by_installers():
    page = project(WHEEL, SDIST)
    listed = [file["filename"] for file in json.loads(render_json(page))["files"]]
    assert listed == Page(render_html(page)).texts
    assert parse_wheel_filename(listed[0])[0] == parse_sdist_filename(listed[1])[0] == page.name


@pytest.mark.parametrize(
    ("yanked", "in_json", "in_html"),
    [
        (False, False, None),
        (True, True, ""),
        ("", True, ""),
        ("broken on Windows", "broken on Windows", "broken on Windows"),
        (HOSTILE, HOSTILE, HOSTILE),
    ],
)
def test_yanks_are_told_with_their_reason(yanked, in_json, in_html):
    page = project(SimpleFile("a-1.tar.gz", "a", "c" * 64, 1, NOON, yanked=yanked))
    assert json.loads(render_json(page))["files"][0]["yanked"] == in_json
    assert Page(render_html(page)).anchors[0].get("data-yanked") == in_html


def test_a_status_is_told_with_its_reason():
    page = project(status="archived", status_reason=HOSTILE)
    assert json.loads(render_json(page))["project-status"] == {"status": "archived", "reason": HOSTILE}
    metas = Page(render_html(page)).metas
    assert (metas["pypi:project-status"], metas["pypi:project-status-reason"]) == ("archived", HOSTILE)


def test_no_serial_no_key():
    assert json.loads(render_json(project()))["meta"] == {"api-version": "1.4"}


def test_everything_in_html_is_escaped():
    file = SimpleFile(HOSTILE, HOSTILE, HOSTILE, 1, NOON, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    page = render_html(SimpleProject(HOSTILE, (file,), (), HOSTILE, HOSTILE))
    assert b"<script" not in page
    read = Page(page)
    assert read.tags == {"html", "head", "meta", "title", "body", "h1", "a", "br"}
    assert set(read.anchors[0].values()) == {
        HOSTILE,
        f"sha256={HOSTILE}",
        f"{HOSTILE}#sha256={HOSTILE}",
    }


def test_a_moment_without_a_time_zone_is_an_error():
    naive = SimpleFile("a-1.tar.gz", "a", "c" * 64, 1, NOON.replace(tzinfo=None))
    with pytest.raises(ValueError, match="time zone"):
        render_json(project(naive))


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 2500])
def test_the_root_lists_every_project_once_in_both_formats(count):
    names = [f"project-{number}" for number in range(count)]
    pieces = list(render_root_json(iter(names), serial=3))
    page = json.loads(b"".join(pieces))
    assert page["meta"] == {"api-version": "1.4", "_last-serial": 3}
    assert [one["name"] for one in page["projects"]] == names
    read = Page(b"".join(render_root_html(iter(names))))
    assert (read.texts, [one["href"] for one in read.anchors]) == (names, [f"{name}/" for name in names])
    assert read.metas == {"pypi:repository-version": "1.4"}


def test_the_root_is_rendered_while_names_arrive():
    def endless():
        number = 0
        while True:
            yield f"p{number}"
            number += 1

    for render in (render_root_html, render_root_json):
        pieces = render(endless())
        assert b"p0" in next(pieces) + next(pieces)
