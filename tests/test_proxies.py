"""It is true that a client is believed to be somebody else by no one but a proxy that the settings name."""

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from accounts import people
from accounts.audit import Actor, Origin
from accounts.peers import is_this_machine
from config.proxies import real_client

PROXIES = ["unix", "127.0.0.1", "10.1.0.0/16", "fd00::/8"]


def seen(settings, peer: str, proxies: list[str] = PROXIES, **headers: str) -> tuple[str, str]:
    """The address and the scheme that the rest of the program sees."""
    settings.PRESSCHECK_TRUSTED_PROXIES = proxies
    found = []

    def view(request):
        found.append((Origin.of(request).address, request.scheme))
        return HttpResponse()

    real_client(view)(RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers))
    return found[0]


@pytest.mark.parametrize(
    ("peer", "chain", "address"),
    [
        ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        ("127.0.0.1", "203.0.113.7, 10.1.2.3", "203.0.113.7"),
        ("127.0.0.1", "203.0.113.7,10.1.2.3 , fd00::2", "203.0.113.7"),
        ("127.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("", "203.0.113.7", "203.0.113.7"),
        ("10.1.9.9", "10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "somebody", "127.0.0.1"),
        ("127.0.0.1", "somebody, 10.1.2.3", "10.1.2.3"),
        ("127.0.0.1", "203.0.113.7:80", "127.0.0.1"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.2.0.1", "198.51.100.1", "10.2.0.1"),
    ],
)
def test_the_client_is_the_last_that_is_no_proxy(settings, peer, chain, address):
    assert seen(settings, peer, X_Forwarded_For=chain)[0] == address


def test_without_proxies_nobody_is_believed(settings):
    told = {"X-Forwarded-For": "198.51.100.1", "X-Forwarded-Proto": "https"}
    assert seen(settings, "127.0.0.1", [], **told) == ("127.0.0.1", "http")
    assert seen(settings, "", [], **told) == ("", "http")


@pytest.mark.parametrize(
    ("peer", "proto", "scheme"),
    [("127.0.0.1", "https", "https"), ("127.0.0.1", "http", "http"), ("203.0.113.9", "https", "http")],
)
def test_the_scheme_is_what_the_proxy_says(settings, peer, proto, scheme):
    assert seen(settings, peer, **{"X-Forwarded-Proto": proto})[1] == scheme


@pytest.mark.parametrize(
    ("peer", "headers", "is_near"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("10.0.0.1", {}, False),
        ("", {}, False),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, False),
        ("127.0.0.1", {"Via": "1.1 somewhere"}, False),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, False),
    ],
)
def test_this_machine_is_who_comes_through_no_proxy(peer, headers, is_near):
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers)
    assert is_this_machine(request) == is_near


@pytest.mark.django_db
def test_a_way_in_for_this_machine_opens_to_nobody_behind_a_proxy():
    """It is true that the one-time link is for this machine, also where a proxy on it speaks for others."""
    newcomer = people.add(email="dana@example.org", by=Actor.system("tests"))
    path = f"/welcome/{people.invite(newcomer)}/"
    assert Client().get(path, headers={"X-Forwarded-For": "203.0.113.7"}).status_code == 404
    assert Client().get(path).status_code == 200
