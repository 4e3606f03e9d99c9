"""The published index as installers ask it: formats, redirects, conditional requests, and what one look-up costs."""

import gzip
import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from drafts.models import Draft, IndexPage
from tests import wheels
from tests.conftest import publish

pytestmark = pytest.mark.django_db
V1_JSON = "application/vnd.pypi.simple.v1+json"
V1_HTML = "application/vnd.pypi.simple.v1+html"
PAGE = "/simple/sampleproject/"


@pytest.fixture
def published(draft, mike):
    """sampleproject 1.0, published."""
    client = Client()
    client.force_login(mike)
    publish(draft, mike, client)
    return draft


def get(path: str, **headers: str):
    return Client().get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def body(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


FORMATS = {
    "a browser": ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
    "pip": (f"{V1_JSON}, {V1_HTML}; q=0.1, text/html; q=0.01", V1_JSON),
    "uv": (f"{V1_JSON}, {V1_HTML};q=0.2, text/html;q=0.01", V1_JSON),
    "curl": ("*/*", "text/html; charset=utf-8"),
    "html alone": (V1_HTML, V1_HTML),
    "the latest": ("application/vnd.pypi.simple.latest+json", V1_JSON),
}


@pytest.mark.parametrize("path", ["/simple/", PAGE])
@pytest.mark.parametrize(("accept", "expected"), FORMATS.values(), ids=FORMATS.keys())
def test_a_page_comes_in_the_format_that_was_asked_for(published, path, accept, expected):
    response = get(path, Accept=accept)
    assert (response.status_code, response["Content-Type"]) == (200, expected)
    assert "Accept" in response["Vary"]
    assert b"sampleproject" in body(response)


@pytest.mark.parametrize("path", ["/simple/", PAGE])
def test_nothing_acceptable_is_said_so(published, path):
    response = get(path, Accept="image/png")
    assert response.status_code == 406
    assert "Accept" in response["Vary"]


def test_the_format_may_stand_in_the_query(published):
    assert get(f"{PAGE}?format={V1_JSON.replace('+', '%2B')}", Accept="text/html")["Content-Type"] == V1_JSON


@pytest.mark.parametrize("name", ["SampleProject", "sample.project", "sample_project", "Sample-._Project"])
def test_a_name_that_is_not_normalised_is_redirected(published, name):
    """It is true that every spelling of a name leads to the normalised one (PEP 503), there or not."""
    response = get(f"/simple/{name}/")
    assert response.status_code == 301
    assert response["Location"] in {"/simple/sampleproject/", "/simple/sample-project/"}


def test_json_says_what_the_specification_wants(published):
    """It is true that each key of the Simple API 1.4 is there with its right type (PEP 691, 700, 714)."""
    page = json.loads(get(PAGE, Accept=V1_JSON).content)
    assert page["meta"]["api-version"].startswith("1.")
    assert (page["name"], page["versions"]) == ("sampleproject", ["1.0"])
    for file in page["files"]:
        row = published.files.get(filename=file["filename"])
        assert file["hashes"] == {"sha256": row.sha256}
        assert (file["size"], file["yanked"]) == (row.size, False)
        assert file["core-metadata"] == {"sha256": row.metadata_sha256}
        assert file["upload-time"] == row.published_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        assert file["url"] == f"/files/{row.public_id}/{row.filename}"


def test_a_second_release_is_added_to_the_page(published, ci, mike):
    serial = int(get(PAGE)["X-PyPI-Last-Serial"])
    for built in (wheels.wheel(version="2.0"), wheels.sdist(version="2.0")):
        ci.upload(built)
    client = Client()
    client.force_login(mike)
    publish(Draft.objects.live().get(), mike, client)
    response = get(PAGE, Accept=V1_JSON)
    assert json.loads(response.content)["versions"] == ["1.0", "2.0"]
    assert len(json.loads(response.content)["files"]) == 4
    assert int(response["X-PyPI-Last-Serial"]) == serial + 1


@pytest.mark.parametrize("accept", ["text/html", V1_JSON])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_page_that_is_known_is_not_sent_again(published, accept, encoding):
    """It is true that each format and encoding has its own ETag, which brings a 304 without a body."""
    first = get(PAGE, Accept=accept, Accept_Encoding=encoding)
    assert "max-age" in first["Cache-Control"]
    again = get(PAGE, Accept=accept, Accept_Encoding=encoding, If_None_Match=first["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    weak = get(PAGE, Accept=accept, Accept_Encoding=encoding, If_None_Match="W/" + first["ETag"])
    assert weak.status_code == 304
    assert get(PAGE, Accept=accept, Accept_Encoding=encoding, If_None_Match='"other"').status_code == 200


def test_representations_have_different_tags(published):
    tags = {
        get(PAGE, Accept=accept, Accept_Encoding=encoding)["ETag"]
        for accept in ("text/html", V1_JSON)
        for encoding in ("identity", "gzip")
    }
    assert len(tags) == 4


def test_a_compressed_page_is_the_page(published):
    plain, packed = get(PAGE, Accept_Encoding="identity"), get(PAGE, Accept_Encoding="gzip, deflate")
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert "Content-Encoding" not in plain
    assert "Accept-Encoding" in plain["Vary"]


@pytest.mark.parametrize("refused", ["gzip;q=0", "gzip; q=0.000, identity", "br", "x-gzipped"])
def test_a_compressed_page_is_not_sent_to_who_refuses_it(published, refused):
    assert "Content-Encoding" not in get(PAGE, Accept_Encoding=refused)
    assert get(PAGE, Accept_Encoding="br;q=1.0, gzip;q=0.8")["Content-Encoding"] == "gzip"


def test_of_a_stored_page_one_body_is_read_and_of_a_known_one_none(published):
    """It is true that a project with thousands of files costs no more than what is sent."""
    etag = get(PAGE)["ETag"]
    for headers, read in (({"If_None_Match": etag}, []), ({}, ["html"]), ({"Accept": V1_JSON}, ["json"])):
        with CaptureQueriesContext(connection) as queries:
            get(PAGE, Accept_Encoding="identity", **headers)
        (sql,) = [query["sql"] for query in queries]
        bodies = ("html", "json", "html_gzip", "json_gzip")
        assert [one for one in bodies if f'"{one}"' in sql] == read


def test_a_page_costs_one_look_up(published):
    """It is true that serving a page is one query, and a 304 too."""
    etag = get(PAGE)["ETag"]
    for headers in ({}, {"If_None_Match": etag}, {"Accept": V1_JSON}):
        with CaptureQueriesContext(connection) as queries:
            get(PAGE, **headers)
        assert len(queries) == 1


@pytest.mark.embedded  # a bucket's files lie under public/
def test_a_page_is_rendered_anew_when_its_address_changes(published, settings):
    """It is true that a stored page follows the files base by itself, and goes back with it."""
    before = get(PAGE).content
    settings.PRESSCHECK_FILES_URL = "https://files.example"
    assert b'href="https://files.example/files/' in get(PAGE).content
    settings.PRESSCHECK_FILES_URL = ""
    assert get(PAGE).content == before
    assert IndexPage.objects.count() == 1


@pytest.mark.parametrize("path", ["/simple/", PAGE, "/simple/nothing/"])
@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_the_index_is_read_only(published, path, method):
    assert getattr(Client(enforce_csrf_checks=True), method)(path).status_code in {403, 405}


def test_a_head_is_a_get_without_its_body(published):
    for path in ("/simple/", PAGE):
        head, whole = Client().head(path), get(path)
        assert (head.status_code, body(head)) == (200, b"")
        assert head["Content-Type"] == whole["Content-Type"]
        assert head.get("ETag") == whole.get("ETag")
