"""People at the pages, in a real browser, with and without JavaScript."""

import re

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from playwright.sync_api import Page, expect

from accounts import people
from accounts.audit import Actor
from accounts.models import User
from drafts.models import Draft, DraftState, File
from tests import wheels
from tests.conftest import PASSWORD, draft_url, totp_code

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WHEEL = "sampleproject-1.0-py3-none-any.whl"
SDIST = "sampleproject-1.0.tar.gz"
both_ways = pytest.mark.parametrize("javascript", [True, False], ids=["JavaScript", "no JavaScript"])


def log_of(draft: Draft) -> str:
    """What CI printed when it built these files."""
    lines = [f"2026-11-20T10:00:00Z {file.sha256}  dist/{file.filename}" for file in draft.files.live()]
    return "\n".join(["Successfully built the distributions", *lines, "Uploading artifacts"])


def sign_in_at(page: Page, name: str) -> None:
    page.goto("/")
    page.locator("[name=login]").fill(f"{name}@example.org")
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator("[name=code]").fill(totp_code(name))
    page.get_by_role("button", name="Go on").click()


def verdict_becomes(page: Page, text: str, *, by_itself: bool) -> None:
    """Wait for the verdict; without JavaScript a person presses reload."""
    verdict = page.locator("#verdict")
    if by_itself:
        expect(verdict).to_contain_text(text, timeout=30_000)
        return
    for _ in range(60):
        if text in verdict.inner_text():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(verdict.inner_text())


def paste(page: Page, log: str) -> None:
    page.locator("[name=log]").fill(log)
    page.get_by_role("button", name="Compare with the staged files").click()


@both_ways
def test_a_maintainer_walks_from_sign_in_to_the_index(live, worker, open_page, draft, mike, javascript):
    page = open_page(java_script_enabled=javascript)
    sign_in_at(page, "mike")
    page.get_by_role("link", name="sampleproject 1.0").click()
    expect(page.locator("#verdict")).to_contain_text("Not compared with CI yet")
    paste(page, log_of(draft))
    for filename in (WHEEL, SDIST):
        expect(page.locator(f'[data-file="{filename}"]')).to_have_attribute("data-evidence", "match")
    expect(page.locator("#verdict")).to_contain_text("Ready to publish. 2 of 2 files match what CI logged")

    page.locator("#testers > summary").click()
    page.get_by_label("Make a link for").fill("Rita's laptop")
    page.get_by_role("button", name="Make the link").click()
    page.locator("#testers > summary").click()
    link = page.locator("#testers a[href*='/draft/pcd_']").get_attribute("href")
    tester = open_page(java_script_enabled=javascript)
    tester.goto(link)
    expect(tester.get_by_role("heading", level=1)).to_have_text("sampleproject 1.0")
    expect(tester.get_by_text("export DRAFT=").first).to_be_visible()

    page.get_by_role("link", name="Publish sampleproject 1.0").click()
    page.locator("[name=code]").fill(totp_code("mike"))
    page.get_by_label("Note for the record").fill("Reviewed with Rita.")
    page.get_by_role("button", name="Publish sampleproject 1.0").click()
    verdict_becomes(page, "Published", by_itself=javascript)

    page.get_by_role("link", name="Published index").click()
    page.get_by_role("link", name="sampleproject").click()
    for filename in (WHEEL, SDIST):
        expect(page.get_by_role("link", name=filename)).to_be_visible()
    tester.reload()
    expect(tester.get_by_text("How it was published")).to_be_visible()
    draft.refresh_from_db()
    assert (draft.state, draft.publishing_note) == (DraftState.PUBLISHED, "Reviewed with Rita.")


def enrol_url(user: User) -> str:
    return f"/welcome/{people.invite(user)}/"


@both_ways
def test_a_newcomer_enrols_before_anything_else(open_page, draft, javascript):
    """It is true that until a second factor is set up, every address leads to the steps of enrolment."""
    nora = people.add(email="nora@example.org", name="Nora", by=Actor.system("tests"))
    page, url = open_page(java_script_enabled=javascript, expected=(404,)), enrol_url(nora)
    page.goto(url)
    page.get_by_role("button", name="Sign in as nora@example.org").click()
    elsewhere = [
        "/",
        "/help/ci/",
        draft_url(draft),
        draft_url(draft, "publish"),
        "/account/",
        "/nowhere/",
    ]
    for path in elsewhere:
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_have_text("Set a password")
    page.locator("[name=password1]").fill("a long and quiet evening")
    page.locator("[name=password2]").fill("a long and quiet evening")
    page.get_by_role("button", name="Set the password").click()
    for path in elsewhere[:3]:
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_have_text("Set up a second factor")
    expect(page.get_by_role("img", name=re.compile("QR code"))).to_be_visible()
    secret = page.locator("#secret").inner_text()
    page.locator("[name=new_code]").fill(code_now(secret))
    page.get_by_role("button", name="Set up the authenticator app").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
    page.get_by_role("link", name="Go to the queue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Queue")
    assert page.goto(draft_url(draft)).status == 404  # she is a stranger to the project
    assert open_page(expected=(404,)).goto(url).status == 404  # the link worked once


def code_now(secret: str) -> str:
    """The code that an authenticator app shows for this secret."""
    import time

    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def test_a_mismatch_stops_the_button(open_page, draft, mike):
    page = open_page(user=mike)
    page.goto(draft_url(draft))
    wheel = draft.files.get(filename=WHEEL)
    paste(page, log_of(draft).replace(wheel.sha256, "0" * 64))
    expect(page.locator("#verdict")).to_contain_text("Do not publish: 1 of 2 files is not what CI logged")
    expect(page.locator(f'[data-file="{WHEEL}"]')).to_have_attribute("data-evidence", "mismatch")
    expect(page.locator('[data-blocker="evidence-mismatch"]')).to_contain_text(WHEEL)
    button = page.get_by_role("link", name="Not yet: 1 to fix")
    expect(button).to_be_disabled()
    assert button.get_attribute("href") is None
    expect(page.get_by_role("link", name="Publish sampleproject 1.0")).to_have_count(0)
    page.goto(draft_url(draft, "publish"))
    expect(page).to_have_url(re.compile(r"/drafts/1\.0/$"))
    expect(page.get_by_text("cannot be published now")).to_be_visible()


def test_a_wrong_code_publishes_nothing(open_page, draft, mike):
    page = open_page(user=mike, expected=(403,))
    page.goto(draft_url(draft, "publish"))
    right = totp_code("mike")
    page.locator("[name=code]").fill(f"{(int(right) + 1) % 1_000_000:06}")
    page.get_by_role("button", name="Publish sampleproject 1.0").click()
    expect(page.get_by_role("alert")).to_contain_text("That code is wrong, too old, or was used before.")
    expect(page.get_by_role("heading", level=1)).to_have_text("Publish sampleproject 1.0")
    draft.refresh_from_db()
    assert draft.state == DraftState.OPEN


@pytest.mark.promise
def test_a_draft_that_changed_is_not_published(open_page, draft, ci, mike):
    """It is true that the answer shows which file changed since the confirmation page, and that no code is spent."""
    page = open_page(user=mike, expected=(409,))
    page.goto(draft_url(draft, "publish"))
    again = wheels.wheel(salt="built again")
    assert ci.upload(again).status_code == 200
    page.locator("[name=code]").fill(totp_code("mike"))
    with page.expect_response(lambda answer: answer.request.method == "POST") as answer:
        page.get_by_role("button", name="Publish sampleproject 1.0").click()
    assert answer.value.status == 409
    expect(page.get_by_role("heading", level=1)).to_have_text("The draft changed since you looked")
    expect(page.get_by_role("main")).to_contain_text(WHEEL)
    expect(page.get_by_role("main")).not_to_contain_text(SDIST)
    draft.refresh_from_db()
    assert draft.state == DraftState.OPEN
    page.get_by_role("link", name="Review sampleproject 1.0 again").click()
    expect(page.locator(f'[data-file="{WHEEL}"] code').first).to_have_attribute("title", again.sha256)


def open_row(page: Page, filename: str) -> None:
    page.locator(f'[data-file="{filename}"] summary').click()


@both_ways
def test_a_file_is_deleted(open_page, draft, mike, javascript):
    page = open_page(user=mike, java_script_enabled=javascript)
    page.goto(draft_url(draft))
    open_row(page, WHEEL)
    page.get_by_role("link", name="Delete file").and_(page.locator(":visible")).click()
    page.get_by_role("button", name=f"Delete {WHEEL}").click()
    expect(
        page.get_by_text(f"{WHEEL} is out of the draft. Nothing was published, so the name stays free.")
    ).to_be_visible()
    expect(page.locator(f'[data-file="{WHEEL}"]')).to_have_count(0)
    assert [file.filename for file in draft.files.live()] == [SDIST]


@both_ways
def test_a_file_is_replaced_from_the_browser(open_page, draft, mike, tmp_path, javascript):
    built = wheels.wheel(salt="built by hand")
    page = open_page(user=mike, java_script_enabled=javascript)
    page.goto(draft_url(draft))
    page.get_by_label("Add or replace files").set_input_files(built.write(tmp_path))
    page.get_by_role("button", name="Stage these files").click()
    expect(page.get_by_text(f"{WHEEL}: replaced.")).to_be_visible()
    expect(page.locator(f'[data-file="{WHEEL}"]')).to_contain_text("replaced 1×")
    file = File.objects.get(filename=WHEEL, superseded_by=None)
    assert (file.sha256, file.staged_by_user) == (built.sha256, mike)


@both_ways
def test_a_refused_file_is_explained(open_page, draft, mike, tmp_path, javascript):
    page = open_page(user=mike, java_script_enabled=javascript)
    page.goto(draft_url(draft))
    lying = wheels.wheel(tag="cp312-cp312-win_amd64", says_version="2.0").write(tmp_path)
    page.get_by_label("Add or replace files").set_input_files([lying])
    page.get_by_role("button", name="Stage these files").click()
    expect(page.get_by_text(f"Not staged: {lying.name}.")).to_be_visible()
    assert draft.files.live().count() == 2


@both_ways
def test_a_draft_is_canceled(live, open_page, draft, mike, javascript):
    page = open_page(user=mike, java_script_enabled=javascript)
    page.goto(draft_url(draft))
    page.get_by_role("link", name="Cancel this draft").click()
    page.get_by_role("button", name="Cancel the draft of sampleproject 1.0").click()
    expect(page.locator("#verdict")).to_contain_text("Canceled")
    draft.refresh_from_db()
    assert draft.state == DraftState.CANCELED
    assert live.page() is None


def test_a_page_that_is_open_shows_files_as_they_arrive(open_page, draft, ci, rita):
    """It is true that the head counts them at once, that a table being read waits, and that what is typed stays."""
    page = open_page(user=rita)
    page.goto(draft_url(draft))
    page.locator("[name=log]").fill("half a log")
    late = wheels.wheel(tag="cp312-cp312-win_amd64")
    assert ci.upload(late).status_code == 200
    expect(page.locator("#draft-head")).to_contain_text("3 files", timeout=15_000)
    expect(page.locator("[name=log]")).to_have_value("half a log")
    page.get_by_role("link", name="Show the files that arrived since").click()
    expect(page.locator(f'[data-file="{late.filename}"]')).to_have_count(1)
