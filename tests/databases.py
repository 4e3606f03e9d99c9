"""The database of a test process: copied from one that was migrated once, emptied between transactional tests."""

import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.test import TransactionTestCase

from tests.environment import DATA

CODE = Path(__file__).resolve().parent.parent
NAME = "presscheck.sqlite3"
DAY = 24 * 60 * 60
_MOULDS = Path(tempfile.gettempdir()) / f"presscheck-moulds-{os.getuid()}"
_SAME_FOR_EVERY_TEST = {"django_migrations", "django_content_type", "auth_permission"}


@pytest.fixture(scope="session")
def django_db_keepdb():
    """Take the database that is there: it is a copy of the mould, thrown away with the data folder or the server."""
    return True


@pytest.fixture(scope="session", autouse=True)
def _database_is_the_servers(django_db_keepdb, django_db_blocker):
    """Make the test database where a server on this data folder opens its own, migrated already."""
    settings = connection.settings_dict
    settings["TEST"] |= {"NAME": str(settings["NAME"]), "MIGRATE": False}
    if connection.vendor == "postgresql":
        with django_db_blocker.unblock(), _one_at_a_time():
            settings["TEST"]["TEMPLATE"] = _mould_on_the_server()
    else:
        migrated(Path(DATA))


@contextmanager
def _one_at_a_time():
    """Let one process migrate while the others wait for what it makes."""
    _MOULDS.mkdir(mode=0o700, exist_ok=True)
    with (_MOULDS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def migrated(data: Path) -> None:
    """Put a SQLite database into a data folder that ``manage.py migrate`` made, and nobody else touched."""
    with _one_at_a_time():
        shutil.copyfile(_mould_file(), data / NAME)


def _mould_file() -> Path:
    mould = _MOULDS / f"{_digest()}.sqlite3"
    if not mould.exists():
        with tempfile.TemporaryDirectory(dir=_MOULDS) as data:
            _migrate(PRESSCHECK_DATA=data, DATABASE_URL="", REDIS_URL="")
            made = Path(data) / mould.name
            with (
                closing(sqlite3.connect(Path(data) / NAME)) as source,
                closing(sqlite3.connect(made)) as copy,
            ):
                source.backup(copy)
            made.replace(mould)
        for path in _MOULDS.glob("*.sqlite3"):
            if path.stat().st_mtime < time.time() - DAY:
                path.unlink()
    return mould


def _mould_on_the_server() -> str:
    mould = f"mould_{_digest()}"
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [mould])
        if cursor.fetchone() is None:
            cursor.execute(f"CREATE DATABASE {mould}_unfinished")
            server = os.environ["DATABASE_URL"].rpartition("/")[0]
            with tempfile.TemporaryDirectory(dir=_MOULDS) as data:
                _migrate(PRESSCHECK_DATA=data, DATABASE_URL=f"{server}/{mould}_unfinished")
            cursor.execute(f"ALTER DATABASE {mould}_unfinished RENAME TO {mould}")
    return mould


def _migrate(**environment: str) -> None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=CODE, env={**os.environ, **environment}, check=True)


def _digest() -> str:
    """Name what a database is made from: every migration and model of every app, so that no old mould is taken."""
    digest = hashlib.sha256()
    for app in apps.get_app_configs():
        for pattern in ("migrations/**/*.py", "models.py", "models/**/*.py"):
            for path in sorted(Path(app.path).glob(pattern)):
                digest.update(f"{app.name} {path.name} ".encode() + path.read_bytes())
    return digest.hexdigest()[:24]


@pytest.fixture(scope="session", autouse=True)
def _emptied_between_transactional_tests():
    """Delete the rows of a transactional test instead of flushing: some tables have any, and types and permissions stay."""
    flush = TransactionTestCase._fixture_teardown
    TransactionTestCase._fixture_teardown = lambda _case: emptied()
    yield
    TransactionTestCase._fixture_teardown = flush


def emptied() -> None:
    """Empty; again where a live worker held locks in its own order, and PostgreSQL ended this side of the deadlock."""
    for left in reversed(range(5)):
        try:
            (_empty_postgresql if connection.vendor == "postgresql" else _empty_sqlite)()
        except DatabaseError as error:
            if not left or "deadlock" not in str(error):
                raise
        else:
            return


def _tables() -> list[str]:
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return sorted({*tables} - _SAME_FOR_EVERY_TEST)


def _delete_rows(cursor) -> None:
    tables = _tables()
    some = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in tables)
    cursor.execute(some)
    for (table,) in cursor.fetchall():
        cursor.execute(f"DELETE FROM {table}")


def _empty_postgresql() -> None:
    """Wait for whoever still writes, then delete without triggers, those of foreign keys and of the audit trail."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(_tables())} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        _delete_rows(cursor)


def _empty_sqlite() -> None:
    """Delete without foreign keys, the audit trail's triggers dropped and made again."""
    with connection.constraint_checks_disabled(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        _delete_rows(cursor)
        for _, statement in triggers:
            cursor.execute(statement)
