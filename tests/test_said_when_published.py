"""What is said of a draft once it is published: who gets it, on its page and by mail."""

import pytest
from django.utils import timezone

from drafts.models import Outgoing, Project, Release
from tests.conftest import draft_url, publish
from tests.pressing import browser_of

pytestmark = pytest.mark.django_db
INDEX = "Installers get it from the index now."
YANKED = "It is yanked: installers pass over it in the index unless somebody pins 1.0."


def mailed() -> str:
    return " ".join(" ".join(one.paragraphs) for one in Outgoing.objects.filter(news="published"))


def test_of_what_is_published_yanked_first(draft, mike, mikes):
    """It is true that nobody reads that installers get it, before it is un-yanked."""
    publish(draft, mike, mikes, yanked="on", reason="for the brave")
    assert YANKED in mikes.get(draft_url(draft)).content.decode()
    assert (YANKED in mailed(), INDEX in mailed()) == (True, False)
    mikes.post("/projects/sampleproject/releases/1.0/yank/", {"act": "unyank all"})
    assert INDEX in mikes.get(draft_url(draft)).content.decode()


def test_of_what_is_published_to_the_sandbox(sand_published, alice):
    page = browser_of(alice).get(draft_url(sand_published)).content.decode()
    assert "Installers get it from the sandbox now." in page
    assert INDEX not in page


def test_the_record_leads_to_where_it_is_yanked(draft, mike, mikes):
    """It is true that the mail of a publish leads there in two steps, and that an unpublished draft has no such link."""
    there = "/projects/sampleproject/releases/1.0/"
    assert there not in mikes.get(draft_url(draft)).content.decode()
    publish(draft, mike, mikes)
    assert f'<a href="{there}">' in mikes.get(draft_url(draft)).content.decode()
    assert mikes.get(there).status_code == 200


def _delete(draft) -> None:
    draft.files.all().take_off()


def _quarantine_release(draft) -> None:
    Release.objects.update(quarantined_at=timezone.now(), quarantine_reason="stolen")


def _quarantine_project(draft) -> None:
    Project.objects.update(quarantined_at=timezone.now(), quarantine_reason="stolen")


GONE = {
    "its files were deleted": (_delete, "All of its files were deleted since"),
    "the release is in quarantine": (_quarantine_release, "It is in quarantine: nobody gets its files."),
    "the project is in quarantine": (_quarantine_project, "It is in quarantine: nobody gets its files."),
}


@pytest.mark.parametrize(("happens", "words"), GONE.values(), ids=GONE.keys())
def test_the_record_never_says_that_installers_get_what_is_gone(draft, mike, mikes, happens, words):
    publish(draft, mike, mikes)
    happens(draft)
    page = mikes.get(draft_url(draft)).content.decode()
    assert words in page
    assert INDEX not in page
