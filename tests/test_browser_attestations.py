"""Attestations on the draft page, in a real browser: who signed is seen, and what does not count cannot be mistaken."""

import json
import os

import pytest
from axe_playwright_python.sync_playwright import Axe

from drafts.models import CiSource, Draft
from tests import wheels
from tests.conftest import do_jobs, draft_url
from tests.sigstore import Sigstore, Workflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WHEEL, SDIST = wheels.wheel(), wheels.sdist()
SIZES = {"light": {"width": 1280, "height": 900}, "dark": {"width": 390, "height": 844}}


@pytest.fixture
def attested(ci, project, alice, settings, tmp_path) -> Draft:
    """A wheel that the registered workflow signed; an sdist with a stranger's signature and with one of other bytes."""
    own = Sigstore()
    (tmp_path / "root.json").write_text(own.root)
    settings.SIGSTORE_ROOT = str(tmp_path / "root.json")
    CiSource.objects.create(
        project=project, kind="github", repository="acme/sample", repository_id=4711, set_by=alice
    )
    by_a_stranger = Workflow(repository="mallory/a-rather-long-name-of-a-repository-for-a-telephone")
    sent = {
        WHEEL: [own.attestation(WHEEL.filename, WHEEL.sha256)],
        SDIST: [
            own.attestation(SDIST.filename, SDIST.sha256, by_a_stranger),
            own.attestation(SDIST.filename, WHEEL.sha256),
        ],
    }
    for built, attestations in sent.items():
        assert ci.upload(built, attestations=json.dumps(attestations)).status_code == 200
    do_jobs()
    return Draft.objects.get()


@pytest.mark.parametrize("scheme", SIZES)
def test_the_page_says_who_signed(scheme, attested, open_page, mike):
    page = open_page(user=mike, viewport=SIZES[scheme])
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(draft_url(attested))
    for name in (WHEEL.filename, SDIST.filename):
        page.locator(f"tbody[id='file-{name}'] summary").click()
    if os.environ.get("PICTURES"):
        page.screenshot(path=f"{os.environ['PICTURES']}/attested-{scheme}.png", full_page=True)
    states = page.locator("[data-attested]").evaluate_all("all => all.map((one) => one.dataset.attested)")
    assert sorted(states) == ["proven", "stranger", "unverified"]
    assert page.locator("[data-attested=proven]").is_visible()
    assert Axe().run(page).violations_count == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[scheme]["width"]
