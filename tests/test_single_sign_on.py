"""Single sign-on against a provider on loopback: it replaces the password, and neither the second factor nor the invitation."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from accounts import people
from accounts.audit import Actor
from accounts.models import AuditEvent, User
from tests.conftest import totp_code
from tests.providers.single_sign_on import CLIENT, SECRET, identity_provider

pytestmark = pytest.mark.django_db
LOGIN, BACK, SECOND = "/accounts/sso/login/", "/accounts/sso/callback/", "/accounts/2fa/authenticate/"


@pytest.fixture
def provider(settings):
    """The identity provider, named in the settings."""
    with identity_provider() as found:
        app = {"provider_id": "sso", "name": "Example login", "client_id": CLIENT, "secret": SECRET}
        app["settings"] = {"server_url": found.url}
        kept = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {**kept, "APPS": [app]}}
        settings.SIGN_ON_ISSUER, settings.SIGN_ON_NAME = found.url, "Example login"
        yield found


def go(client: Client, provider, **form: str):
    """Press the button, say yes at the provider, come back."""
    sent = client.post(LOGIN, form)
    assert sent.status_code == 302, sent.content.decode()
    back = urlsplit(provider.authorize(sent["Location"]))
    return client.get(f"{back.path}?{back.query}")


def test_the_button_is_there_where_the_settings_name_a_provider(db):
    assert LOGIN not in Client().get("/accounts/login/").content.decode()
    assert Client().post(LOGIN).status_code == 404


def test_a_sign_in_still_takes_the_second_factor(provider, alice):
    """It is true that the provider's yes opens the second step and nothing else."""
    client = Client()
    assert "Sign in with Example login" in client.get("/accounts/login/").content.decode()
    response = go(client, provider)
    assert (response.status_code, response["Location"]) == (302, SECOND)
    assert client.get("/").status_code == 302
    response = client.post(SECOND, {"code": totp_code("alice")})
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.get("/").status_code == 200
    assert AuditEvent.objects.get(event="person:signed-in").details["how"] == "socialaccount totp"
    assert not SocialAccount.objects.exists()


def test_it_comes_back_to_the_public_address(provider, alice, settings):
    settings.ALLOWED_HOSTS = ["*"]
    sent = Client(HTTP_HOST="evil.example").post(LOGIN)
    (address,) = parse_qs(urlsplit(sent["Location"]).query)["redirect_uri"]
    assert address == f"{settings.PRESSCHECK_URL}{BACK}"


def test_a_newcomer_needs_no_password_here(provider):
    people.add(email="alice@example.org", by=Actor.system("tests"))
    client = Client()
    assert go(client, provider)["Location"] == "/"
    assert client.get("/")["Location"] == "/account/enrol/"


@pytest.mark.promise
@pytest.mark.parametrize(
    "claims",
    [
        {"email": "nobody@example.org", "email_verified": True},
        {"email": "alice@example.org", "email_verified": False},
        {"email": "alice@example.org", "email_verified": "false"},
        {"email": "alice@example.org", "email_verified": "true"},
        {"email": "alice@example.org"},
        {"email": "", "email_verified": True},
        {},
    ],
    ids=str,
)
def test_who_is_not_known_for_certain_stays_outside(provider, alice, claims):
    """It is true that nobody is made, and that an address which was not verified names nobody."""
    provider.claims = claims
    client, before = Client(), User.objects.count()
    response = go(client, provider)
    assert response.status_code == 403
    assert "There is no account for you here" in response.content.decode()
    assert (client.get(SECOND)["Location"], User.objects.count()) == ("/accounts/login/", before)


def test_a_closed_account_stays_closed(provider, alice):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    client = Client()
    response = go(client, provider)
    assert response["Location"] == "/accounts/inactive/"
    assert client.get("/").status_code == 302


@pytest.mark.promise
def test_an_answer_that_was_not_asked_for_signs_nobody_in(provider, alice):
    """It is true that state and code belong to one browser, once: others' answers are refused in words."""
    client, other = Client(), Client()
    sent = client.post(LOGIN)
    back = urlsplit(provider.authorize(sent["Location"]))
    whole = f"{back.path}?{back.query}"
    code = parse_qs(back.query)["code"][0]
    for browser, path in (
        (other, whole),
        (other, BACK),
        (client, f"{BACK}?{urlencode({'code': code})}"),
        (client, f"{BACK}?{urlencode({'code': code, 'state': 'x' * 5000})}"),
        (other, f"{BACK}?error=access_denied"),
    ):
        response = browser.get(path)
        assert response.status_code in {401, 302}
        assert response.get("Location", "/accounts/").startswith("/accounts/")
        assert browser.get(SECOND)["Location"] == "/accounts/login/"
    assert client.get(whole)["Location"] == SECOND
    assert other.get(whole).status_code == 401


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_it_leads_to_no_other_site(provider, alice, target):
    client = Client()
    go(client, provider, next=target)
    assert client.post(SECOND, {"code": totp_code("alice")})["Location"] == "/"


def test_it_leads_back_to_the_page(provider, alice):
    client = Client()
    go(client, provider, next="/help/ci/")
    assert client.post(SECOND, {"code": totp_code("alice")})["Location"] == "/help/ci/"


BROKEN = {
    "no configuration": ("/.well-known/openid-configuration", 500, b""),
    "a configuration elsewhere": ("/.well-known/openid-configuration", 302, b""),
    "a page in its place": ("/.well-known/openid-configuration", 200, b"<html>"),
    "a list in its place": ("/.well-known/openid-configuration", 200, b"[]"),
    "an empty one": ("/.well-known/openid-configuration", 200, b"{}"),
    "no token": ("/token", 500, b""),
    "a token that is none": ("/token", 200, b"[]"),
    "a token that is empty": ("/token", 200, b"{}"),
    "a signed word that is none": ("/token", 200, b'{"access_token": "x", "id_token": "x.y.z"}'),
    "nobody": ("/userinfo", 401, b""),
    "a page in place of somebody": ("/userinfo", 200, b"<html>"),
    "a list in place of somebody": ("/userinfo", 200, b"[1]"),
}


@pytest.mark.parametrize(("path", "status", "body"), BROKEN.values(), ids=BROKEN.keys())
def test_a_provider_that_is_broken_is_told_in_words(provider, alice, path, status, body):
    client = Client()
    sent = None
    if not path.startswith("/.well-known"):
        sent = client.post(LOGIN)
    provider.broken[path] = (status, body)
    if sent is None:
        response = client.post(LOGIN)
    else:
        back = urlsplit(provider.authorize(sent["Location"]))
        response = client.get(f"{back.path}?{back.query}")
    assert response.status_code in {401, 502}
    assert "Nothing was changed" in response.content.decode()
    assert client.get(SECOND)["Location"] == "/accounts/login/"


def test_a_provider_that_is_away_is_told_in_words(provider, alice, settings):
    app = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]
    app["settings"] = {"server_url": "http://127.0.0.1:1"}
    assert Client().post(LOGIN).status_code == 502


def test_it_starts_by_post_alone(provider):
    assert Client().get(LOGIN).status_code == 405
    assert Client(enforce_csrf_checks=True).post(LOGIN).status_code == 403
