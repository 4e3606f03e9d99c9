"""What is said of a draft once it is published: who gets it, on its page and by mail."""

import pytest

from drafts.models import Outgoing
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
