"""Step-up: a code works once, five wrong ones lock the act, and a recovery buys no release."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import stepup, totp
from accounts.models import ActLock, FactorHold
from accounts.stepup import ActLocked, FactorHeld, NotProven, Purpose, WrongCode
from tests.conftest import PASSWORD, totp_code
from tests.racing import race

pytestmark = pytest.mark.django_db
PURPOSE = Purpose("publish", "draft:1", "f" * 64)


def give(user, code: str, purpose: Purpose = PURPOSE):
    """Give a code in a form, as a page does."""
    request = RequestFactory().post("/", {"code": code})
    request.user = user
    return stepup.prove(request, purpose)


def wrong() -> str:
    return "000000" if totp_code("mike") != "000000" else "000001"


def fail(user, times: int) -> None:
    for _ in range(times):
        with pytest.raises(WrongCode):
            give(user, wrong())


def test_a_code_makes_a_proof_for_its_purpose(mike):
    proof = give(mike, totp_code("mike"))
    assert (proof.user, proof.method, proof.purpose) == (mike, "totp", PURPOSE)
    proof.demand(PURPOSE)


def test_a_code_may_be_typed_in_two_groups(mike):
    code = totp_code("mike")
    assert give(mike, f" {code[:3]} {code[3:]} ").user == mike


@pytest.mark.promise
def test_a_code_works_once(mike):
    """It is true that a code, and every code before it, is spent by its first use, whatever it was for."""
    before, now = totp_code("mike", ahead=-1), totp_code("mike")
    give(mike, now)
    for code in (now, before):
        with pytest.raises(WrongCode):
            give(mike, code, Purpose("another act", "draft:2"))
    assert give(mike, totp_code("mike", ahead=1))


@pytest.mark.parametrize(("ahead", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (3, False)])
def test_clocks_may_differ_by_one_step(mike, ahead, accepted, monkeypatch):
    monkeypatch.setattr(totp.time, "time", lambda: 1_800_000_010.0)
    code = totp_code("mike", ahead=ahead)
    assert bool(totp.accept(mike, code)) == accepted


@pytest.mark.promise
def test_five_wrong_codes_lock_the_act_and_mail(mike):
    """It is true that after five wrong codes the right one is refused too, and the person learns of it by mail."""
    fail(mike, 4)
    assert mail.outbox == []
    with pytest.raises(ActLocked):
        give(mike, wrong())
    for code in (totp_code("mike"), wrong()):
        with pytest.raises(ActLocked, match="locked"):
            give(mike, code)
    assert [message.to for message in mail.outbox] == [[mike.email]]


def test_a_lock_is_one_persons_and_one_acts(mike, alice):
    fail(mike, 4)
    with pytest.raises(ActLocked):
        give(mike, wrong())
    assert give(alice, totp_code("alice"))
    assert give(mike, totp_code("mike"), Purpose("another act", "draft:1"))


def test_a_lock_ends_after_fifteen_minutes(mike):
    fail(mike, 4)
    with pytest.raises(ActLocked):
        give(mike, wrong())
    lock = ActLock.objects.get(act="publish")
    assert timedelta(minutes=14) < lock.locked_until - timezone.now() <= timedelta(minutes=15)
    ActLock.objects.update(locked_until=timezone.now())
    fail(mike, 4)
    assert give(mike, totp_code("mike"))


def test_a_right_code_forgets_the_wrong_ones(mike):
    fail(mike, 4)
    give(mike, totp_code("mike"))
    fail(mike, 4)
    assert give(mike, totp_code("mike"))


def test_an_empty_code_is_no_guess(mike):
    for _ in range(9):
        with pytest.raises(WrongCode):
            give(mike, "")
    assert give(mike, totp_code("mike"))


@pytest.mark.promise
@pytest.mark.django_db(transaction=True)
def test_guesses_at_one_moment_are_counted_too(mike):
    """It is true that of twenty guesses in parallel five are looked at, the act is locked and one mail is sent."""
    code = wrong()

    def guess() -> type:
        with pytest.raises(NotProven) as caught:
            give(mike, code)
        return caught.type

    said = race([guess] * 20)
    assert said.count(WrongCode) <= stepup.TRIES
    assert said.count(WrongCode) + said.count(ActLocked) == 20
    assert len(mail.outbox) == 1


@pytest.mark.promise
@pytest.mark.django_db(transaction=True)
def test_one_code_at_one_moment_proves_once(mike):
    code = totp_code("mike")

    def prove() -> bool:
        try:
            return bool(give(mike, code))
        except WrongCode:
            return False

    assert sorted(race([prove] * 4)) == [False, False, False, True]


def test_who_is_nobody_proves_nothing(mike):
    type(mike).objects.filter(pk=mike.pk).update(is_active=False)
    mike.refresh_from_db()
    for user in (AnonymousUser(), mike):
        with pytest.raises(NotProven):
            give(user, totp_code("mike"))


def recovery_code(user) -> str:
    return RecoveryCodes(Authenticator.objects.get(user=user, type="recovery_codes")).get_unused_codes()[0]


@pytest.mark.promise
def test_a_recovery_code_opens_the_door_and_buys_no_release(mike):
    """It is true that after a sign-in by recovery code nothing is published for 72 hours, and the code is spent."""
    code = recovery_code(mike)
    with pytest.raises(WrongCode):
        give(mike, code)
    for expected in (302, 200):
        client = Client()
        client.post("/accounts/login/", {"login": mike.email, "password": PASSWORD})
        assert client.post("/accounts/2fa/authenticate/", {"code": code}).status_code == expected
    with pytest.raises(FactorHeld, match="recovery"):
        give(mike, totp_code("mike"))
    FactorHold.objects.update(until=timezone.now())
    assert give(mike, totp_code("mike"))


def test_a_hold_does_not_spend_the_code(mike):
    hold = FactorHold.objects.create(user=mike, until=timezone.now() + timedelta(hours=1), reason="it is new")
    code = totp_code("mike")
    with pytest.raises(FactorHeld):
        give(mike, code)
    hold.delete()
    assert give(mike, code)
