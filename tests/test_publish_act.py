"""The act of publishing itself, past every page: what it refuses, it refuses whoever calls it (promise 6)."""

from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone

from accounts import stepup
from accounts.audit import Actor
from accounts.models import AuditEvent
from accounts.stepup import Proof, ProofRefused, Purpose
from drafts.models import Changed, Draft, Membership, NotEditable, Role
from drafts.publishing import publish as act
from tests import wheels
from tests.conftest import totp_code
from tests.pressing import assert_untouched, mismatch

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
SYSTEM = Actor.system("tests")


def proof_of(user, draft: Draft, **changes: str) -> Proof:
    """A proof as the page makes it; ``changes`` make it one for something else."""
    request = RequestFactory().post("/", {"code": totp_code(user.email.split("@")[0])})
    request.user = user
    right = {"act": "publish", "on": draft.subject, "fingerprint": draft.fingerprint()}
    return stepup.prove(request, Purpose(**{**right, **changes}))


def start(draft: Draft, proof: Proof) -> None:
    act.start(draft=draft, by=SYSTEM, proof=proof, fingerprint=draft.fingerprint())


OTHER_PURPOSES = [{"act": "approve"}, {"on": "draft:0"}, {"fingerprint": "0" * 64}, {"fingerprint": ""}]


@pytest.mark.parametrize("changes", OTHER_PURPOSES)
def test_the_act_refuses_a_proof_for_something_else(draft, mike, changes):
    with pytest.raises(ProofRefused):
        start(draft, proof_of(mike, draft, **changes))
    assert_untouched(draft)


def test_the_act_refuses_an_old_proof(draft, mike, monkeypatch):
    proof = proof_of(mike, draft)
    later = timezone.now() + timedelta(minutes=5, seconds=1)
    monkeypatch.setattr(stepup.timezone, "now", lambda: later)
    with pytest.raises(ProofRefused, match="older"):
        start(draft, proof)
    monkeypatch.undo()
    assert_untouched(draft)


def test_the_act_refuses_a_reviewers_proof(draft, rita):
    with pytest.raises(act.NotYours):
        start(draft, proof_of(rita, draft))
    assert_untouched(draft)


def test_the_act_refuses_who_lost_the_role_meanwhile(draft, mike):
    proof = proof_of(mike, draft)
    Membership.objects.filter(user=mike).update(role=Role.REVIEWER)
    with pytest.raises(act.NotYours):
        start(draft, proof)
    assert_untouched(draft)


def test_nobody_makes_a_proof_by_hand(draft, mike):
    with pytest.raises(ProofRefused):
        Proof(mike, "totp", timezone.now(), act.purpose(draft, draft.fingerprint()), object())


def test_the_act_enforces_every_blocker(draft, mike, rita):
    """It is true that the act asks the policy itself: a blocker that came after the page's check stops it."""
    proof = proof_of(mike, draft)
    mismatch(draft, rita)
    with pytest.raises(act.Blocked) as caught:
        start(draft, proof)
    assert [blocker.code for blocker in caught.value.blockers] == ["evidence-mismatch"]
    assert_untouched(draft)


def test_the_act_asks_for_the_fingerprint_again(draft, mike, ci):
    proof, seen = proof_of(mike, draft), draft.fingerprint()
    ci.upload(wheels.wheel(build="1"))
    with pytest.raises(Changed):
        act.start(draft=draft, by=SYSTEM, proof=proof, fingerprint=seen)
    assert_untouched(draft)


def test_the_act_refuses_a_draft_that_is_being_published(draft, mike):
    first = proof_of(mike, draft)
    start(draft, first)
    with pytest.raises(NotEditable):
        start(draft, first)
    assert AuditEvent.objects.filter(event="draft:publishing").count() == 1
