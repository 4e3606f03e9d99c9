"""The draft page's first screen: what is left, where it is cleared, what happened since, what was viewed."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from drafts.models import Draft, Inspection, Look, Remembered, Resolution, Says
from tests import wheels
from tests.approving import approve
from tests.conftest import draft_url, publish

pytestmark = pytest.mark.django_db
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA" + "0" * 40 + "\n"


@pytest.fixture
def ritas(rita) -> Client:
    """rita's browser, signed in."""
    client = Client()
    client.force_login(rita)
    return client


def screen(client: Client, draft: Draft) -> str:
    return client.get(draft_url(draft)).content.decode()


def panel(page: str) -> str:
    """The text of the publish panel, tags left out."""
    inside = page.partition('<div id="panel">')[2].partition("</aside>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", inside).split())


def left(draft: Draft, **changes) -> None:
    """Let this person have looked two hours ago, and not since."""
    Look.objects.filter(draft=draft).update(at=timezone.now() - timedelta(hours=2), **changes)


# --- what is left ---------------------------------------------------------------------------------------------


def test_each_line_of_the_panel_leads_to_the_blockers_it_speaks_of(ci, mikes, alice):
    for tag in ("cp313-cp313-win_amd64", "cp314-cp314-win_amd64"):
        ci.upload(wheels.wheel(tag=tag))
    publish(Draft.objects.get(), alice)
    ci.upload(wheels.wheel(version="1.1", tag="cp313-cp313-win_amd64", files={"key.pem": KEY}))
    draft = Draft.objects.get(version="1.1")
    page = screen(mikes, draft)
    assert "Not yet: 2 to fix" in panel(page)
    blockers = re.findall(r'data-blocker="([a-z-]+)"[^>]*id="blocker-(\d)"', page)
    assert {code for code, _ in blockers} == {"credential-leaked", "not-as-last-time"}
    assert sorted(re.findall(r'href="#blocker-(\d)"', page)) == ["1", "2"]


def test_what_leaked_is_accepted_where_it_stands(ci, mikes):
    """It is true that the form in the blocker accepts that path in that draft, with the reason, and nothing else."""
    ci.upload(wheels.wheel(files={"sampleproject/key.pem": KEY}))
    draft = Draft.objects.get()
    page = screen(mikes, draft).partition('id="blockers"')[2].partition("</section>")[0]
    form = dict(re.findall(r'<input type="hidden" name="(code|pattern|scope)" value="([^"]*)"', page))
    assert form == {"code": "leaked-credential", "pattern": "sampleproject/key.pem", "scope": "draft"}
    mikes.post(draft_url(draft, "finding-accept"), {**form, "reason": "a key for tests"})
    row = Remembered.objects.get()
    assert (row.pattern, row.draft_id) == ("sampleproject/key.pem", draft.pk)
    assert 'data-blocker="credential-leaked"' not in screen(mikes, draft)
    assert "1 accepted" in panel(screen(mikes, draft))


def test_a_reviewer_is_offered_no_act_that_she_may_not_do(ci, ritas):
    ci.upload(wheels.wheel(files={"sampleproject/key.pem": KEY}))
    page = screen(ritas, Draft.objects.get())
    assert 'data-blocker="credential-leaked"' in page
    assert "finding-accept" not in page
    assert "It is none, for this reason" not in page


def test_a_file_that_could_not_be_inspected_is_inspected_again_from_its_blocker(draft, mikes):
    Inspection.objects.update(state="failed", error="It took too long.", object_id=None)
    page = screen(mikes, draft)
    assert page.count("Inspect it again<span") == 2
    assert "Waiting for you: " in page
    assert f'action="{draft_url(draft, "file-inspect", wheels.wheel().filename)}"' in page


INSTALLS = {
    "not asked": (None, "where it installs: not asked yet"),
    "everywhere": (["resolves"] * 4, "installs on 2 of 2 platforms"),
    "not on one": (["resolves", "resolves", "resolves", "fails"], "installs on 1 of 2 platforms"),
    "not known on one": (["resolves", "resolves", "unknown", "resolves"], "installs on 1 of 2 platforms"),
    "a Python left out": (["resolves", "excluded", "resolves", "resolves"], "installs on 2 of 2 platforms"),
    "a platform left out": (["resolves", "resolves", "excluded", "excluded"], "installs on 1 of 1 platforms"),
}


@pytest.mark.parametrize(("states", "words"), INSTALLS.values(), ids=INSTALLS.keys())
def test_where_it_installs_is_on_the_first_screen(draft, mikes, states, words):
    if states:
        where = [("3.13", "Linux x86-64"), ("3.14", "Linux x86-64"), ("3.13", "Windows"), ("3.14", "Windows")]
        results = [
            [*one, state, "no wheel" if state == "fails" else ""]
            for one, state in zip(where, states, strict=True)
        ]
        now = draft.changed_at
        Resolution.objects.create(
            draft=draft, fingerprint=draft.fingerprint(), changed_at=now, results=results
        )
    assert words in panel(screen(mikes, draft))


def test_of_other_files_nobody_says_where_they_install(draft, mikes):
    Resolution.objects.create(
        draft=draft,
        fingerprint="0" * 64,
        changed_at=draft.changed_at,
        results=[["3.13", "Linux", "resolves", ""]],
    )
    assert "where it installs is being asked" in panel(screen(mikes, draft))


# --- since you last looked ------------------------------------------------------------------------------------


def test_who_returns_is_told_what_others_did_since(draft, ci, mikes, ritas):
    """It is true that what a person did is no news to them, and that the first look has nothing to tell."""
    assert "Since you last looked" not in screen(mikes, draft)
    assert "Since you last looked" not in screen(ritas, draft)
    left(draft)
    ci.upload(wheels.wheel(files={"sampleproject/new.py": "x = 1\n"}))
    mikes.post(draft_url(draft, "link-make"), {"label": "a tester"})
    log = f"{'0' * 64}  dist/{wheels.wheel().filename}"
    mikes.post(draft_url(draft, "evidence-add"), {"log": log})
    his, hers = screen(mikes, draft), screen(ritas, draft)
    assert "1 file replaced" in his
    assert "log added" not in his
    assert "1 file replaced, 1 log added" in hers
    assert hers.count("data-new") >= 2
    assert his.count("data-new") < hers.count("data-new")


def test_a_visit_lasts_while_somebody_goes_on_looking(draft, ci, ritas):
    """It is true that reading on within half an hour keeps what is new, and that the next visit begins with nothing."""
    screen(ritas, draft)
    left(draft)
    ci.upload(wheels.sdist(files={"new.py": ""}))
    for _ in "ab":
        assert "1 file replaced" in screen(ritas, draft)
    left(draft)
    Look.objects.update(at=timezone.now())
    assert "1 file replaced" in screen(ritas, draft)
    Look.objects.update(since=timezone.now())
    assert "Since you last looked" not in screen(ritas, draft)


def test_a_watching_page_is_no_look(draft, rita, ritas):
    screen(ritas, draft)
    left(draft)
    before = Look.objects.get(user=rita).at
    assert ritas.get(draft_url(draft, "draft-now")).status_code == 200
    assert Look.objects.get(user=rita).at == before


# --- viewed ---------------------------------------------------------------------------------------------------


def digest_of(page: str, area: str) -> str:
    return re.search(
        rf'name="area" value="{area}">\s*<input type="hidden" name="digest" value="(\w*)"', page
    )[1]


@pytest.mark.parametrize("area", ["files", "evidence", "findings", "changes"])
def test_a_section_is_viewed_as_it_was_shown(draft, ci, mikes, ritas, area):
    """It is true that a mark is one person's own, ends with any change of what it was about, and can be taken away."""
    url = draft_url(draft, "draft-viewed")
    shown = digest_of(screen(ritas, draft), area)
    assert ritas.post(url, {"area": area, "digest": shown})["Location"].endswith(f"#{area}")
    assert f'data-viewed="{area}">viewed' in screen(ritas, draft)
    assert f'data-viewed="{area}"' not in screen(mikes, draft)
    ci.upload(wheels.wheel(files={"x.pth": "import os"}, requires_python=">=3.11"))
    mikes.post(draft_url(draft, "evidence-add"), {"log": f"{'0' * 64}  {wheels.wheel().filename}"})
    if area != "changes":  # a first release has nothing to compare with, before and after
        assert f'data-viewed="{area}" data-state="changed"' in screen(ritas, draft)
    ritas.post(url, {"area": area, "digest": ""})
    assert f'data-viewed="{area}"' not in screen(ritas, draft)


def test_marks_neither_block_nor_leave_events_and_others_are_not_found(draft, alice, ritas, charlie):
    url = draft_url(draft, "draft-viewed")
    assert ritas.post(url, {"area": "panel", "digest": "0"}).status_code == 404
    assert ritas.post(url, {"area": "files", "digest": "0" * 65}).status_code == 404
    stranger = Client()
    stranger.force_login(charlie)
    assert stranger.post(url, {"area": "files", "digest": "0"}).status_code == 404
    assert not Look.objects.filter(user=charlie).exists()
    publish(draft, alice)
    assert draft.state == "published"


def test_red_is_for_do_not_publish_alone(draft, rita, ritas):
    """It is true that a reviewer's wish for changes is amber in the panel, as it is in the verdict."""
    approve(rita, draft, Says.CHANGES, "the wheel is empty")
    page = screen(ritas, draft)
    assert "Not yet: rita wants changes." in page
    assert "changes wanted" in panel(page)
    assert 'data-mark="bad"' not in page
