"""It is true that SQLite's writers wait for their turn, get it when it is free, and that nobody keeps it who is gone."""

import gc
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.utils import IntegrityError

from drafts.models import Job, Kind
from tests.racing import alone, race

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.embedded]


@pytest.fixture
def impatient(monkeypatch):
    """Nobody waits longer than a tenth of a second."""
    connection.close()
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.1)
        yield
        connection.close()


def _in_a_thread(work) -> threading.Thread:
    thread = threading.Thread(target=alone, args=(work,))
    thread.start()
    return thread


def _write() -> None:
    with transaction.atomic():
        Job.objects.create(kind=Kind.PURGE, subject=f"draft:{uuid4()}")


def _is_free() -> bool:
    """Say whether a thread of this process can write at once."""
    thread = _in_a_thread(_write)
    thread.join(timeout=20)
    return not thread.is_alive()


def test_a_thread_waits_until_another_has_ended():
    said = []

    def second():
        with transaction.atomic():
            said.append("second")

    with transaction.atomic():
        thread = _in_a_thread(second)
        thread.join(timeout=0.5)
        said.append("first")
    thread.join(timeout=20)
    assert said == ["first", "second"]


def test_all_of_a_crowd_get_their_turn():
    """Each reads, and writes one more than it read: who began before another had ended would write what is there."""

    def one_more():
        with transaction.atomic():
            Job.objects.create(kind=Kind.PURGE, subject=f"draft:{Job.objects.count()}")

    race([one_more] * 24)
    assert {job.subject for job in Job.objects.all()} == {f"draft:{number}" for number in range(24)}


def test_a_transaction_that_fails_ends_its_turn():
    with pytest.raises(ValueError, match="broken"), transaction.atomic():
        raise ValueError("broken")
    assert _is_free()


def _write_what_cannot_be_committed() -> None:
    """Foreign keys are looked at when it is committed."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE one (id INTEGER PRIMARY KEY)")
        cursor.execute("CREATE TABLE two (one_id INTEGER REFERENCES one (id) DEFERRABLE INITIALLY DEFERRED)")
        cursor.execute("INSERT INTO two VALUES (1)")


def test_a_commit_that_fails_ends_its_turn():
    with pytest.raises(IntegrityError):
        _write_what_cannot_be_committed()
    assert _is_free()


def test_a_connection_that_is_closed_amid_a_transaction_ends_its_turn():
    with transaction.atomic():
        connection.close()
    assert _is_free()


def test_a_transaction_that_ended_behind_its_back_is_not_waited_for(impatient):
    with transaction.atomic():
        connection.connection.rollback()
        connection._start_transaction_under_autocommit()
    assert _is_free()


def test_a_thread_that_ends_amid_a_transaction_ends_its_turn():
    def never_ends():
        transaction.atomic().__enter__()

    thread = threading.Thread(target=never_ends)
    thread.start()
    thread.join()
    gc.collect()  # its connection, which is what has SQLite's lock and the turn, is a ring of references
    assert _is_free()


def test_a_forked_process_does_not_wait_for_its_parents_thread():
    """In a process of one thread: from 3.12 on Python warns of forking one that has more."""
    code = [
        "import os; from config.sqlite.base import _Turn",
        "turn = _Turn(1); child = os.fork()",
        "os._exit(0 if _Turn.lock.acquire(timeout=2) else 1) if not child else None",
        "assert not _Turn.lock.acquire(timeout=0)",
        "raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))",
    ]
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(code)], cwd=settings.BASE_DIR, timeout=60, check=False
    )
    assert done.returncode == 0


def test_a_turn_that_does_not_come_is_a_locked_database(impatient):
    refused = []

    def second():
        try:
            _write()
        except OperationalError as error:
            refused.append(str(error))

    with transaction.atomic():
        _in_a_thread(second).join(timeout=20)
    assert refused == ["database is locked"]
    assert _is_free()


def test_another_process_is_waited_for_as_long_and_not_longer(impatient):
    with closing(sqlite3.connect(settings.DATABASES["default"]["NAME"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="database is locked") as kept:
            _write()
        other.execute("ROLLBACK")
    assert _is_free()  # also while the exception is there
    assert kept.value


def test_another_process_that_ends_is_followed():
    with closing(
        sqlite3.connect(settings.DATABASES["default"]["NAME"], isolation_level=None, check_same_thread=False)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(0.2, other.execute, ["ROLLBACK"]).start()
        _write()
    assert Job.objects.count() == 1


@pytest.mark.parametrize("times", [1, 2])
def test_a_write_without_a_transaction_waits_as_before(times):
    """The wait is put off while a transaction begins; what stands alone is to wait for others, too."""
    for _ in range(times):
        _write()
    assert connection.cursor().execute("PRAGMA busy_timeout").fetchone() == (30_000,)


def test_a_write_without_a_transaction_waits_also_after_a_refusal(impatient):
    with closing(sqlite3.connect(settings.DATABASES["default"]["NAME"], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError):
            _write()
        other.execute("ROLLBACK")
    assert connection.cursor().execute("PRAGMA busy_timeout").fetchone() == (100,)
