"""What every test runs in: its shape's tests alone, a bucket of its own, static files, no network."""

import os
import socket

import pytest
from django.core.management import call_command

from drafts.storage import storage


def pytest_collection_modifyitems(config, items):
    """Leave out what is about the other shape's own parts: nothing is skipped, each shape has its tests."""
    on_services = bool(os.environ.get("DATABASE_URL"))
    others = "embedded" if on_services else "services"
    left_out = [
        item for item in items if item.get_closest_marker(others) or (on_services and _asks_no_service(item))
    ]
    config.hook.pytest_deselected(items=left_out)
    gone = {*left_out}
    # What takes minutes goes first, or two processes wait for the third in the end.
    items[:] = sorted((item for item in items if item not in gone), key=lambda item: not _takes_long(item))


def _takes_long(item) -> bool:
    mark = item.get_closest_marker("timeout")
    return mark is not None and mark.args[0] > float(item.config.getini("timeout"))


def _asks_no_service(item) -> bool:
    """Whether a test without a database proves on the services what it proved without them."""
    asked = {"db", "transactional_db", "data_folder"} & {*getattr(item, "fixturenames", ())}
    return not asked and not any(item.iter_markers("django_db")) and not any(item.iter_markers("services"))


@pytest.fixture(scope="session", autouse=True)
def _bucket():
    """Make this process's bucket, which an operator makes: the program only uses it."""
    from django.conf import settings

    if settings.PRESSCHECK_S3_BUCKET:
        storage()._client.create_bucket(Bucket=settings.PRESSCHECK_S3_BUCKET)


@pytest.fixture(autouse=True)
def _nothing_counted():
    """Forget in Redis what earlier tests were throttled for; in the database it is rolled back with them."""
    from django.conf import settings
    from django.core.cache import cache

    if settings.REDIS_URL:
        cache.clear()


@pytest.fixture(scope="session", autouse=True)
def _static_files():
    """Collect the static files once, as a server does at its start."""
    call_command("collectstatic", interactive=False, verbosity=0)
    # Each new Client loads the middleware, and WhiteNoise would walk the whole folder each time.
    from django.conf import settings

    settings.WHITENOISE_AUTOREFRESH = True


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords():
    """Let Argon2 take as little as it can: what a guess costs is a setting, not what is tested."""
    from django.contrib.auth.hashers import Argon2PasswordHasher

    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"time_cost": 1, "memory_cost": 64, "parallelism": 1}.items():
            patch.setattr(Argon2PasswordHasher, name, value)
        yield


_connect = socket.socket.connect


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch):
    """The network is closed but for loopback."""

    def connect(self, address):
        if isinstance(address, tuple) and not str(address[0]).startswith(("127.", "localhost", "::1")):
            raise RuntimeError(f"a test wanted to reach {address}")
        return _connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
