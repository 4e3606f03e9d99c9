"""What must be true before the server serves: migrated tables, a cache table, collected static files."""

import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from drafts.evidence import again


def tables() -> None:
    """Bring the database up to date, quickly when it is."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)


def evidence() -> None:
    """Read the logs again that an older program read, before anybody decides on what it made of them.

    Also while the server is read-only, as the tables are brought up to date then: an upgrade is the operator's own act.
    """
    again.everything()


def static_files() -> None:
    """Collect static files where the web processes serve them from, unless nothing changed since the last time."""
    root = Path(settings.STATIC_ROOT)
    stamp, sources = root.with_name("static.stamp"), _static_sources()
    if (
        (root / "staticfiles.json").exists()
        and stamp.exists()
        and stamp.read_text(encoding="ascii") == sources
    ):
        return
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", verbosity=0, interactive=False)
    stamp.write_text(sources, encoding="ascii")


def _static_sources() -> str:
    """Name all sources by path, size and time of change."""
    found = hashlib.sha256()
    for finder in finders.get_finders():
        for path, source in finder.list([]):
            stat = Path(source.path(path)).stat()
            found.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return found.hexdigest()
