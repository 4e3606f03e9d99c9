"""Approvals under attack and in a race: forged proofs, old fingerprints, and two acts at the same moment (promise 6)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent, FactorHold
from accounts.stepup import FactorHeld, ProofRefused, Purpose
from drafts.access.members import NotYours
from drafts.models import Approval, Changed, Draft, DraftState, Membership, NotEditable, Says
from drafts.publishing import approvals
from drafts.publishing import publish as pressing
from drafts.publishing.policy import blockers
from tests import wheels
from tests.approving import approve, browser, needs, press_approve
from tests.conftest import do_jobs, draft_url, totp_code
from tests.inspected import inspect_now
from tests.proofs import proof_of
from tests.racing import race

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
SYSTEM = Actor.system("tests")


def say(draft: Draft, proof, **changes) -> None:
    told = {"says": Says.YES, "fingerprint": draft.fingerprint(), **changes}
    approvals.say(draft=draft, by=SYSTEM, proof=proof, **told)


def nothing_said() -> bool:
    return not Approval.objects.exists() and not AuditEvent.objects.filter(event="draft:approved").exists()


OTHERS = {
    "publishing": lambda draft: Purpose("publish", draft.subject, draft.fingerprint()),
    "a no": lambda draft: approvals.purpose(draft, Says.CHANGES, draft.fingerprint()),
    "other files": lambda draft: approvals.purpose(draft, Says.YES, "0" * 64),
    "another draft": lambda draft: Purpose("approve", "draft:0", draft.fingerprint()),
}


@pytest.mark.parametrize("purpose", OTHERS.values(), ids=OTHERS.keys())
def test_a_proof_for_something_else_approves_nothing(draft, rita, purpose):
    with pytest.raises(ProofRefused):
        say(draft, proof_of(rita, purpose(draft)))
    assert nothing_said()


def test_an_approval_is_no_proof_for_publishing(draft, mike):
    seen = draft.fingerprint()
    proof = proof_of(mike, approvals.purpose(draft, Says.YES, seen))
    inspect_now()
    with pytest.raises(ProofRefused):
        pressing.start(draft=draft, by=SYSTEM, proof=proof, fingerprint=seen)


def test_a_code_that_was_used_approves_nothing(draft, rita):
    """It is true that the code of one approval is no code for the next, also not for taking it back."""
    code = totp_code("rita")
    fields = {"says": "yes", "fingerprint": draft.fingerprint(), "code": code}
    page = browser(rita)
    assert page.post(draft_url(draft, "approve"), fields).status_code == 302
    again = page.post(draft_url(draft, "approve"), {**fields, "says": "changes", "note": "no"})
    assert again.status_code == 403
    back = draft_url(draft, "approval-withdraw", Approval.objects.get().pk)
    assert page.post(back, {"code": code}).status_code == 403
    assert [one.says for one in Approval.objects.standing()] == ["yes"]


@pytest.mark.parametrize("seen", ["", "0" * 64, "nonsense"])
def test_a_fingerprint_that_is_not_the_drafts_is_shown_and_costs_no_code(draft, rita, seen):
    assert press_approve(rita, draft, fingerprint=seen).status_code == 409
    assert nothing_said()


def test_files_that_came_meanwhile_are_not_approved(draft, ci, rita):
    seen = draft.fingerprint()
    proof = proof_of(rita, approvals.purpose(draft, Says.YES, seen))
    ci.upload(wheels.wheel(build="1"))
    with pytest.raises(Changed):
        say(draft, proof, fingerprint=seen)
    assert nothing_said()


def test_who_was_removed_after_the_code_approves_nothing(draft, rita):
    proof = proof_of(rita, approvals.purpose(draft, Says.YES, draft.fingerprint()))
    Membership.objects.filter(user=rita).delete()
    with pytest.raises(NotYours):
        say(draft, proof)
    assert nothing_said()


def test_a_factor_that_is_held_approves_nothing(draft, rita):
    """It is true that a factor which is too fresh, or follows a recovery, does not approve, and says why."""
    now = timezone.now()
    FactorHold.objects.create(user=rita, until=now + timedelta(hours=72), at=now, reason="it is new")
    with pytest.raises(FactorHeld):
        approve(rita, draft)
    assert press_approve(rita, draft).status_code == 403
    assert nothing_said()


@pytest.mark.parametrize("code", ["", "000000"])
def test_without_a_code_given_now_nothing_is_approved(draft, rita, code):
    assert press_approve(rita, draft, code=code).status_code == 403
    assert nothing_said()


def test_what_is_being_published_takes_no_word_any_more(draft, mike, rita):
    inspect_now()
    approve(rita, draft)
    started(draft, mike)
    with pytest.raises(NotEditable):
        approve(rita, draft)
    with pytest.raises(NotEditable):
        take_back(rita, draft)
    do_jobs()
    draft.refresh_from_db()
    assert draft.state == DraftState.PUBLISHED


def started(draft: Draft, user) -> None:
    seen = draft.fingerprint()
    proof = proof_of(user, pressing.purpose(draft, seen))
    pressing.start(draft=draft, by=SYSTEM, proof=proof, fingerprint=seen)


def take_back(user, draft: Draft) -> None:
    row = Approval.objects.get(user=user, draft=draft)
    proof = proof_of(user, approvals.withdraw_purpose(draft, row))
    approvals.withdraw(approval=row, by=SYSTEM, proof=proof)


def test_nobody_takes_anothers_word_back(draft, mike, rita):
    """It is true of the act itself, with the right proof of the wrong person."""
    approve(rita, draft)
    row = Approval.objects.get()
    with pytest.raises(approvals.NotWithdrawn):
        approvals.withdraw(
            approval=row, by=SYSTEM, proof=proof_of(mike, approvals.withdraw_purpose(draft, row))
        )
    assert Approval.objects.standing().count() == 1


# --- races -----------------------------------------------------------------------------------------------


def outcome(call) -> str:
    """What became of a call, in a word."""
    try:
        call()
    except (Changed, NotEditable, pressing.Blocked) as error:
        return type(error).__name__
    return "done"


@pytest.mark.state
@pytest.mark.django_db(transaction=True)
def test_an_approval_that_races_with_an_upload(draft, ci, rita):
    """It is true that whichever is first, no approval stands for files that nobody saw."""
    needs(1)
    seen = draft.fingerprint()
    proof = proof_of(rita, approvals.purpose(draft, Says.YES, seen))
    said, response = race(
        [
            lambda: outcome(lambda: say(draft, proof, fingerprint=seen)),
            lambda: ci.upload(wheels.wheel(build="1")),
        ]
    )
    assert response.status_code == 200
    assert said in {"done", "Changed"}
    assert not Approval.objects.standing().exists()
    assert "approvals-missing" in [one.code for one in blockers(Draft.objects.get())]


@pytest.mark.state
@pytest.mark.django_db(transaction=True)
def test_two_approvals_of_one_person_at_once_are_one(draft, rita):
    seen = draft.fingerprint()
    proofs = [proof_of(rita, approvals.purpose(draft, Says.YES, seen)) for _ in "ab"]
    said = race([lambda proof=proof: outcome(lambda: say(draft, proof)) for proof in proofs])
    assert said == ["done", "done"]
    assert Approval.objects.standing().count() == 1
    assert Approval.objects.count() == 2


@pytest.mark.state
@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_are_two(draft, rita, alice):
    needs(2)
    said = race(
        [lambda: outcome(lambda: approve(rita, draft)), lambda: outcome(lambda: approve(alice, draft))]
    )
    assert said == ["done", "done"]
    assert Approval.objects.standing().count() == 2


@pytest.mark.state
@pytest.mark.django_db(transaction=True)
def test_publishing_that_races_with_taking_the_approval_back(draft, mike, rita):
    """It is true that either it is published with the approval on record, or taken back and not published."""
    needs(1)
    inspect_now()
    approve(rita, draft)
    pressed, back = race(
        [lambda: outcome(lambda: started(draft, mike)), lambda: outcome(lambda: take_back(rita, draft))]
    )
    assert (pressed, back) in {("done", "NotEditable"), ("Blocked", "done")}
    do_jobs()
    draft.refresh_from_db()
    assert (draft.state == DraftState.PUBLISHED) == (pressed == "done")
    if pressed == "done":
        said = AuditEvent.objects.get(event="draft:published").details["approvals"]
        assert [one["name"] for one in said] == ["rita"]
