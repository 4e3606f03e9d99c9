"""The pages of trains and standing orders in a real browser: axe finds nothing, and one click publishes all drafts."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from tests.conftest import do_jobs, draft_url, totp_code
from tests.coupled import open_draft, visible

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_train_is_made_and_published(open_page, live, draft, companion, mike):
    """It is true that two drafts are put on a train, looked at and published by one press."""
    open_draft(companion, "companion", "2.0")
    page = open_page(user=mike)
    page.goto(draft_url(draft))
    page.get_by_role("link", name="Publish it together with other drafts").click()
    page.get_by_label("Name").fill("2026.11")
    page.get_by_label("companion 2.0").check()
    page.get_by_role("button", name="Make the train").click()
    page.get_by_label("Make a link for").fill("Alice")
    page.get_by_role("button", name="Make the link").click()
    page.get_by_role("link", name="Publish 2 drafts at once").click()
    page.get_by_label("Code of your authenticator app").fill(totp_code("mike"))
    page.get_by_role("button", name="Publish 2 drafts at once").click()
    expect(page.locator("#verdict")).to_contain_text("Publishing 2 drafts")
    do_jobs()
    expect(page.locator("#verdict")).to_contain_text("Published: 2 drafts at once")  # without a reload
    assert page.locator("#poll").get_attribute("hx-get") is None
    assert visible() == {"sampleproject": 2, "companion": 2}


def test_axe_finds_nothing_on_the_pages_of_trains(look, train, mike):
    for path in (
        reverse("train", args=[train.pk]),
        reverse("train-make"),
        reverse("train-publish", args=[train.pk]),
        reverse("order", args=["sampleproject"]),
    ):
        look(path, user=mike)
