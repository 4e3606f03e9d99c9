"""Every page, in a real browser, light on a screen and dark on a phone: axe finds nothing, and nothing runs off it."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page

from accounts import people
from accounts.audit import Actor
from drafts.access import links
from drafts.evidence.add import paste
from drafts.models import Draft, EvidenceLog, Remembered
from tests import wheels
from tests.browser import open_all
from tests.conftest import draft_url, make_ci, publish

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SYSTEM = Actor.system("tests")


def newcomer() -> str:
    nora = people.add(email="nora@example.org", name="Nora", by=SYSTEM)
    return f"/welcome/{people.invite(nora)}/"


def test_sign_in(look):
    look("/accounts/login/")


def test_a_wrong_password(look):
    def try_one(page: Page) -> None:
        page.locator("[name=login]").fill("nobody@example.org")
        page.locator("[name=password]").fill("not the password")
        page.get_by_role("button", name="Sign in").click()

    page = look("/accounts/login/", prepare=try_one)
    assert page.get_by_text("not correct").is_visible()


def test_the_welcome_link(look):
    look(newcomer())


def test_enrolment(look):
    def press(page: Page) -> None:
        page.get_by_role("button", name="Sign in as nora@example.org").click()

    page = look(newcomer(), prepare=press)
    page.locator("[name=password1]").fill("a long and quiet evening")
    page.locator("[name=password2]").fill("a long and quiet evening")
    page.get_by_role("button", name="Set the password").click()
    assert page.locator("#secret").is_visible()
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_the_queue_before_anything(look, project, mike):
    page = look("/", user=mike)
    assert page.get_by_text("Nothing is staged yet").is_visible()


def test_the_queue_with_every_kind_of_row(look, ci, mike):
    for version in ("0.9", "1.0"):
        assert ci.upload(wheels.wheel(version=version)).status_code == 200
    publish(Draft.objects.get(version="0.9"), mike)
    page = look("/", user=mike)
    assert page.get_by_role("link", name="sampleproject 1.0").is_visible()
    assert page.get_by_role("link", name="sampleproject 0.9").is_visible()


def test_a_draft_without_files(look, ci, mike):
    assert ci.upload(wheels.wheel()).status_code == 200
    draft = Draft.objects.get()
    for file in draft.files.all():
        file.cancel()
    look(draft_url(draft), user=mike, prepare=open_all)


def test_a_draft_that_mismatches(look, draft, mike):
    def paste(page: Page) -> None:
        page.locator("[name=log]").fill(
            "\n".join(f"{'0' * 64}  dist/{file.filename}" for file in draft.files.all())
        )
        page.get_by_role("button", name="Compare with the staged files").click()
        open_all(page)

    page = look(draft_url(draft), user=mike, prepare=paste)
    assert page.locator('#verdict:has-text("Do not publish")').is_visible()


def test_a_log_and_setting_it_aside(look, draft, mike, rita):
    data = (
        f"first\n{'0' * 64}  {wheels.wheel().filename}\n\x1b[8m{'1' * 64}  {wheels.sdist().filename}\x1b[0m\n"
    )
    log = paste(draft=draft, data=data.encode(), label="run 8812", user=rita, by=SYSTEM).log
    look(f"{draft_url(draft, 'evidence-log', log.pk)}?line=2", user=mike)
    look(draft_url(draft, "evidence-aside", log.pk), user=mike)
    look(draft_url(draft), user=mike, prepare=open_all)


def test_files_are_dropped_on_the_text_area(open_page, draft, mike):
    """It is true that what is dropped goes with its name, so that a sidecar says of which file it is."""
    page = open_page(user=mike)
    page.goto(draft_url(draft))
    page.locator("#evidence").evaluate("(one) => { one.open = true; }")
    page.evaluate(
        """([name, text]) => {
            const dropped = new DataTransfer();
            dropped.items.add(new File([text], name));
            const event = new DragEvent("drop", { dataTransfer: dropped, bubbles: true, cancelable: true });
            document.querySelector("#log").dispatchEvent(event);
        }""",
        [f"{wheels.wheel().filename}.sha256", f"{wheels.wheel().sha256}\n"],
    )
    page.get_by_role("button", name="Compare with the staged files").click()
    page.wait_for_url(draft_url(draft))
    assert EvidenceLog.objects.get().label == f"{wheels.wheel().filename}.sha256"


def test_a_draft_that_is_ready(look, draft, ci, mike):
    """Also: a replaced file, links alive and revoked, an earlier release."""
    assert ci.upload(wheels.wheel(salt="built again")).status_code == 200
    links.make(draft=draft, by=SYSTEM, label="Rita's laptop")
    links.revoke(link=links.make(draft=draft, by=SYSTEM, label="lost"), by=SYSTEM)

    def paste(page: Page) -> None:
        lines = [f"{file.sha256}  dist/{file.filename}" for file in draft.files.live()]
        page.locator("[name=log]").fill("\n".join(lines))
        page.get_by_role("button", name="Compare with the staged files").click()
        open_all(page)

    page = look(draft_url(draft), user=mike, prepare=paste)
    assert page.locator('#verdict:has-text("Ready to publish")').is_visible()


def test_a_draft_of_many_wheels_after_a_release(look, ci, mike):
    """Also: the coverage grid with a lost wheel, which scrolls inside itself on a phone."""
    tags = [
        f"cp3{minor}-cp3{minor}-{platform}"
        for minor in (11, 12)
        for platform in ("win_amd64", "macosx_11_0_arm64")
    ]
    for version, some in (("0.9", tags), ("1.0", tags[:-1])):
        for tag in some:
            assert ci.upload(wheels.wheel(version=version, tag=tag)).status_code == 200
        if version == "0.9":
            publish(Draft.objects.get(version="0.9"), mike)
    look(draft_url(Draft.objects.get(version="1.0")), user=mike, prepare=open_all)


def test_a_published_draft(look, draft, mike):
    publish(draft, mike)
    page = look(draft_url(draft), user=mike, prepare=open_all)
    assert page.locator('#verdict:has-text("Published")').is_visible()


@pytest.mark.parametrize("name", ["publish", "draft-cancel"])
def test_a_confirmation(look, draft, mike, name):
    look(draft_url(draft, name), user=mike, prepare=open_all)


def test_the_deletion_of_a_file(look, draft, mike):
    look(draft_url(draft, "file-delete", draft.files.first().filename), user=mike)


def test_a_wrong_code(look, draft, mike):
    def give(page: Page) -> None:
        page.locator("[name=code]").fill("12")
        page.get_by_role("button", name="Publish sampleproject 1.0").click()

    page = look(draft_url(draft, "publish"), user=mike, prepare=give, expected=(403,))
    assert page.get_by_role("alert").is_visible()


def test_the_testers_page(look, draft):
    look(links.url(links.make(draft=draft, by=SYSTEM, label="Rita's laptop")))


def test_the_testers_page_after_publishing(look, draft, mike):
    link = links.make(draft=draft, by=SYSTEM, label="Rita's laptop")
    publish(draft, mike)
    look(links.url(link))


def test_a_project(look, draft, alice):
    make_ci(draft.project, label="windows-box", add_only=True)
    publish(draft, alice)
    look("/projects/sampleproject/", user=alice, prepare=open_all)


@pytest.mark.parametrize(
    "path",
    [
        "/help/ci/",
        "/help/errors/",
        "/account/",
        "/account/factors/app/",
        "/account/factors/passkey/",
        "/account/codes/make/",
        "/accounts/password/change/",
    ],
)
def test_a_page_for_everybody_signed_in(look, mike, path):
    look(path, user=mike, prepare=open_all)


def test_a_page_that_is_not_there(look, mike):
    look("/projects/nothing/", user=mike, expected=(404,))


def test_the_index_is_plain(open_page, draft, mike):
    """It is true that a browser may look at the index too, without an account."""
    publish(draft, mike)
    page = open_page()
    assert page.goto("/simple/").ok
    page.get_by_role("link", name="sampleproject").click()
    assert page.get_by_role("link").count() == 2


def test_a_published_release(draft, mike, mikes, look):
    """It is true that the page where files are yanked is one for everybody."""
    publish(draft, mike, mikes)
    path = reverse("release", args=["sampleproject", "1.0"])
    form = {"act": "yank chosen", "file": [wheels.sdist().filename], "reason": "does not build on musl"}
    mikes.post(reverse("release-yank", args=["sampleproject", "1.0"]), form)
    page = look(path, user=mike)
    assert page.get_by_text("yanked: does not build on musl").is_visible()


@pytest.mark.parametrize(
    "query",
    ["", "?tab=contents", "?find=sample", "?member=sampleproject/a.py&line=3", "?member=sampleproject/b.bin"],
)
def test_a_file_with_findings(look, ci, mike, query):
    text = "# Title\n\n[jump](#title) ![drawing](https://example.org/a.png)\n\n## Below\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    files = {
        "sampleproject/a.py": "x = 1\n" * 50 + "y = '\u202e'\n" + "z" * 3000,
        "sampleproject/b.bin": b"\0\1",
    }
    fields = (
        ("Description-Content-Type", "text/markdown"),
        ("Project-URL", "Home, https://example.org/" + "x" * 200),
    )
    built = wheels.wheel(files={**files, "x.pth": "import os"}, description=text, fields=fields)
    assert ci.upload(built).status_code == 200
    look(draft_url(Draft.objects.get(), "file-page", built.filename) + query, user=mike, prepare=open_all)


def test_findings_accepted_and_not(look, ci, mike):
    built = wheels.wheel(
        files={"x.pth": "import os", "sampleproject/.env": "a"}, extra=(("sampleproject/b.py", b""),)
    )
    assert ci.upload(built).status_code == 200
    row = {"code": "pth-file", "severity": "warn", "pattern": "*", "reason": "meant", "by": mike}
    draft = Draft.objects.get()
    Remembered.objects.create(project=draft.project, **row)
    look(draft_url(draft), user=mike, prepare=open_all)
    look("/projects/sampleproject/findings/", user=mike)
