"""Second factors that are new: what they are held off, and who confirms them; what a recovery code may."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from accounts import codes, holds, passkeys, people
from accounts.audit import Actor
from accounts.models import AuditEvent, FactorHold, TotpCounter, User
from tests.authenticator import give_key, press
from tests.conftest import PASSWORD, draft_url, sign_in, totp_code
from tests.test_second_factors import APP, app_of, code_of, shown_secret

pytestmark = pytest.mark.django_db


def grow_old(user) -> None:
    """Make the account, and what it has, two days old."""
    then = timezone.now() - timedelta(days=2)
    User.objects.filter(pk=user.pk).update(date_joined=then)
    Authenticator.objects.filter(user=user).update(created_at=then)
    user.refresh_from_db()


@pytest.fixture
def old_mike(mike):
    """mike, whose account is two days old."""
    grow_old(mike)
    return mike


# --- who lost the phone --------------------------------------------------------------------------------------


def sign_in_by_recovery(user) -> Client:
    client = Client()
    step = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})["Location"]
    assert client.post(step, {"code": codes.unused(user)[0]}).status_code == 302
    return client


def test_who_lost_the_phone_sets_up_another_with_recovery_codes(old_mike, draft):
    """It is true that two recovery codes lead to a working app, which then publishes nothing for 72 hours."""
    client = sign_in_by_recovery(old_mike)
    secret = shown_secret(client)
    assert (
        client.post(APP, {"new_code": code_of(secret), "code": codes.unused(old_mike)[0]}).status_code == 302
    )
    assert len(codes.unused(old_mike)) == 8
    TotpCounter.objects.update(last_counter=0)
    response = client.post(
        draft_url(draft, "publish"), {"fingerprint": draft.fingerprint(), "code": code_of(secret)}
    )
    assert response.status_code == 403
    assert "not good for this before" in response.content.decode()
    assert {hold.until > timezone.now() + timedelta(hours=71) for hold in FactorHold.objects.all()} == {True}


@pytest.mark.promise
@pytest.mark.parametrize("path", ["/account/codes/make/", "remove"])
def test_a_recovery_code_changes_no_other_lock(mike, path):
    """It is true that it adds a factor and does nothing else: no new codes, no removal."""
    key_row = Authenticator.objects.get(pk=give_key(mike) and passkeys.of(mike)[0].pk)
    client = sign_in(mike)
    path = f"/account/factors/{key_row.pk}/remove/" if path == "remove" else path
    assert client.post(path, {"code": codes.unused(mike)[0]}).status_code == 403
    assert (len(codes.unused(mike)), len(passkeys.of(mike))) == (10, 1)


# --- held off publishing --------------------------------------------------------------------------------------


@pytest.mark.promise
@pytest.mark.parametrize(
    ("days", "had_one", "recovered", "held"),
    [(2, True, False, True), (0, True, False, False), (2, False, False, False), (0, True, True, True)],
)
def test_which_new_factors_are_held(mike, days, had_one, recovered, held):
    """It is true that an account's first factor is free, and one on an older or recovered account waits 72 hours."""
    User.objects.filter(pk=mike.pk).update(
        date_joined=timezone.now() - timedelta(days=days), recovered_at=timezone.now() if recovered else None
    )
    mike.refresh_from_db()
    TotpCounter.objects.filter(user=mike).update(enrolled_before=had_one)
    give_key(mike)
    hold = holds.of_factor(passkeys.of(mike)[0])
    assert (hold is not None) == held
    if hold:
        assert timedelta(hours=71) < hold.until - timezone.now() <= timedelta(hours=72)
    assert TotpCounter.objects.get(user=mike).enrolled_before


@pytest.mark.promise
def test_a_fresh_passkey_publishes_nothing_and_the_older_app_does(old_mike, mikes, draft):
    """It is true that the hold is the factor's own, so that nobody who adds a key is kept from work."""
    key, url = give_key(old_mike), draft_url(draft, "publish")
    response = press(mikes, url, key, fingerprint=draft.fingerprint())
    assert response.status_code == 403
    assert "not good for this before" in response.content.decode()
    assert draft.state == "open"
    form = {"fingerprint": draft.fingerprint(), "code": totp_code("mike")}
    assert mikes.post(url, form).status_code == 302


def test_a_password_reset_holds_what_is_set_up_after_it(mike):
    people.set_password(user=mike, password="another quiet evening", by=Actor.person(mike), forgotten=True)
    mike.refresh_from_db()
    give_key(mike)
    assert holds.of_factor(passkeys.of(mike)[0])
    assert holds.of_factor(app_of(mike)) is None


@pytest.mark.promise
def test_a_held_factor_takes_no_older_one_away(old_mike, mikes):
    """It is true that whoever added a key yesterday cannot lock the owner of the account out with it."""
    key = give_key(old_mike)
    app, fresh = app_of(old_mike), passkeys.of(old_mike)[0]
    assert press(mikes, f"/account/factors/{app.pk}/remove/", key).status_code == 403
    assert press(mikes, "/account/codes/make/", key).status_code == 403
    assert app_of(old_mike) == app
    assert press(mikes, f"/account/factors/{fresh.pk}/remove/", key).status_code == 302


def confirm_path() -> str:
    return f"/account/factors/confirm/{FactorHold.objects.standing().get().pk}/"


def test_an_older_factor_confirms_a_fresh_one(old_mike, mikes, draft):
    key = give_key(old_mike)
    assert b"publishes after 72 hours" in mikes.get("/account/").content
    assert mikes.get(confirm_path()).status_code == 200
    assert mikes.post(confirm_path(), {"code": totp_code("mike")}).status_code == 302
    assert b"publishes after 72 hours" not in mikes.get("/account/").content
    response = press(mikes, draft_url(draft, "publish"), key, fingerprint=draft.fingerprint())
    assert response.status_code == 302
    assert AuditEvent.objects.filter(event="factor:confirmed").count() == 1


@pytest.mark.promise
def test_a_fresh_factor_confirms_nothing(old_mike, mikes):
    """It is true that neither the held one itself, nor one that came after it, nor a recovery code lifts a hold."""
    key = give_key(old_mike)
    path = confirm_path()
    assert press(mikes, path, key).status_code == 403
    newer = give_key(old_mike)
    assert press(mikes, path, newer).status_code == 403
    FactorHold.objects.filter(factor=passkeys.of(old_mike)[1]).update(confirmed_at=timezone.now())
    assert press(mikes, path, newer).status_code == 403
    assert mikes.post(path, {"code": codes.unused(old_mike)[0]}).status_code == 403
    assert FactorHold.objects.standing().count() == 1


def test_nobody_confirms_what_is_another_persons(old_mike, rita):
    give_key(old_mike)
    assert sign_in(rita).post(confirm_path(), {"code": totp_code("rita")}).status_code == 404


def test_an_older_factor_confirms_that_a_recovery_code_was_ones_own(old_mike, draft):
    client = sign_in_by_recovery(old_mike)
    form = {"fingerprint": draft.fingerprint(), "code": totp_code("mike")}
    assert client.post(draft_url(draft, "publish"), form).status_code == 403
    assert client.post(confirm_path(), {"code": totp_code("mike")}).status_code == 302
    form["code"] = totp_code("mike", ahead=1)
    assert client.post(draft_url(draft, "publish"), form).status_code == 302


# --- an owner vouches -------------------------------------------------------------------------------------------


def member_path(user, project: str = "sampleproject") -> str:
    return f"/projects/{project}/people/{user.pk}/confirm/"


def test_an_owner_confirms_a_member(old_mike, mikes, alice, draft):
    key, alices = give_key(old_mike), sign_in(alice)
    assert member_path(old_mike) in alices.get("/projects/sampleproject/").content.decode()
    assert alices.get(member_path(old_mike)).status_code == 200
    assert alices.post(member_path(old_mike), {"code": totp_code("alice")}).status_code == 302
    assert press(mikes, draft_url(draft, "publish"), key, fingerprint=draft.fingerprint()).status_code == 302
    assert "nothing to confirm" in alices.get(member_path(old_mike)).content.decode()


@pytest.mark.promise
def test_who_may_not_vouch_lifts_nothing(old_mike, alice, rita, project):
    """It is true that it takes an owner, another person, and one who owns all that the held person publishes."""
    from drafts.access.projects import create

    give_key(old_mike)
    grow_old(alice)
    create(name="other", by=Actor.system("tests"), owner=old_mike.email)
    assert sign_in(rita).post(member_path(old_mike), {"code": totp_code("rita")}).status_code == 403
    alices = sign_in(alice)
    assert alices.post(member_path(old_mike), {"code": "000000"}).status_code == 403
    response = alices.post(member_path(old_mike), {"code": totp_code("alice")}, follow=True)
    assert "also publishes other" in response.content.decode()
    mine = member_path(old_mike, "other")
    own = sign_in(old_mike).post(mine, {"code": totp_code("mike")}, follow=True)
    assert "nobody vouches for themselves" in own.content.decode()
    assert FactorHold.objects.standing().count() == 1
    assert not AuditEvent.objects.filter(event="factor:confirmed").exists()
