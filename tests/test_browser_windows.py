"""The pages about windows, schedules and late files in a real browser: axe finds nothing, nothing runs off a phone."""

import pytest
from playwright.sync_api import Page

from drafts.models import Draft, Project
from tests import wheels
from tests.closing import days_pass
from tests.conftest import draft_url, publish
from tests.inspected import inspect_now
from tests.test_late_files import accept_everything

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def grown(ci, mike, mikes):
    """sampleproject 1.0 of 20 days ago with a late wheel, closed; and a draft of 1.1."""
    Project.objects.update(expected_files="nothing")
    ci.upload(wheels.sdist())
    publish(Draft.objects.get(), mike, mikes)
    days_pass(5)
    ci.upload(wheels.wheel())
    late = Draft.objects.latest("pk")
    accept_everything(mikes, late)
    publish(late, mike, mikes)
    days_pass(15)
    for built in (wheels.wheel(version="1.1"), wheels.sdist(version="1.1")):
        ci.upload(built)
    inspect_now()
    return Draft.objects.latest("pk")


def choose(page: Page) -> None:
    """Open the options and choose all of them."""
    page.get_by_text("At a time, yanked first, or closed").click()
    page.get_by_label("At a time", exact=False).first.check()
    page.get_by_label("Day and time, in UTC").fill(page.locator("#at").get_attribute("max"))
    page.get_by_label("Yanked first.", exact=False).check()
    page.get_by_label("Close the release.", exact=False).check()


PAGES = {
    "the release": ("/projects/sampleproject/releases/1.0/", "closed since"),
    "reopening it": ("/projects/sampleproject/releases/1.0/reopen/", "Reopen sampleproject 1.0?"),
    "the public release": ("/releases/sampleproject/1.0/", "How it was published"),
    "the public project": ("/releases/sampleproject/", "1 published release"),
    "open releases": ("/insight/?days=3", "1 of 2 files"),
}


def test_the_pages_about_a_release_that_grew(look, grown, mike):
    for path, words in PAGES.values():
        page = look(path, user=mike if path.startswith("/projects") else None)
        assert page.get_by_text(words).first.is_visible(), path


def test_choosing_how_a_draft_is_published(look, grown, mike, alice):
    """It is true that the options are reached, chosen and shown with a keyboard and on a phone, and the settings too."""
    page = look(draft_url(grown, "publish"), user=mike, prepare=choose)
    assert page.get_by_role("button", name="Publish sampleproject 1.1 at that time", exact=True).is_visible()
    page.get_by_label("Now", exact=True).check()
    assert page.get_by_role("button", name="Publish sampleproject 1.1", exact=True).is_visible()
    page = look("/projects/sampleproject/settings/", user=alice)
    assert page.get_by_label("days after its first file").input_value() == "14"
