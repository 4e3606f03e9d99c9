"""Signing in by whoever guesses or sends what is meant to hurt: throttles, locks, and never a defect."""

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts.models import ActLock, AuditEvent
from tests.conftest import PASSWORD, sign_in, totp_code
from tests.racing import race

pytestmark = pytest.mark.django_db
LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def _no_throttles():
    """Forget what earlier tests were throttled for."""
    cache.clear()


# --- guesses -------------------------------------------------------------------------------------------------------


def second_step(user) -> tuple[Client, str]:
    client = Client()
    return client, client.post(LOGIN, {"login": user.email, "password": PASSWORD})["Location"]


@pytest.mark.promise
@pytest.mark.django_db(transaction=True)
def test_one_code_at_one_moment_signs_in_once(alice):
    """It is true that of parallel sign-ins with one code a single one gets in."""
    steps, code = [second_step(alice) for _ in range(3)], totp_code("alice")
    said = race([lambda one=one: one[0].post(one[1], {"code": code}).status_code for one in steps])
    assert sorted(said) == [200, 200, 302]


def test_five_wrong_second_factors_lock_the_sign_in(alice):
    client, step = second_step(alice)
    right = totp_code("alice")
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    for _ in range(5):
        page = client.post(step, {"code": wrong})
    assert "locked for 15 minutes" in page.content.decode()
    assert client.post(step, {"code": right}).status_code == 200
    assert ActLock.objects.get(act="sign in").locked_until
    assert AuditEvent.objects.get(event="act:locked").details == {"act": "sign in"}
    assert len(mail.outbox) == 1


def test_wrong_passwords_are_throttled_for_the_person_and_the_address(alice):
    wrong = {"login": alice.email, "password": "wrong wrong wrong"}
    answers = [Client().post(LOGIN, wrong) for _ in range(8)]
    assert "Too many failed login attempts" in answers[-1].content.decode()
    right = Client().post(LOGIN, {"login": alice.email, "password": PASSWORD})
    assert right.status_code == 200


@pytest.mark.embedded
def test_a_sign_in_whose_throttle_cannot_be_asked_is_refused(alice):
    """It is true that without its counters nobody gets in: 503 in words, and no session."""
    from django.db import OperationalError, connection

    def away(execute, sql, params, many, context):
        if '"cache"' in sql or "cache" in sql.split()[2:4]:
            raise OperationalError("the table of counters is away")
        return execute(sql, params, many, context)

    client = Client(raise_request_exception=False)
    with connection.execute_wrapper(away):
        response = client.post(LOGIN, {"login": alice.email, "password": PASSWORD})
    assert response.status_code == 503
    assert "sessionid" not in client.cookies


def test_a_sign_in_without_the_store_of_counters_is_refused(alice, settings):
    """It is true of Redis too: where nobody can count guesses, nobody guesses."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1",
        }
    }
    client = Client(raise_request_exception=False)
    response = client.post(LOGIN, {"login": alice.email, "password": PASSWORD})
    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert client.get("/").status_code == 302


# --- input that is meant to hurt ---------------------------------------------------------------------------------

HOSTILE = [
    "",
    "\0",
    "'\"><script>",
    "٣٤٥٦٧٨",
    "-1",
    "1e9",
    "9" * 10_000,
    "\ufeff123456",
    "000 000 000",
    "\u202e123",
]


@pytest.mark.parametrize("code", HOSTILE, ids=range(len(HOSTILE)))
def test_no_code_is_a_defect(alice, code):
    client, step = second_step(alice)
    nul = "\0" in code
    assert client.post(step, {"code": code}).status_code == (400 if nul else 200)
    assert client.get("/").status_code == 302
    inside = sign_in(alice)
    assert inside.post("/account/codes/make/", {"code": code}).status_code == (400 if nul else 403)
    assert inside.post("/account/factors/app/", {"new_code": code, "code": code}).status_code in {400, 403}


@pytest.mark.parametrize("text", ["\0", "a\0@example.org", "x" * 5000, "a@b" * 900, "٣@٣.٣", "' OR 1=1 --"])
@pytest.mark.parametrize("field", ["login", "password"])
def test_no_sign_in_is_a_defect(alice, field, text):
    form = {"login": alice.email, "password": PASSWORD, field: text}
    assert Client().post(LOGIN, form).status_code == (400 if "\0" in text else 200)


@pytest.mark.parametrize(
    "path",
    [
        "/account/recovery/%00/",
        "/account/recovery/x/",
        "/account/factors/99999999999999999999/remove/",
        "/account/factors/confirm/0/",
        "/welcome/%00/",
    ],
)
def test_no_address_is_a_defect(alice, path):
    assert sign_in(alice).get(path).status_code == 404


@pytest.mark.parametrize("header", ["HTTP_USER_AGENT", "HTTP_REFERER", "HTTP_ACCEPT_LANGUAGE", "HTTP_COOKIE"])
@pytest.mark.parametrize("value", ["x" * 100_000, "\0", "\xff<script>"])
def test_no_header_is_a_defect(alice, header, value):
    client = Client(**{header: value})
    assert sign_in(alice, client).get("/account/").status_code in {200, 302}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("name", "value"),
    [("User_Agent", "x" * 9000), ("Cookie", "device=" + "x" * 9000), ("Accept_Language", "x" * 70_000)],
)
def test_an_oversized_header_is_refused_by_the_server_itself(live, name, value):
    """It is true that the web server answers 400 or 431, and goes on serving."""
    answer = live.get(LOGIN, **{name: value})
    assert answer.status in {400, 431}
    assert live.get(LOGIN).status == 200


@pytest.mark.parametrize(
    "path",
    [
        LOGIN,
        "/account/factors/app/",
        "/account/sign-ins/end-others/",
        "/account/codes/make/",
        "/accounts/logout/",
    ],
)
def test_a_form_of_another_site_does_nothing(alice, path):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(path, {"code": totp_code("alice")}).status_code == 403


BLOCKED = [
    "/accounts/email/", "/accounts/2fa/", "/accounts/2fa/totp/activate/", "/accounts/2fa/totp/deactivate/", "/accounts/2fa/webauthn/",
    "/accounts/2fa/webauthn/add/", "/accounts/2fa/webauthn/login/", "/accounts/2fa/recovery-codes/", "/accounts/2fa/recovery-codes/generate/",
    "/accounts/3rdparty/", "/accounts/3rdparty/signup/", "/accounts/social/signup/", "/accounts/oidc/sso/login/", "/accounts/oidc/sso/login/callback/",
    "/accounts/confirm-email/", "/accounts/sessions/",
]  # fmt: skip


@pytest.mark.parametrize("path", BLOCKED)
@pytest.mark.parametrize("method", ["get", "post"])
def test_the_librarys_own_ways_are_closed(alice, path, method):
    """It is true that nothing changes a factor or an address without this server's own step-up."""
    assert getattr(sign_in(alice), method)(path).status_code == 404
