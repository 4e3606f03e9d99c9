"""Passkeys in a real browser: a virtual authenticator (Chromium's own) makes them, signs in and publishes with them."""

import re

import pytest
from playwright.sync_api import Page, expect

from accounts import passkeys, people
from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.models import DraftState
from tests.conftest import PASSWORD, draft_url, totp_code
from tests.test_browser_walk import enrol_url, log_of, paste

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def with_authenticator(page: Page, *, kind: str = "internal") -> tuple:
    """Plug a virtual authenticator into this page's browser."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable", {"enableUI": False})
    options = {
        "protocol": "ctap2",
        "transport": kind,
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session, made["authenticatorId"]


def add_passkey(page: Page, name: str) -> None:
    """Walk from the account page to a passkey, confirmed with the app."""
    page.goto("/account/")
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("What you call it").fill("Laptop")
    page.locator("[name=code]").fill(totp_code(name))
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_text("The passkey “Laptop” is added.")).to_be_visible()


def test_a_maintainer_signs_in_and_publishes_with_a_passkey(live, worker, open_page, draft, mike):
    """It is true that after adding a passkey nothing has to be typed but the password."""
    page = open_page(user=mike)
    with_authenticator(page)
    add_passkey(page, "mike")
    expect(page.locator('[data-factor="webauthn"]')).to_contain_text("Laptop")
    page.get_by_role("button", name="Sign out", exact=True).first.click()

    page.locator("[name=login]").fill("mike@example.org")
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Your passkey is asked for when you press the button.")).to_be_visible()
    expect(page.locator("[name=code]")).to_be_hidden()
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("link", name="sampleproject 1.0").click()
    paste(page, log_of(draft))
    page.get_by_role("link", name="Publish sampleproject 1.0").click()
    page.get_by_label("Note for the record").fill("With a key.")
    page.get_by_role("button", name="Publish sampleproject 1.0").click()
    expect(page.locator("#verdict")).to_contain_text("Published", timeout=30_000)
    draft.refresh_from_db()
    assert (draft.state, draft.publishing_note) == (DraftState.PUBLISHED, "With a key.")
    assert AuditEvent.objects.get(event="draft:publishing").details["method"] == "webauthn"


def test_a_phone_publishes_straight_from_the_bar(live, open_page, draft, mike):
    """It is true that on a narrow screen the button of the draft page asks for the passkey by itself."""
    page = open_page(user=mike, viewport={"width": 390, "height": 844})
    with_authenticator(page)
    add_passkey(page, "mike")
    page.goto(draft_url(draft))
    paste(page, log_of(draft))
    button = page.get_by_role("button", name="Publish sampleproject 1.0")
    expect(button).to_be_visible()
    expect(page.get_by_role("link", name="Publish sampleproject 1.0")).to_be_hidden()
    button.click()
    expect(page.locator("#verdict")).to_contain_text("Publishing", timeout=20_000)
    draft.refresh_from_db()
    assert draft.state == DraftState.PROCESSING


def test_a_passkey_that_is_not_given_publishes_nothing(live, open_page, draft, mike):
    """It is true that a person who turns away from the prompt is told so, keeps what was typed, and may use a code."""
    page = open_page(user=mike)
    session, plugged = with_authenticator(page)
    add_passkey(page, "mike")
    session.send("WebAuthn.setUserVerified", {"authenticatorId": plugged, "isUserVerified": True})
    session.send("WebAuthn.clearCredentials", {"authenticatorId": plugged})
    page.goto(draft_url(draft))
    paste(page, log_of(draft))
    page.goto(draft_url(draft, "publish"))
    page.get_by_label("Note for the record").fill("half a thought")
    page.get_by_role("button", name="Publish sampleproject 1.0").click()
    expect(page.get_by_text("The passkey was not used.")).to_be_visible(timeout=70_000)
    expect(page.get_by_label("Note for the record")).to_have_value("half a thought")
    draft.refresh_from_db()
    assert draft.state == DraftState.OPEN
    page.get_by_text("Use a code instead").click()
    page.locator("[name=code]").fill(totp_code("mike"))
    page.get_by_role("button", name="Publish sampleproject 1.0").click()
    expect(page.locator("#verdict")).to_contain_text("Publishing")


def test_without_javascript_a_code_does_it(live, open_page, draft, mike):
    """It is true that a passkey in the account takes nothing from who has no JavaScript."""
    from tests.authenticator import give_key

    give_key(mike)
    page = open_page(user=mike, java_script_enabled=False)
    page.goto(draft_url(draft, "publish"))
    expect(page.get_by_text("Your passkey is asked for")).to_be_hidden()
    page.locator("[name=code]").fill(totp_code("mike"))
    page.get_by_role("button", name="Publish sampleproject 1.0").click()
    expect(page.locator("#verdict")).to_contain_text("Publishing")


def test_a_newcomer_starts_with_a_passkey_alone(live, open_page):
    """It is true that somebody without a phone gets in, and that the account page then asks for the passkey."""
    nora = people.add(email="nora@example.org", name="Nora", by=Actor.system("tests"))
    page = open_page()
    with_authenticator(page, kind="usb")
    page.goto(enrol_url(nora))
    page.get_by_role("button", name="Sign in as nora@example.org").click()
    page.locator("[name=password1]").fill("a long and quiet evening")
    page.locator("[name=password2]").fill("a long and quiet evening")
    page.get_by_role("button", name="Set the password").click()
    page.get_by_role("button", name="Set up a passkey").click()
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    page.goto("/account/")
    page.get_by_role("link", name=re.compile("Make new codes")).click()
    expect(page.locator("[name=code]")).to_have_count(0)
    page.get_by_role("button", name="Make new codes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    assert len(passkeys.of(nora)) == 1
