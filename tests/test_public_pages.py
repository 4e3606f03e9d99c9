"""Published projects and releases as everybody sees them, and on a private index its readers alone."""

import base64
import json

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from drafts.access import links, readers
from drafts.models import Draft, File
from tests import wheels
from tests.conftest import person, publish
from tests.test_publish_act import SYSTEM

pytestmark = pytest.mark.django_db
RELEASE, PROJECT = "/releases/sampleproject/1.0/", "/releases/sampleproject/"
RECEIPT = f"{RELEASE}receipt-1.json"


@pytest.fixture
def published(draft, mike, mikes):
    """sampleproject 1.0, published."""
    publish(draft, mike, mikes)
    return draft


def text(path: str, client: Client | None = None) -> str:
    answer = (client or Client()).get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def test_a_stranger_sees_a_release(published):
    """It is true that files, digests, times, the window and the signed receipt are there for everybody."""
    page = text(RELEASE)
    for file in File.objects.all():
        assert file.filename in page
        assert "".join(f"<span>{file.sha256[at : at + 8]}</span>" for at in range(0, 64, 8)) in page
    assert "2 files in one step" in page
    assert "open until" in page
    assert json.loads(text(RECEIPT))["payloadType"]


def test_the_page_tells_nothing_of_members(published):
    """It is true that neither addresses nor ways to the members' pages are on it."""
    page = text(RELEASE) + text(PROJECT)
    assert "example.org" not in page
    assert "/projects/sampleproject/" not in page


def test_a_machine_gets_the_same_as_json(published):
    told = json.loads(text(f"{RELEASE}?format=json"))
    assert (told["name"], told["version"], told["closed"], told["file-count"]) == (
        "sampleproject",
        "1.0",
        False,
        2,
    )
    assert told["receipts"] == [RECEIPT]
    wheel = next(file for file in told["files"] if file["filename"].endswith(".whl"))
    assert wheel["hashes"]["sha256"] == wheels.wheel().sha256
    assert (wheel["yanked"], wheel["late"]) == (False, False)
    listed = Client().get(PROJECT, headers={"Accept": "application/json"}).json()
    assert [one["version"] for one in listed["releases"]] == ["1.0"]


def test_other_spellings_of_a_version_are_the_same_release(published):
    assert "sampleproject" in text("/releases/sampleproject/1.0.0/")


def test_a_yank_is_shown_with_its_reason(published, mikes):
    mikes.post("/projects/sampleproject/releases/1.0/yank/", {"act": "yank all", "reason": "broken <b>"})
    page = text(RELEASE)
    assert "2 of 2 yanked" in page
    assert "yanked: broken &lt;b&gt;" in page


NOTHING = [
    "/releases/another/",
    "/releases/sampleproject/2.0/",
    "/releases/sampleproject/nonsense/",
    f"{RELEASE}receipt-0.json",
    f"{RELEASE}receipt-2.json",
]


@pytest.mark.promise
@pytest.mark.parametrize("path", NOTHING)
def test_what_is_not_there_is_404(published, path):
    assert Client().get(path).status_code == 404


@pytest.mark.promise
def test_nothing_that_is_staged_shows(draft, ci, mike, mikes):
    """It is true that a project, a release and a file that were never published are the same 404 and no count (promise 1)."""
    assert {Client().get(path).status_code for path in (PROJECT, RELEASE)} == {404}
    publish(draft, mike, mikes)
    before = text(RELEASE), text(PROJECT), text("/insight/")
    ci.upload(wheels.wheel(tag="cp312-cp312-win_amd64"))
    ci.upload(wheels.wheel(version="1.1"))
    assert (text(RELEASE), text(PROJECT), text("/insight/")) == before
    assert Client().get("/releases/sampleproject/1.1/").status_code == 404


def read_token() -> dict[str, str]:
    _, token = readers.make(label="x", days=1, by=SYSTEM)
    return {"Authorization": "Basic " + base64.b64encode(f"__token__:{token}".encode()).decode()}


@pytest.mark.promise
@pytest.mark.parametrize(
    "path", [PROJECT, RELEASE, RECEIPT, "/insight/", "/insight/years.csv", "/insight/late.csv"]
)
def test_a_private_index_is_for_its_readers(published, mikes, path):
    """It is true that strangers get 401, and a member and a read token the page, which no shared cache keeps."""
    with override_settings(INDEX_IS_PRIVATE=True):
        assert Client().get(path).status_code == 401
        assert Client().get(path, headers=read_token()).status_code == 200
        assert mikes.get(path).status_code == 200
        assert "public" not in mikes.get(path)["Cache-Control"]


@pytest.mark.promise
def test_a_member_of_another_project_sees_nothing_of_this_one(published):
    """It is true that on a private index other people's releases are neither shown nor counted."""
    charlies = Client()
    charlies.force_login(person("charlie"))
    with override_settings(INDEX_IS_PRIVATE=True):
        assert charlies.get(RELEASE).status_code == 404
        page = charlies.get("/insight/").content.decode()
        assert "0 of 0 files" in page
        assert "sampleproject" not in charlies.get("/insight/late.csv").getvalue().decode()


@pytest.mark.promise
def test_a_draft_link_leads_people_to_the_release(draft, mike, mikes):
    """It is true that a link which was good when its draft was published goes on pointing, and to what is public alone."""
    link = links.make(draft=draft, by=SYSTEM)
    path = reverse("tester", args=[links.token(link)])
    assert Client().get(path).status_code == 200
    publish(Draft.objects.get(), mike, mikes)
    assert Client().get(path)["Location"] == RELEASE
