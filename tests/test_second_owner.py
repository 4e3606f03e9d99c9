"""A second owner lets less be asked at once: whose yes counts."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import stepup
from accounts.audit import Actor
from accounts.models import AuditEvent, FactorHold
from accounts.stepup import ProofRefused
from drafts.access import loosening
from drafts.access.loosening import NotPending
from drafts.access.members import NotYours
from drafts.access.policy import Policy
from drafts.models import EvidenceDemand
from tests.conftest import totp_code
from tests.loosened import CALM, STRICT, ask, events, now, olga, pass_a_day, say_yes, state, strict
from tests.proofs import proof_of
from tests.racing import race

pytestmark = [pytest.mark.django_db, pytest.mark.state]
__all__ = ["olga", "strict"]
PAGE = "/projects/sampleproject/settings/"


def test_a_second_owner_lets_it_take_effect_at_once(strict, alice, olga):
    assert say_yes(ask(strict, alice), olga) == ""
    assert (now(), state(), events()) == (CALM, "done", ["loosening-asked", "loosened"])
    event = AuditEvent.objects.get(event="project:policy-loosened")
    assert (event.details["asked_by"], event.details["method"]) == (alice.email, "totp")
    pass_a_day()  # the job that is left finds nothing to do
    assert events() == ["loosening-asked", "loosened"]


def the_same_owner(alice, olga):
    return alice


def removed(alice, olga):
    olga.memberships.all().delete()
    return olga


def demoted(alice, olga):
    olga.memberships.update(role="maintainer")
    return olga


def an_owner_since_it_was_asked(alice, olga):
    olga.memberships.update(since=timezone.now())
    return olga


@pytest.mark.promise
@pytest.mark.parametrize("who", [the_same_owner, removed, demoted, an_owner_since_it_was_asked])
def test_whose_yes_is_no_second_owners(strict, alice, olga, who):
    """It is true that one owner, alone or with somebody they made an owner, loosens nothing at once."""
    row = ask(strict, alice)
    user = who(alice, olga)
    with pytest.raises(NotYours):
        say_yes(row, user)
    assert (now(), state(), events()) == (STRICT, "pending", ["loosening-asked"])


@pytest.mark.promise
def test_a_factor_that_is_held_says_no_yes(strict, alice, olga):
    """It is true that who took over an account yesterday is no second owner today."""
    row = ask(strict, alice)
    FactorHold.objects.create(user=olga, until=timezone.now() + timedelta(hours=1), reason="it is new")
    browser = Client()
    browser.force_login(olga)
    answer = browser.post(f"{PAGE}waiting/{row.pk}/confirm/", {"code": totp_code("olga")})
    assert (answer.status_code, now(), state()) == (403, STRICT, "pending")
    with pytest.raises(stepup.FactorHeld):
        say_yes(row, olga)


@pytest.mark.promise
def test_a_proof_for_another_change_says_no_yes(strict, alice, olga):
    """It is true that a yes is for one change: what took its place meanwhile needs another."""
    first = ask(strict, alice, Policy(evidence_demand=EvidenceDemand.CI))
    proof = proof_of(olga, loosening.confirm_purpose(first))
    second = ask(strict, alice)
    with pytest.raises(ProofRefused):
        loosening.confirm(loosening=second, by=Actor.person(olga), proof=proof)
    with pytest.raises(NotPending):
        loosening.confirm(loosening=first, by=Actor.person(olga), proof=proof)
    assert now() == STRICT


@pytest.mark.django_db(transaction=True)
def test_of_a_yes_and_a_withdrawal_at_once_one_counts(strict, alice, olga):
    """It is true that two owners who press at the same moment leave one outcome and one event."""
    row = ask(strict, alice)
    proof = proof_of(olga, loosening.confirm_purpose(row))

    def tried(act) -> str:
        try:
            act()
        except NotPending:
            return "too late"
        return "done"

    outcomes = race(
        [
            lambda: tried(lambda: loosening.confirm(loosening=row, by=Actor.person(olga), proof=proof)),
            lambda: tried(lambda: loosening.withdraw(loosening=row, user=alice, by=Actor.person(alice))),
        ]
    )
    assert sorted(outcomes) == ["done", "too late"]
    assert (now(), state()) in [(CALM, "done"), (STRICT, "withdrawn")]
    assert len(events()) == 2


# --- how it ends ------------------------------------------------------------------------------------------
