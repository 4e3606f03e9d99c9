"""The database as one file, consistent, while the server goes on working; and back into an empty database."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from django.db import connection


class BackupRefused(Exception):
    """A backup cannot be made or restored; the text says why and what to do."""


def filename() -> str:
    """Return the name of this database's dump: what one kind writes, the other cannot read."""
    return "database.sqlite3" if connection.vendor == "sqlite" else "database.dump"


def dump(target: Path) -> None:
    """Write the whole database as it is at one moment. Raises BackupRefused."""
    if connection.vendor != "sqlite":
        _run("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")
        return
    with closing(sqlite3.connect(_sqlite_file())) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)  # at once: in steps, every write between two of them would begin it anew


def must_be_empty() -> None:
    """Raise BackupRefused unless the database holds nothing."""
    if connection.vendor == "sqlite":
        if _sqlite_file().exists() and _sqlite_file().stat().st_size:
            raise BackupRefused(f"there is a database already: {_sqlite_file()}")
    elif connection.introspection.table_names():
        raise BackupRefused("the database that DATABASE_URL names is not empty")


def load(source: Path) -> None:
    """Fill the empty database from a dump. Raises BackupRefused."""
    connection.close()
    if connection.vendor != "sqlite":
        name = str(connection.settings_dict["NAME"])
        _run(
            "pg_restore",
            "--exit-on-error",
            "--single-transaction",
            "--no-owner",
            f"--dbname={name}",
            str(source),
        )
        return
    with closing(sqlite3.connect(source)) as dumped, closing(sqlite3.connect(_sqlite_file())) as copy:
        dumped.backup(copy)


def _sqlite_file() -> Path:
    return Path(connection.settings_dict["NAME"])


def _run(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs; the password travels in its environment, which other users cannot read."""
    path = shutil.which(program)
    if path is None:
        raise BackupRefused(f"{program} is missing: install PostgreSQL's client programs (postgresql-client)")
    done = subprocess.run(  # noqa: S603  the program is PostgreSQL's, the arguments are written here
        [path, *arguments],
        env={**os.environ, **_connection_settings()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupRefused(f"{program} failed: {_last(done.stderr.strip().splitlines())}")


def _last(lines: Sequence[str]) -> str:
    return lines[-1] if lines else "it said nothing"


def _connection_settings() -> dict[str, str]:
    told = connection.settings_dict
    names = {
        "PGHOST": "HOST",
        "PGPORT": "PORT",
        "PGUSER": "USER",
        "PGPASSWORD": "PASSWORD",
        "PGDATABASE": "NAME",
    }
    return {variable: str(told[name]) for variable, name in names.items() if told.get(name)}
