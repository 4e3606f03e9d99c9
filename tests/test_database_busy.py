"""It is true that who meets a database that does not answer is told to come again, and nothing half is left."""

import sqlite3
from contextlib import closing

import pytest
from django.conf import settings
from django.db import connection

from drafts.models import Draft, File
from tests import wheels
from tests.stored import everything

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.embedded]


@pytest.fixture
def locked(ci, monkeypatch):
    """Somebody else writes, and does not end."""
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.1)
    connection.close()  # the next one waits no longer
    with closing(sqlite3.connect(settings.DATABASES["default"]["NAME"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
    connection.close()


def test_an_upload_that_gets_no_lock_is_told_to_come_again(locked, ci, caplog):
    """It is true that a lock which does not come is a 503 with Retry-After, not a 500, and no bytes stay."""
    before = everything()
    response = ci.upload(wheels.wheel())
    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert "no-store" in response["Cache-Control"]
    assert response.json()["code"] == "database-down"
    assert everything() == before
    assert (File.objects.count(), Draft.objects.count()) == (0, 0)
    assert "database is locked" in caplog.text


def test_the_next_upload_is_taken(ci):
    assert ci.upload(wheels.wheel()).status_code == 200
