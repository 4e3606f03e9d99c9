"""Second factors of an account: added, moved, removed, held and confirmed, each with a proof at that very act."""

import time
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import codes, factors, holds, passkeys, people
from accounts.audit import Actor
from accounts.models import AuditEvent, FactorHold, TotpCounter, User
from tests.authenticator import Key, ask, give_key, press
from tests.conftest import PASSWORD, draft_url, sign_in, totp_code
from tests.test_passkeys import options_of

pytestmark = pytest.mark.django_db
APP, PASSKEY, MADE = "/account/factors/app/", "/account/factors/passkey/", "/account/factors/passkey/made/"


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def app_of(user) -> Authenticator:
    return Authenticator.objects.get(user=user, type="totp")


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


@pytest.fixture
def newcomer(db):
    """Somebody with a password and nothing else, signed in."""
    user = people.add(email="nora@example.org", password=PASSWORD, by=Actor.system("tests"))
    client = Client()
    response = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert response["Location"] == "/"
    return user, client


def shown_secret(client) -> str:
    return client.get(APP).context["secret"]


# --- the first one ------------------------------------------------------------------------------------------


def test_a_newcomer_starts_with_an_app(newcomer):
    user, client = newcomer
    assert client.get("/")["Location"] == "/account/enrol/"
    response = client.post(APP, {"new_code": code_of(shown_secret(client))})
    assert (response.status_code, response["Location"]) == (302, "/account/codes/")
    shown = client.get("/account/codes/").content.decode()
    assert all(code in shown for code in codes.unused(user))
    assert client.get("/").status_code == 200
    assert holds.of_factor(app_of(user)) is None


def test_a_newcomer_starts_with_a_passkey(newcomer):
    user, client = newcomer
    options = client.post(PASSKEY, {"name": ""}).context["options"]["publicKey"]
    from tests.authenticator import as_json

    response = client.post(MADE, {"name": "", "credential": Key().make(as_json({"publicKey": options}))})
    assert (response.status_code, response["Location"]) == (302, "/account/codes/")
    assert client.get("/").status_code == 200
    assert [holds.of_factor(row) for row in passkeys.of(user)] == [None]
    assert len(codes.unused(user)) == 10


@pytest.mark.promise
def test_a_first_passkey_that_was_begun_before_is_no_second_one(newcomer):
    """It is true that whoever knew the password before the person enrolled adds nothing afterwards without a proof."""
    from tests.authenticator import as_json

    user, client = newcomer
    thief = Client()
    thief.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    begun = as_json({"publicKey": thief.post(PASSKEY, {"name": ""}).context["options"]["publicKey"]})
    new = passkeys.read_new(user, factors.creation_purpose(user), Key().make(begun))
    begun = as_json({"publicKey": thief.post(PASSKEY, {"name": ""}).context["options"]["publicKey"]})
    assert client.post(APP, {"new_code": code_of(shown_secret(client))}).status_code == 302
    assert thief.post(MADE, {"name": "", "credential": Key().make(begun)}).status_code == 400
    with pytest.raises(passkeys.BadPasskey):
        factors.add_passkey(user=user, name="x", new=new, by=Actor.person(user))
    assert passkeys.of(user) == []


def test_a_wrong_code_of_the_new_app_sets_nothing_up(newcomer):
    user, client = newcomer
    secret = shown_secret(client)
    response = client.post(APP, {"new_code": "000000" if code_of(secret) != "000000" else "000001"})
    assert response.status_code == 400
    assert "Nothing was set up" in response.content.decode()
    assert shown_secret(client) == secret
    assert not user.is_enrolled


# --- others, with a proof at the very act --------------------------------------------------------------------


@pytest.mark.promise
@pytest.mark.parametrize("code", ["", "000000", "12345678"])
def test_nothing_changes_without_a_proof(mike, mikes, code):
    """It is true that an open browser, signed in a moment ago, is not enough to change a lock."""
    give_key(mike)
    client, app = sign_in(mike), app_of(mike)
    before = list(Authenticator.objects.values())
    secret = shown_secret(client)
    tried = [
        client.post(APP, {"new_code": code_of(secret), "code": code}),
        client.post(PASSKEY, {"name": "x", "code": code}),
        client.post(f"/account/factors/{app.pk}/remove/", {"code": code}),
        client.post("/account/codes/make/", {"code": code}),
    ]
    assert [response.status_code for response in tried] == [403] * 4
    drop = ("last_used_at",)
    assert [{k: v for k, v in row.items() if k not in drop} for row in Authenticator.objects.values()] == [
        {k: v for k, v in row.items() if k not in drop} for row in before
    ]


def test_an_act_on_factors_refuses_a_proof_of_another_person_or_act(mike, rita):
    from accounts.stepup import ProofRefused
    from tests.proofs import proof_of

    give_key(mike)
    app, by = app_of(mike), Actor.person(mike)
    for proof in (
        proof_of(rita, factors.remove_purpose(app)),
        proof_of(mike, factors.codes_purpose(mike)),
    ):
        with pytest.raises(ProofRefused):
            factors.remove(factor=app, by=by, proof=proof)
    for wrong in (None, proof_of(rita, factors.add_purpose(rita, "totp"))):
        with pytest.raises(ProofRefused):
            factors.add_app(user=mike, secret="A" * 32, by=by, proof=wrong)
        with pytest.raises(ProofRefused):
            factors.begin_passkey(user=mike, proof=wrong)
    assert app_of(mike) == app


def test_the_app_moves_to_another_phone(mike):
    client, old = sign_in(mike), app_of(mike)
    secret = shown_secret(client)
    response = client.post(APP, {"new_code": code_of(secret), "code": totp_code("mike")})
    assert (response.status_code, response["Location"]) == (302, "/account/")
    assert app_of(mike).pk != old.pk
    used = totp_code("mike")
    fresh = Client()
    step = fresh.post("/accounts/login/", {"login": mike.email, "password": PASSWORD})["Location"]
    assert fresh.post(step, {"code": used}).status_code == 200
    TotpCounter.objects.update(last_counter=0)
    assert fresh.post(step, {"code": code_of(secret)}).status_code == 302


def test_a_factor_is_removed_but_never_the_last(mike):
    give_key(mike, "Blue <b>key</b>")
    client = sign_in(mike)
    for factor in factors.of(mike):
        path = f"/account/factors/{factor.pk}/remove/"
        assert "<b>key" not in client.get(path).content.decode()
        last = client.post(path, {"code": totp_code("mike")}) if factor.type == "webauthn" else None
        if last:
            assert (last.status_code, last["Location"]) == (302, "/account/")
    app = app_of(mike)
    last = client.post(f"/account/factors/{app.pk}/remove/", {"code": totp_code("mike")})
    assert last.status_code == 403
    assert "it is the only one" in last.content.decode()
    assert app_of(mike) == app


def test_nobody_removes_what_is_another_persons(mike, rita):
    give_key(rita)
    client = sign_in(mike)
    for factor in factors.of(rita):
        path = f"/account/factors/{factor.pk}/remove/"
        assert (
            client.get(path).status_code == client.post(path, {"code": totp_code("mike")}).status_code == 404
        )


def test_new_recovery_codes_replace_the_old_ones_and_are_shown_once(mike):
    client, old = sign_in(mike), codes.unused(mike)
    assert client.get("/account/codes/").status_code == 302
    response = client.post("/account/codes/make/", {"code": totp_code("mike")})
    assert response["Location"] == "/account/codes/"
    assert all(code in client.get("/account/codes/").content.decode() for code in codes.unused(mike))
    assert not set(old) & set(codes.unused(mike))
    session = client.session
    session["codes_shown_until"] = time.time() - 1
    session.save()
    assert client.get("/account/codes/").status_code == 302


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


# --- words ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_each_change_is_told_by_mail(alice):
    key = give_key(alice)
    client = sign_in(alice)
    mail.outbox.clear()
    client.post("/account/codes/make/", {"code": totp_code("alice")})
    client.post(PASSKEY, {"name": "x", "code": totp_code("alice")})
    client.post(
        f"/account/factors/{app_of(alice).pk}/remove/",
        {"credential": key.sign(ask(client, f"/account/factors/{app_of(alice).pk}/remove/"))},
    )
    said = [message.subject for message in mail.outbox]
    assert said == [
        "[Presscheck] New recovery codes were made",
        "[Presscheck] A second factor was removed",
    ]
    for message in mail.outbox:
        html = message.alternatives[0][0]
        assert message.to == [alice.email]
        assert message.body.count("http") == 2  # where to go, and which server it is
        assert html.count("<a ") == 1


def test_a_name_is_shown_and_never_runs(mike, mikes):
    options = options_of(mikes)
    name = "<script>alert(1)</script>\u202egnp.exe"
    assert mikes.post(MADE, {"name": name, "credential": Key().make(options)}).status_code == 302
    page = mikes.get("/account/").content.decode()
    assert "<script>alert" not in page
    assert "\u202e" not in page
