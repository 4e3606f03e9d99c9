"""A server behind nginx, as it is shipped, and what is asked of it there."""

import dataclasses
import socket
import ssl

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.audit import Actor
from drafts.access import links
from drafts.models import File
from tests import wheels
from tests.conftest import publish
from tests.nginx import in_front

WHEEL_VERSION = "1!1.0"
WHEEL = wheels.wheel(version=WHEEL_VERSION)


@pytest.fixture(scope="session")
def _fronted(django_db_setup, django_db_blocker):
    with in_front(PRESSCHECK_THREADS="8", PRESSCHECK_BODY_SECONDS="3") as server:
        yield server


@pytest.fixture
def fronted(_fronted, transactional_db):
    cache.clear()
    return _fronted


@pytest.fixture
def tls(clients, fronted):
    """Clients that trust the certificate."""

    class Trusting(type(clients)):
        def environment(self):
            trust = dict.fromkeys(
                ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT"], str(fronted.certificate)
            )
            return super().environment() | trust

    return Trusting(**{field.name: getattr(clients, field.name) for field in dataclasses.fields(clients)})


@pytest.fixture
def mikes_browser(mike):
    client = Client()
    client.force_login(mike)
    return client


@pytest.fixture
def staged(ci):
    assert ci.upload(WHEEL).status_code == 200
    return File.objects.get()


@pytest.fixture
def draft_path(staged):
    token = links.token(links.make(draft=staged.draft, by=Actor.system("tests")))
    return f"/draft/{token}"


@pytest.fixture(params=["published", "staged"])
def path(request, staged, draft_path, mike, mikes_browser):
    """The address of the wheel."""
    if request.param == "staged":
        return f"{draft_path}/files/{staged.handle}/{staged.filename}"
    publish(staged.draft, mike, mikes_browser)
    staged.refresh_from_db()
    return f"/files/{staged.public_id}/{staged.filename}"


def raw(fronted, target: str) -> tuple[int, bytes]:
    """Ask with a request line as it is spelled here."""
    context = ssl.create_default_context(cafile=fronted.certificate)
    with (
        socket.create_connection(("127.0.0.1", fronted.port), timeout=30) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as client,
    ):
        client.sendall(f"GET {target} HTTP/1.1\r\nHost: {fronted.host}\r\nConnection: close\r\n\r\n".encode())
        received = b""
        while part := client.recv(65536):
            received += part
    return int(received.split()[1]), received
