"""The lines of the hardening checklist that no other test holds: headers, cookies, hosts, redirects, addresses, sizes."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import URLPattern, get_resolver

from drafts import outbound
from drafts.access.roles import Act
from drafts.outbound import Limits, addresses
from tests import test_roles
from tests.conftest import PASSWORD
from tests.databases import migrated
from tests.test_roles import OPERATED, PAGES, address, where

__all__ = ["where"]
pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parent.parent
POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
ANYBODYS = ["/accounts/login/", "/accounts/password/reset/", "/help/ci/", "/help/errors/", "/nothing/here/"]


def must_be_hardened(response, where: str) -> None:
    assert response["Content-Security-Policy"] == POLICY, where
    assert response["X-Content-Type-Options"] == "nosniff", where
    assert response["X-Frame-Options"] == "DENY", where
    assert response["Cross-Origin-Opener-Policy"] == "same-origin", where
    assert response["Referrer-Policy"] in {"same-origin", "no-referrer"}, where
    assert response["Permissions-Policy"], where


def test_every_page_has_its_headers(where, alice, olgas):
    """It is true of each page's answer, also where it refuses, to members, operators, strangers and nobody."""
    member = Client()
    member.force_login(alice)
    walks = [(member, PAGES), (olgas, OPERATED), (Client(), PAGES), (olgas, PAGES)]
    for client, routes in walks:
        for route in routes:
            response = test_roles.ask(client, "get", address(route, where))
            if not response.headers.get("Content-Security-Policy", "").startswith("sandbox"):  # a file
                must_be_hardened(response, route)
    for path in ANYBODYS:
        must_be_hardened(Client().get(path), path)


# What any signed-in person may change: their own. A train asks for the right on each of its drafts.
OWN = {
    "account/news/",
    "<projects:name>/drafts/<str:version>/viewed/",
    "<projects:name>/people/leave/",
    "teams/",
    "sandbox/",
    "trains/new/",
}


def test_no_form_stands_behind_a_right_to_read():
    """It is true that whatever changes something of a project asks for a right of its own, which a reader does not have."""
    readers = {
        route for route, page in PAGES.items() if "post" in page.methods and page.act in {Act.SEE, None}
    }
    assert readers == OWN


def exempted(patterns, before: str = "") -> list[str]:
    """The routes whose views do without a CSRF token."""
    found = []
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if not isinstance(pattern, URLPattern):
            found += exempted(pattern.url_patterns, route)
        elif getattr(pattern.callback, "csrf_exempt", False):
            found.append(route)
    return found


def test_only_doors_of_tokens_do_without_csrf():
    """It is true that no page, and nothing of an account, takes a form of another site."""
    found = set(exempted(get_resolver().url_patterns))
    machines = {*test_roles.UPLOADS, *test_roles.EVIDENCE, *test_roles.LINKS, *test_roles.PUBLIC}
    # These two read their form themselves, piece by piece, and ask for the token first: tests/test_roles.py tries.
    streamed = {"<projects:name>/upload/", "<projects:name>/drafts/<str:version>/upload/"}
    assert found & machines
    assert found - machines == streamed


ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    " //evil.example",
    "http:///evil.example",
    "/%09/evil.example",
]


@pytest.mark.parametrize("where_to", ELSEWHERE)
def test_no_next_leads_to_another_site(alice, where_to):
    """It is true of sign-in, second factor, sign-out, re-authentication and the password's reset."""
    client = Client()
    form = {"login": alice.email, "password": PASSWORD, "next": where_to}
    answers = [client.post(f"/accounts/login/?next={where_to}", form)]
    client.force_login(alice)
    answers += [
        client.get("/accounts/login/", {"next": where_to}),
        client.get("/accounts/reauthenticate/", {"next": where_to}),
        client.get("/accounts/2fa/authenticate/", {"next": where_to}),
        client.post("/accounts/logout/", {"next": where_to}),
    ]
    for answer in answers:
        target = answer.get("Location", "/")
        assert target.startswith("/"), target
        assert not target.startswith(("//", "/\\")), target


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "evil.example:80", "a b", ""])
def test_an_unknown_host_gets_nothing(host):
    """It is true of pages, index and doors alike: 400, and no address of ours is made of what a client says."""
    for path in ("/", "/simple/", "/accounts/login/", "/legacy/", "/healthz"):
        answer = Client().get(path, headers={"Host": host})
        assert answer.status_code == 400, path
        assert "evil.example" not in answer.content.decode()
    ours = Client().get("/legacy", headers={"X-Forwarded-Host": "evil.example"})
    assert ours["Location"].startswith(django_settings.PRESSCHECK_URL)


def of_https(code: str, tmp_path: Path) -> str:
    """What a program prints whose address is https."""
    environment = {
        **{name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}},
        "PRESSCHECK_URL": "https://packages.example.org",
        "PRESSCHECK_DATA": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    migrated(tmp_path)
    begin = "import django; django.setup()"
    done = subprocess.run(
        [sys.executable, "-c", f"{begin}\n{code}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.embedded
def test_https_changes_cookies_and_adds_hsts(tmp_path):
    """It is true that over https cookies are Secure and bound to the host, and browsers come back by https for a year."""
    code = """
import json
from django.conf import settings
from django.test import Client
settings.WHITENOISE_AUTOREFRESH = True
settings.STORAGES = {**settings.STORAGES, 'staticfiles': {'BACKEND': 'django.contrib.staticfiles.storage.StaticFilesStorage'}}
answer = Client(headers={'Host': 'packages.example.org'}).get('/accounts/login/', secure=True)
cookies = {name: {key: bool(value) if key != 'samesite' else value for key, value in morsel.items()} for name, morsel in answer.cookies.items()}
print(json.dumps([answer.get('Strict-Transport-Security'), cookies, settings.SESSION_COOKIE_NAME, settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_HTTPONLY, settings.SESSION_COOKIE_SAMESITE]))
"""
    hsts, cookies, name, secure, http_only, same_site = json.loads(of_https(code, tmp_path).splitlines()[-1])
    assert hsts == "max-age=31536000; includeSubDomains; preload"
    assert [*cookies] == ["__Host-csrftoken"]
    told = cookies["__Host-csrftoken"]
    assert (told["secure"], told["httponly"], told["samesite"], told["domain"]) == (True, True, "Lax", False)
    assert (name, secure, http_only, same_site) == ("__Host-sessionid", True, True, "Lax")
    here = Client().get("/accounts/login/")
    assert "Strict-Transport-Security" not in here.headers


def test_a_name_that_changes_its_address_is_asked_once(monkeypatch):
    """It is true that the address that was checked is connected to, however the name is answered a moment later."""
    asked = []

    def answers(host, port, **_told):
        asked.append(host)
        ip = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))]

    connected = []

    def connect(_line, place):
        connected.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr(addresses.socket, "getaddrinfo", answers)
    monkeypatch.setattr(socket.socket, "connect", connect)
    with (
        pytest.raises(outbound.Unreachable),
        outbound.get("https://rebind.example/", limits=Limits(size=10, seconds=2)),
    ):
        pass
    assert (asked, connected) == (["rebind.example"], [("93.184.216.34", 443)])
    with (
        pytest.raises(outbound.Forbidden),
        outbound.get("https://rebind.example/", limits=Limits(size=10, seconds=2)),
    ):
        pass
    with (
        pytest.raises(outbound.Forbidden),
        outbound.post("https://rebind.example/", body=b"", limits=Limits(size=10)),
    ):
        pass


OVERSIZED = {
    "a header's value": {"X_Long": "x" * 20_000},
    "a cookie": {"Cookie": "a=" + "x" * 20_000},
    "many headers": {f"X_{number}": "x" for number in range(200)},
    "a token": {"Authorization": "Bearer " + "x" * 20_000},
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("headers", OVERSIZED.values(), ids=OVERSIZED.keys())
def test_what_is_oversized_is_refused(live, headers):
    """It is true that the server says so in few bytes, and goes on."""
    answer = live.get("/simple/", **headers)
    assert answer.status in {400, 431}
    assert len(answer.body) < 1000
    assert live.get("/" + "x" * 10_000).status in {400, 414}
    assert live.get("/healthz").status == 200
