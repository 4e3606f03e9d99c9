"""Sessions, cookies, hosts and tokens: what opens what, and what leaks nowhere."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import people
from accounts.audit import Actor
from accounts.models import AuditEvent, Session, SignInLink
from drafts.access import links
from tests import bodies
from tests.conftest import PASSWORD, draft_url, publish, sign_in, totp_code

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")


# --- no cookie on machines' paths ---------------------------------------------------------------------


@pytest.fixture
def machine_paths(draft, mike, ci) -> list[str]:
    """One address of each kind that a machine or a tester asks, good ones and bad ones."""
    from tests import wheels

    client = Client()
    client.force_login(mike)
    publish(draft, mike, client)
    ci.upload(wheels.wheel(version="2.0"))
    staged = draft.project.drafts.live().get()
    token = links.token(links.make(draft=staged, by=SYSTEM))
    file = draft.files.published().first()
    good = [
        "/simple/",
        "/simple/sampleproject/",
        f"/files/{file.public_id}/{file.filename}",
        "/healthz",
        "/legacy/",
    ]
    good += [f"/draft/{token}/", f"/draft/{token}/simple/", f"/draft/{token}/simple/sampleproject/"]
    bad = [
        "/simple/nothing/",
        "/files/x/y",
        "/draft/nothing/",
        "/draft/nothing/simple/",
        "/upload/x/",
        "/simple/a/b/c",
    ]
    return [*good, *bad, "/legacy", "/upload/"]


def _everything(response) -> tuple:
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return response.status_code, bodies.headers(response), body


def test_no_session_is_looked_at_on_machines_paths(machine_paths, alice):
    """It is true that a machine's address answers a signed-in browser as anybody else, without a session query."""
    browser = Client()
    browser.force_login(alice)
    for path in machine_paths:
        with CaptureQueriesContext(connection) as queries:
            signed_in = _everything(browser.get(path))
        assert not [query for query in queries if "accounts_session" in query["sql"]], path
        assert signed_in == _everything(Client().get(path)), path
        assert "Cookie" not in signed_in[1].get("Vary", ""), path
        assert "Set-Cookie" not in signed_in[1], path
    assert browser.get("/").status_code == 200


def test_a_page_for_people_varies_by_cookie(alice):
    """It is true that the pages of the queue do look at the session, so that the test above can fail."""
    browser = Client()
    browser.force_login(alice)
    assert "Cookie" in browser.get("/")["Vary"]
    assert "no-store" in browser.get("/")["Cache-Control"]


# --- signing in ----------------------------------------------------------------------------------------


def login(client: Client, **form: str):
    return client.post(reverse("account_login"), {"login": "mike@example.org", "password": PASSWORD, **form})


def test_a_password_alone_opens_nothing(mike, project):
    client = Client()
    assert login(client).status_code == 302
    assert client.get("/")["Location"].startswith("/accounts/login/")


def test_unknown_people_and_wrong_passwords_look_the_same(mike):
    def words(response) -> bytes:
        return (
            response.content.replace(b"mike@", b"X@")
            .replace(b"nobody@", b"X@")
            .split(b"csrfmiddlewaretoken")[0]
        )

    wrong = login(Client(), password="wrong wrong wrong")
    unknown = login(Client(), login="nobody@example.org")
    assert wrong.status_code == unknown.status_code == 200
    assert words(wrong) == words(unknown)


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "https:evil.example",
        "javascript:alert(1)",
        "\\\\evil.example",
    ],
)
def test_a_sign_in_leads_to_no_other_site(mike, target):
    """It is true that ``next`` never leads away, whichever step carries it."""
    client = Client()
    response = client.post(f"{reverse('account_login')}?next={quote(target)}", {
        "login": mike.email, "password": PASSWORD, "next": target,
    })  # fmt: skip
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/2fa/authenticate/")
    response = client.post(f"{response['Location']}", {"code": totp_code("mike"), "next": target})
    assert (response.status_code, response["Location"]) == (302, "/")


def test_a_sign_in_leads_back_to_the_page(draft, mike):
    client = Client()
    response = client.get(draft_url(draft))
    response = client.post(response["Location"], {"login": mike.email, "password": PASSWORD})
    response = client.post(response["Location"], {"code": totp_code("mike")})
    assert response["Location"] == draft_url(draft)


def test_a_session_is_new_after_each_step(mike):
    """It is true that a session id which somebody planted before the sign-in is worth nothing after it."""
    client = Client()
    client.get(reverse("account_login"))
    login(client)
    before = client.cookies["sessionid"].value
    sign_in(mike, client)
    assert client.cookies["sessionid"].value != before
    planted = Client()
    planted.cookies["sessionid"] = before
    assert planted.get("/").status_code == 302


def test_signing_out_ends_the_session(mike):
    client = sign_in(mike)
    key = client.cookies["sessionid"].value
    client.post(reverse("account_logout"))
    stolen = Client()
    stolen.cookies["sessionid"] = key
    assert stolen.get("/").status_code == 302


def test_a_session_ends_after_twelve_idle_hours(mike):
    client = sign_in(mike)
    client.get("/")
    left = Session.objects.get(session_key=client.cookies["sessionid"].value).expire_date - timezone.now()
    assert timedelta(hours=11, minutes=59) < left <= timedelta(hours=12)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert client.get("/").status_code == 302


def test_cookies_are_for_the_server_alone(mike):
    for morsel in sign_in(mike).cookies.values():
        assert morsel["httponly"]
        assert morsel["samesite"] == "Lax"


def test_there_is_no_sign_up(db):
    client = Client()
    form = {"email": "new@example.org", "password1": PASSWORD}
    client.post("/accounts/signup/", form)
    assert not people.User.objects.exists()


# --- the one-time link ---------------------------------------------------------------------------------


@pytest.fixture
def newcomer(db):
    """Somebody without a second factor, and the one-time link that lets them in."""
    user = people.add(email="new@example.org", by=SYSTEM)
    return user, people.invite(user)


def test_a_one_time_link_lets_in_once(newcomer):
    """It is true that looking at the link spends nothing, using it does, and it leads to enrolment alone."""
    _, token = newcomer
    client, path = Client(), f"/welcome/{token}/"
    assert client.get(path).status_code == 200
    assert client.post(path).status_code == 302
    assert client.get("/").status_code == 302
    assert client.get("/")["Location"].startswith("/accounts/")
    assert Client().post(path).status_code == 404
    assert AuditEvent.objects.filter(event="person:signed-in-by-link").count() == 1


DEAD = {
    "too old": lambda user: SignInLink.objects.update(expires_at=timezone.now()),
    "used": lambda user: SignInLink.objects.update(used_at=timezone.now()),
    "of somebody who was switched off": lambda user: type(user).objects.update(is_active=False),
}


@pytest.mark.parametrize("die", DEAD.values(), ids=DEAD.keys())
def test_a_one_time_link_dies(newcomer, die):
    user, token = newcomer
    die(user)
    assert (
        Client().get(f"/welcome/{token}/").status_code
        == Client().post(f"/welcome/{token}/").status_code
        == 404
    )


def test_a_one_time_link_is_for_this_machine(newcomer):
    _, token = newcomer
    assert Client(REMOTE_ADDR="192.0.2.7").post(f"/welcome/{token}/").status_code == 404


def test_a_one_time_link_is_no_way_around_a_factor(mike):
    token = people.invite(mike)
    assert Client().post(f"/welcome/{token}/").status_code == 404


# --- hosts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/simple/", "/legacy/", "/accounts/login/", "/draft/x/"])
def test_an_unknown_host_is_refused(db, path):
    assert Client().get(path, headers={"Host": "evil.example"}).status_code == 400


def test_addresses_in_answers_are_the_servers_own(ci, settings):
    """It is true that no answer repeats a Host header, even an allowed one."""
    settings.ALLOWED_HOSTS = ["*"]
    from tests import wheels
    from tests.conftest import upload

    response = upload(Client(HTTP_HOST="evil.example"), wheels.wheel(), ci.basic)
    assert response.status_code == 200
    assert b"evil.example" not in response.content
    assert response["Location"].startswith(settings.PRESSCHECK_URL)
