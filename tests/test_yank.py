"""Yanking what is published (PEP 592), for a reason, per file and per release; and taking it back."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent
from drafts.models import File, IndexPage
from tests import wheels
from tests.conftest import publish
from tests.racing import race
from tests.stored import fetched

pytestmark = pytest.mark.django_db
WHEEL, SDIST = wheels.wheel().filename, wheels.sdist().filename
PAGE = reverse("release", args=["sampleproject", "1.0"])
YANK = reverse("release-yank", args=["sampleproject", "1.0"])
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


@pytest.fixture
def published(draft, mike, mikes):
    """sampleproject 1.0, published."""
    publish(draft, mike, mikes)
    return draft


def on_the_index() -> dict[str, str | bool]:
    """What installers are told of each file's yank."""
    files = json.loads(Client().get("/simple/sampleproject/", headers=JSON).content)["files"]
    return {file["filename"]: file["yanked"] for file in files}


def events() -> list[tuple[str, dict]]:
    rows = AuditEvent.objects.filter(event__startswith="release:").order_by("seq")
    return [(row.event, row.details) for row in rows]


def test_a_release_is_yanked_and_back(published, mikes):
    """It is true that installers are told the reason at once, in both formats, and nothing once it is taken back."""
    before = IndexPage.objects.get()
    answer = mikes.post(YANK, {"act": "yank all", "reason": "  broken\n on <PyPy> "})
    assert answer["Location"] == PAGE
    assert on_the_index() == {WHEEL: "broken on <PyPy>", SDIST: "broken on <PyPy>"}
    html = Client().get("/simple/sampleproject/").content.decode()
    assert html.count('data-yanked="broken on &lt;PyPy&gt;"') == 2
    assert IndexPage.objects.get().etag != before.etag
    assert "broken on &lt;PyPy&gt;" in mikes.get(PAGE).content.decode()
    mikes.post(YANK, {"act": "unyank all"})
    assert on_the_index() == {WHEEL: False, SDIST: False}
    assert IndexPage.objects.get().serial == before.serial + 2
    both = sorted([WHEEL, SDIST])
    assert events() == [
        ("release:yanked", {"files": both, "reason": "broken on <PyPy>"}),
        ("release:unyanked", {"files": both}),
    ]


def test_one_file_is_yanked_and_the_others_stay(published, mikes):
    mikes.post(YANK, {"act": "yank chosen", "file": [SDIST], "reason": "does not build"})
    assert on_the_index() == {WHEEL: False, SDIST: "does not build"}
    page = mikes.get(reverse("project", args=["sampleproject"])).content.decode()
    assert "1 of 2 yanked" in page


def test_the_bytes_of_a_yanked_file_stay(published, mikes):
    file = File.objects.get(filename=WHEEL)
    mikes.post(YANK, {"act": "yank all", "reason": "broken"})
    answer = Client().get(reverse("file", args=[file.public_id, WHEEL]))
    assert fetched(answer) == wheels.wheel().data


def test_the_same_again_changes_nothing(published, mikes):
    """It is true that a second press leaves no event and no new page."""
    for _ in range(2):
        assert mikes.post(YANK, {"act": "yank all", "reason": "broken"}).status_code == 302
    assert len(events()) == 1
    assert mikes.post(YANK, {"act": "yank all", "reason": "very broken"}).status_code == 302
    assert set(on_the_index().values()) == {"very broken"}


REFUSALS = {
    "no reason": ({"act": "yank all", "reason": " \n "}, "say why"),
    "no files": ({"act": "yank chosen", "reason": "broken"}, "choose files"),
    "no act": ({"act": "all", "file": WHEEL, "reason": "broken"}, "choose files"),
    "another release's file": (
        {"act": "yank chosen", "file": [WHEEL, "other-1.0.tar.gz"], "reason": "broken"},
        "other-1.0.tar.gz is not in sampleproject 1.0",
    ),
}


@pytest.mark.parametrize(("form", "words"), REFUSALS.values(), ids=REFUSALS.keys())
def test_what_cannot_be_done_changes_nothing(published, mikes, form, words):
    """It is true that a refusal says what is missing and keeps what was typed and chosen."""
    answer = mikes.post(YANK, form)
    page = answer.content.decode()
    assert (answer.status_code, words in page) == (400, True)
    assert page.count(f'value="{WHEEL}" checked>') == (1 if "file" in form else 0)
    assert (set(on_the_index().values()), events()) == ({False}, [])


def test_a_reviewer_sees_and_does_not_yank(published, rita, charlie):
    ritas, charlies = Client(), Client()
    ritas.force_login(rita)
    charlies.force_login(charlie)
    page = ritas.get(PAGE)
    assert (page.status_code, YANK in page.content.decode()) == (200, False)
    assert ritas.post(YANK, {"act": "yank all", "reason": "no"}).status_code == 403
    assert charlies.get(PAGE).status_code == 404
    assert charlies.post(YANK, {"act": "yank all", "reason": "no"}).status_code == 404
    assert set(on_the_index().values()) == {False}


def test_a_version_that_was_not_published_has_no_page(draft, mikes):
    assert mikes.get(PAGE).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_yanks_at_the_same_moment_all_count(published, mikes):
    """It is true that no yank is lost, and that the page is that of the last."""
    race(
        [
            lambda name=name: mikes.post(YANK, {"act": "yank chosen", "file": [name], "reason": name})
            for name in (WHEEL, SDIST)
        ]
    )
    assert on_the_index() == {WHEEL: WHEEL, SDIST: SDIST}
    assert len(events()) == 2
