"""Signing in: known browsers, open sessions, throttles, and what is answered to input that is meant to hurt."""

import re

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts import agents, devices
from accounts.models import ActLock, AuditEvent, Device, Session
from tests.conftest import PASSWORD, sign_in, totp_code
from tests.racing import race

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"
LOGIN, SECOND = "/accounts/login/", "/accounts/2fa/authenticate/"


@pytest.fixture(autouse=True)
def _no_throttles():
    """Forget what earlier tests were throttled for."""
    cache.clear()


def browser(agent: str = FIREFOX, **more: str) -> Client:
    return Client(HTTP_USER_AGENT=agent, **more)


# --- browsers ------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_sign_in_from_a_new_browser_is_told_by_mail(alice):
    """It is true that the first browser ever is quiet, a known one stays quiet, and each new one is told of."""
    first = browser()
    sign_in(alice, first)
    first.post("/accounts/logout/")
    sign_in(alice, first)
    assert mail.outbox == []
    sign_in(alice, browser("curl/8", REMOTE_ADDR="192.0.2.7"))
    told = [message for message in mail.outbox if "new browser" in message.subject]
    assert [message.to for message in told] == [[alice.email]]
    assert "192.0.2.7" in told[0].body
    assert "curl/8" in told[0].body
    assert Device.objects.filter(user=alice).count() == 2


@pytest.mark.parametrize("cookie", ["", "x", "\x00", "a" * 5000, "not the token"])
def test_a_cookie_that_was_not_given_makes_no_browser_known(alice, cookie):
    sign_in(alice, browser())
    client = browser()
    client.cookies["device"] = cookie
    sign_in(alice, client)
    assert Device.objects.filter(user=alice).count() == 2


def test_a_browser_is_known_for_one_person(alice, mike):
    """It is true that the token of one person's browser does not speak for another person."""
    client = browser()
    sign_in(alice, client)
    token = client.cookies["device"].value
    other = browser()
    other.cookies["device"] = token
    sign_in(mike, other)
    assert Device.objects.filter(user=mike).count() == 1
    assert other.cookies["device"].value != token


def test_a_sign_in_is_on_record(alice):
    sign_in(alice, browser())
    event = AuditEvent.objects.get(event="person:signed-in")
    assert event.details == {"how": "password totp", "new_browser": True}
    assert event.actor_id == str(alice.pk)


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile Safari/604.1", "Safari/…"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("", "An unknown browser"),
        ("<b>x</b>", "An unknown browser"),
    ],
)  # fmt: skip
def test_a_browser_is_named_in_two_words(agent, said):
    assert agents.spelled(agent) == said.replace("Safari/…", "Safari on iPhone")


# --- sessions --------------------------------------------------------------------------------------------------


def handles(client: Client) -> list[str]:
    return re.findall(r"/account/sign-ins/(\w+)/end/", client.get("/account/").content.decode())


def test_open_sessions_are_listed_and_ended_one_by_one(alice):
    here, there = sign_in(alice, browser()), sign_in(alice, browser("curl/8"))
    page = here.get("/account/").content.decode()
    assert "Firefox on Linux" in page
    assert "curl" in page
    assert "password and authenticator app" in page
    key = there.cookies["sessionid"].value
    assert key not in page
    (handle,) = handles(here)
    assert here.post(f"/account/sign-ins/{handle}/end/").status_code == 302
    assert there.get("/").status_code == 302
    assert here.get("/").status_code == 200
    assert AuditEvent.objects.get(event="session:ended").details == {"count": 1}
    assert here.post(f"/account/sign-ins/{handle}/end/").status_code == 302
    assert AuditEvent.objects.filter(event="session:ended").count() == 1


def test_all_other_sessions_are_ended_at_once(alice, mike):
    here, others, mikes = sign_in(alice), [sign_in(alice) for _ in range(3)], sign_in(mike)
    assert here.post("/account/sign-ins/end-others/").status_code == 302
    assert [client.get("/").status_code for client in others] == [302] * 3
    assert here.get("/").status_code == mikes.get("/").status_code == 200


def test_nobody_ends_another_persons_session(alice, mike):
    alices, mikes = sign_in(alice), sign_in(mike)
    handle = devices.handle_of(alices.cookies["sessionid"].value)
    mikes.post(f"/account/sign-ins/{handle}/end/")
    assert alices.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/account/sign-ins/end-others/", "/account/sign-ins/abc/end/"])
def test_sessions_end_by_post_alone_and_for_the_signed_in_alone(alice, path):
    assert sign_in(alice).get(path).status_code == 405
    assert Client().post(path)["Location"].startswith(LOGIN)


def test_a_session_knows_whose_it_is(alice):
    client = sign_in(alice)
    row = Session.objects.get(session_key=client.cookies["sessionid"].value)
    assert row.user == alice


def test_a_new_password_ends_the_other_sessions(alice):
    here, there = sign_in(alice), sign_in(alice)
    form = {
        "oldpassword": PASSWORD,
        "password1": "another quiet evening",
        "password2": "another quiet evening",
    }
    assert here.post("/accounts/password/change/", form).status_code == 302
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 302
    event = AuditEvent.objects.get(event="password:changed")
    assert event.details == {"forgotten": False}


@pytest.mark.django_db(transaction=True)
def test_a_forgotten_password_is_reset_by_mail_and_the_second_factor_stays(alice):
    client = Client()
    assert client.post("/accounts/password/reset/", {"email": alice.email}).status_code == 302
    path = re.search(r"https?://\S+?(/accounts/password/reset/key/\S+)", mail.outbox[0].body)[1]
    form_path = client.get(path)["Location"]
    new = {"password1": "another quiet evening", "password2": "another quiet evening"}
    assert client.post(form_path, new).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password("another quiet evening")
    assert alice.recovered_at
    assert AuditEvent.objects.get(event="password:changed").details == {"forgotten": True}
    assert client.get("/").status_code == 302
    assert [message.subject for message in mail.outbox[1:]] == ["[Presscheck] Your password was changed"]


@pytest.mark.django_db(transaction=True)
def test_who_asks_for_a_password_learns_nothing(alice):
    """It is true that both answers are the same, and that the address which nobody has gets words too."""
    known = Client().post("/accounts/password/reset/", {"email": alice.email})
    unknown = Client().post("/accounts/password/reset/", {"email": "nobody@example.org"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert [message.to[0] for message in mail.outbox] == [alice.email, "nobody@example.org"]


@pytest.mark.django_db(transaction=True)
def test_a_link_in_a_mail_is_built_from_the_settings(alice, settings):
    """It is true that a forged Host header leads nobody's reset elsewhere."""
    settings.ALLOWED_HOSTS = ["*"]
    Client(HTTP_HOST="evil.example").post("/accounts/password/reset/", {"email": alice.email})
    message = mail.outbox[0]
    assert settings.PRESSCHECK_URL in message.body
    assert "evil.example" not in message.body + message.alternatives[0][0]


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
