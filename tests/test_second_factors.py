"""Second factors of an account: added, moved, removed, held and confirmed, each with a proof at that very act."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.test import Client

from accounts import codes, factors, holds, passkeys, people
from accounts.audit import Actor
from accounts.models import TotpCounter
from tests.authenticator import Key, ask, give_key
from tests.conftest import PASSWORD, sign_in, totp_code
from tests.test_passkeys_made import options_of

pytestmark = pytest.mark.django_db
APP, PASSKEY, MADE = "/account/factors/app/", "/account/factors/passkey/", "/account/factors/passkey/made/"


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def app_of(user) -> Authenticator:
    return Authenticator.objects.get(user=user, type="totp")


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
