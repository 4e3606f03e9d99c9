"""Passkeys at sign-in and when they are made."""

import pytest
from django.test import Client

from accounts import passkeys
from accounts.models import AuditEvent, PasskeyChallenge
from tests.authenticator import Key, ask, give_key, press, spelled
from tests.conftest import PASSWORD, sign_in, totp_code
from tests.test_passkeys import NONSENSE

pytestmark = pytest.mark.django_db


# --- signing in with one -----------------------------------------------------------------------------------


def test_a_passkey_signs_in(alice):
    key, client = give_key(alice), Client()
    step = client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})["Location"]
    response = press(client, step, key)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.get("/").status_code == 200
    assert AuditEvent.objects.get(event="person:signed-in").details["how"] == "password webauthn"


@pytest.mark.promise
def test_a_signature_signs_in_once(alice):
    """It is true that a sign-in overheard as a whole opens no second session."""
    key, client, thief = give_key(alice), Client(), Client()
    step = client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})["Location"]
    credential = key.sign(ask(client, step))
    assert client.post(step, {"code": "", "credential": credential}).status_code == 302
    thief.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    for form in ({"code": "", "credential": credential}, {"credential": credential}):
        assert thief.post(step, form).status_code == 200
    assert thief.get("/").status_code == 302


def test_there_is_nothing_to_ask_before_the_password(alice):
    give_key(alice)
    response = Client().post("/accounts/2fa/authenticate/", {"code": "", "passkey": "ask"})
    assert (response.status_code, PasskeyChallenge.objects.filter(act="sign in").count()) == (302, 0)


# --- making one ------------------------------------------------------------------------------------------------

MADE_WRONG = {
    "for another site": {"origin": "https://evil.example"},
    "for another name": {"rp": "evil.example"},
    "without a touch": {"flags": 0},
    "as a use": {"type": "webauthn.get"},
    "for a challenge that nobody asked": {"challenge": spelled(bytes(32))},
}


def begin(client: Client) -> dict:
    """Prove the app on the first page; returns what the second one asks the browser to make."""
    response = client.post("/account/factors/passkey/", {"name": "Laptop", "code": totp_code("mike")})
    assert response.status_code == 200, response.content.decode()
    return response.context["options"]["publicKey"]


def options_of(client: Client) -> dict:
    from tests.authenticator import as_json

    return as_json({"publicKey": begin(client)})


@pytest.mark.promise
@pytest.mark.parametrize("wrong", MADE_WRONG.values(), ids=MADE_WRONG.keys())
def test_a_passkey_that_was_made_elsewhere_is_not_added(mike, mikes, wrong):
    credential = Key().make(options_of(mikes), **wrong)
    response = mikes.post("/account/factors/passkey/made/", {"name": "x", "credential": credential})
    assert (response.status_code, passkeys.of(mike)) == (400, [])
    assert "No passkey was added" in response.content.decode()


@pytest.mark.promise
def test_a_passkey_is_added_once_and_after_a_proof_alone(mike, mikes, rita):
    """It is true that nothing is added without a second factor at that very act, twice, or to somebody else."""
    refused = mikes.post("/account/factors/passkey/", {"name": "x", "code": "000000"})
    assert (refused.status_code, PasskeyChallenge.objects.count()) == (403, 0)
    key = Key()
    form = {"name": "Laptop", "credential": key.make(options_of(mikes))}
    ritas = sign_in(rita)
    assert ritas.post("/account/factors/passkey/made/", form).status_code == 400
    assert mikes.post("/account/factors/passkey/made/", form).status_code == 302
    assert mikes.post("/account/factors/passkey/made/", form).status_code == 400
    assert [factor.wrap().name for factor in passkeys.of(mike)] == ["Laptop"]
    again = {"name": "Laptop", "credential": key.make(options_of(mikes))}
    assert mikes.post("/account/factors/passkey/made/", again).status_code == 400
    assert passkeys.of(rita) == []


@pytest.mark.parametrize("text", NONSENSE, ids=range(len(NONSENSE)))
def test_what_no_browser_makes_is_refused_in_words(mike, mikes, text):
    response = mikes.post("/account/factors/passkey/made/", {"name": "x", "credential": text})
    assert (response.status_code, passkeys.of(mike)) == (400, [])
