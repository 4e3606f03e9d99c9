"""A maintainer sets wrong evidence aside, with a second factor and a reason: it stays listed and counts for nothing."""

import pytest
from django.test import Client

from accounts.audit import Actor
from accounts.models import ActLock, AuditEvent
from accounts.stepup import ProofRefused, Purpose
from drafts.access.members import NotYours
from drafts.evidence import aside
from drafts.evidence.add import paste
from drafts.evidence.verdicts import comparison, summary
from drafts.models import EvidenceLog, Membership, NotEditable
from tests import wheels
from tests.conftest import draft_url, publish, totp_code
from tests.pressing import browser_of
from tests.proofs import proof_of

pytestmark = pytest.mark.django_db
WHEEL, SDIST = wheels.wheel(), wheels.sdist()
SYSTEM = Actor.system("tests")
REASON = "The run was canceled half-way."


@pytest.fixture
def wrong(draft, rita) -> EvidenceLog:
    """A log that names the wheel with another digest: nothing can be published."""
    data = f"{'0' * 64}  {WHEEL.filename}\n".encode()
    return paste(draft=draft, data=data, label="run 8811", user=rita, by=SYSTEM).log


@pytest.fixture
def page(draft, wrong) -> str:
    """The page that sets it aside."""
    return draft_url(draft, "evidence-aside", wrong.pk)


def press(browser: Client, page: str, **form: str):
    return browser.post(page, {"reason": REASON, "code": totp_code("mike"), **form})


def verdict(draft) -> str:
    return str(comparison(draft).files[WHEEL.filename].verdict)


def test_what_is_set_aside_counts_for_nothing_and_stays_listed(draft, wrong, page, mike, rita):
    """It is true that the file is blocked no more, and page, event and record keep the log with the reason."""
    browser = browser_of(mike)
    assert verdict(draft) == "mismatch"
    assert browser.get(page).status_code == 200
    assert press(browser, page).status_code == 302
    assert verdict(draft) == "none"
    shown = browser_of(rita).get(draft_url(draft)).content.decode()
    assert "data-aside" in shown
    assert f"by mike: {REASON}" in shown
    event = AuditEvent.objects.get(event="evidence:set-aside")
    assert (event.digest, event.details["reason"], event.details["method"]) == (wrong.sha256, REASON, "totp")
    wheel = next(one for one in summary(draft) if one["filename"] == WHEEL.filename)
    assert [(one["log"], one["reason"], one["by"]) for one in wheel["set_aside"]] == [
        (wrong.sha256, REASON, "mike")
    ]


def test_the_publish_says_what_was_set_aside(draft, page, mike):
    press(browser_of(mike), page)
    publish(draft, mike)
    said = AuditEvent.objects.get(event="draft:published").details["evidence"]
    assert [one["reason"] for file in said for one in file["set_aside"]] == [REASON]


def test_it_can_be_counted_again(draft, page, mike):
    """It is true that the act is taken back by the same page, with another code, and each has its event."""
    browser = browser_of(mike)
    press(browser, page)
    assert b"Count this log again?" in browser.get(page).content
    assert press(browser, page).status_code == 302
    assert verdict(draft) == "mismatch"
    assert EvidenceLog.objects.get().set_aside_reason == ""
    assert AuditEvent.objects.filter(event="evidence:counted-again").count() == 1


REFUSED = {
    "no reason": ({"reason": "  "}, 400, "Say why this log does not count"),
    "no code": ({"code": ""}, 403, "Type the six digits"),
    "a wrong code": ({"code": "000000"}, 403, "That code is wrong"),
}


@pytest.mark.parametrize(("changes", "status", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_changes_nothing(draft, page, mike, changes, status, words):
    response = press(browser_of(mike), page, **changes)
    assert (response.status_code, words in response.content.decode()) == (status, True)
    assert verdict(draft) == "mismatch"
    assert not AuditEvent.objects.filter(event="evidence:set-aside").exists()


def test_no_code_is_spent_without_a_reason(page, mike):
    press(browser_of(mike), page, reason="")
    assert ActLock.objects.count() == 0


def test_a_reviewer_cannot(draft, page, rita):
    """It is true that who may only review sees no button and gets no further."""
    browser = browser_of(rita)
    assert browser.get(page).status_code == 403
    assert page not in browser.get(draft_url(draft)).content.decode()


@pytest.mark.promise
def test_the_act_takes_a_proof_for_this_very_log(draft, wrong, mike, rita):
    """It is true that a proof for another log, another text or another act sets nothing aside."""
    other = paste(
        draft=draft, data=f"{'1' * 64}  {WHEEL.filename}\n".encode(), label="other", user=rita, by=SYSTEM
    ).log
    foreign = (aside.purpose(other), Purpose("publish", draft.subject), Purpose("ci", "project:1"))
    for purpose in foreign:
        with pytest.raises(ProofRefused):
            aside.set_aside(log=wrong, reason=REASON, by=SYSTEM, proof=proof_of(mike, purpose))
    assert not EvidenceLog.objects.exclude(set_aside_at=None).exists()


@pytest.mark.promise
def test_who_is_no_maintainer_any_more_changes_nothing(wrong, mike):
    proof = proof_of(mike, aside.purpose(wrong))
    Membership.objects.filter(user=mike).update(role="reviewer")
    with pytest.raises(NotYours):
        aside.set_aside(log=wrong, reason=REASON, by=SYSTEM, proof=proof)
    assert EvidenceLog.objects.get().set_aside_at is None


def test_a_draft_that_is_being_published_keeps_its_evidence(draft, wrong, mike):
    type(draft).objects.filter(pk=draft.pk).update(
        state="processing", publishing_fingerprint="0" * 64, publishing_by=mike
    )
    with pytest.raises(NotEditable):
        aside.set_aside(log=wrong, reason=REASON, by=SYSTEM, proof=proof_of(mike, aside.purpose(wrong)))


def test_a_second_time_changes_nothing(wrong, mike):
    for done in (True, False):
        proof = proof_of(mike, aside.purpose(wrong))
        assert aside.set_aside(log=wrong, reason=REASON, by=SYSTEM, proof=proof) is done
    assert AuditEvent.objects.filter(event="evidence:set-aside").count() == 1
