"""What every test runs in: its shape's tests alone, a bucket of its own, static files, no network."""

import os
import socket

import pytest
from django.core.management import call_command

from drafts.storage import storage


def pytest_collection_modifyitems(config, items):
    """Leave out what is about the other shape's own parts: nothing is skipped, each shape has its tests."""
    others = "embedded" if os.environ.get("DATABASE_URL") else "services"
    left_out = [item for item in items if item.get_closest_marker(others)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


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
