"""A trusted publisher's run and a tampered file, in a real browser: what stops the release is seen first."""

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone

from accounts.audit import Actor
from drafts import secrets
from drafts.evidence.add import paste
from drafts.models import AttestationSearch, CiSource, Draft, EvidenceLog
from tests import wheels
from tests.conftest import do_jobs, draft_url
from tests.providers import github as hubs
from tests.test_logs_of_each_ci import LOGS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WHEEL, SDIST = wheels.wheel(), wheels.sdist()
TAMPERED = wheels.wheel(salt="tampered")
SIZES = {"light": {"width": 1280, "height": 900}, "dark": {"width": 390, "height": 844}}


@pytest.fixture
def staged(server, trusted_there, project, alice, rita) -> Draft:
    """A release of two files: the run's log says otherwise of the wheel, and rita pasted four more formats of it."""
    server.hub.token = hubs.TOKEN
    server.hub.add("dist", WHEEL, SDIST)
    server.hub.made_by = {"dist": "build"}
    said = "".join(f"{one.sha256}  dist/{one.filename}\n" for one in (WHEEL, SDIST))
    server.hub.logs = {"build": said.encode(), "publish": b"Uploading\n"}
    CiSource.objects.create(
        project=project,
        kind="github",
        api=server.api,
        repository="octo/sampleproject",
        repository_id=4711,
        token_sealed=secrets.seal_ci_token(hubs.TOKEN),
        set_by=alice,
    )
    ci = server.mint()
    for built in (TAMPERED, SDIST):
        assert ci.upload(built).status_code == 200
    do_jobs()
    draft = Draft.objects.get()
    for name, log in LOGS.items():
        paste(draft=draft, data=log.encode(), label=name, user=rita, by=Actor.system("tests"))
    asked = {
        "asked_by": rita,
        "ended_at": timezone.now(),
        "said": "GitHub keeps attestations of 0 of 2 files.",
    }
    AttestationSearch.objects.create(draft=draft, **asked)
    return draft


@pytest.mark.parametrize("scheme", SIZES)
def test_a_tampered_file_cannot_be_overlooked(scheme, staged, open_page, mike):
    page = open_page(user=mike, viewport=SIZES[scheme])
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(draft_url(staged))
    assert (
        page.locator("#verdict").inner_text().startswith("Do not publish: 1 of 2 files is not what CI logged")
    )
    assert page.locator("[data-blocker=evidence-mismatch]").is_visible()
    if os.environ.get("PICTURES"):
        page.screenshot(path=f"{os.environ['PICTURES']}/tampered-{scheme}-top.png")
    page.locator("#evidence > summary").click()
    assert page.locator("[data-followed=read]").is_visible()
    assert page.get_by_role("button", name="Look for attestations again").is_visible()
    if os.environ.get("PICTURES"):
        page.screenshot(path=f"{os.environ['PICTURES']}/tampered-{scheme}.png", full_page=True)
    assert EvidenceLog.objects.count() == 1 + len(LOGS)
    assert Axe().run(page).violations_count == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[scheme]["width"]
