"""Signing in: known browsers, open sessions, forgotten passwords."""

import re

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts import agents, devices
from accounts.models import AuditEvent, Device, Session
from tests.conftest import PASSWORD, sign_in

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"
LOGIN = "/accounts/login/"


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
