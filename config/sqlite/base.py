"""Django's SQLite backend, whose transactions wait for their turn in line; named by ``ENGINE`` as ``config.sqlite``.

SQLite lets one connection write at a time. Its own wait for that looks at the lock again and again, later each time: with many writers
the lock lies unused until one of them looks, and whoever came first may come last, or give up after ``timeout`` seconds. Here the
threads of a process wait for one another without looking, and only one of them looks, every millisecond, whether another process has ended.
"""

import os
import sqlite3
import threading
import time

from django.db import OperationalError
from django.db.backends.sqlite3 import base

_LOOK_SECONDS = 0.001
_PRIMARY = 0xFF  # of an extended result code (sqlite.org/rescode.html)


class _Turn:
    """The right to begin a transaction in this process; it ends with its last reference, also in a thread that dies."""

    lock = threading.Lock()

    def __init__(self, seconds: float) -> None:
        """Wait for it. Raises OperationalError, as SQLite does, when it does not come within ``seconds``."""
        self._mine = self.lock
        self._is_mine = self._mine.acquire(timeout=seconds)
        if not self._is_mine:
            raise OperationalError("database is locked")

    def __del__(self) -> None:
        if self._is_mine:
            self._mine.release()

    @classmethod
    def forget(cls) -> None:
        """Begin anew in a forked process, where the thread that has the turn is not."""
        cls.lock = threading.Lock()


os.register_at_fork(after_in_child=_Turn.forget)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that has its turn from the beginning of a transaction to its end."""

    _turn: _Turn | None = None

    def _start_transaction_under_autocommit(self) -> None:
        patience: float = self.settings_dict["OPTIONS"]["timeout"]
        deadline = time.monotonic() + patience
        self._turn = None  # should a transaction have ended behind Django's back, nobody waits for it
        self._turn = _Turn(patience)
        try:
            self._begin(deadline, patience)
        except BaseException:
            self._turn = None  # nothing else refers to it; an exception, which has this frame, may live long
            raise

    def _begin(self, deadline: float, patience: float) -> None:
        """Begin as soon as no other process writes; what is written without a transaction waits by itself, as long."""
        with self.wrap_database_errors:
            self.connection.execute("PRAGMA busy_timeout = 0")
            try:
                self._look_until(deadline)
            finally:
                self.connection.execute(f"PRAGMA busy_timeout = {patience * 1000:.0f}")

    def _look_until(self, deadline: float) -> None:
        while True:
            try:
                self.connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & _PRIMARY != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(_LOOK_SECONDS)
            else:
                return

    def commit(self) -> None:
        super().commit()
        self._turn = None

    def rollback(self) -> None:
        try:
            super().rollback()
        finally:
            self._turn = None

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._turn = None
