"""Checks of everything the server needs, in words for the operator."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from kombu.exceptions import OperationalError

from drafts.models import Job
from drafts.storage import new_object_id, storage
from drafts.storage.errors import StorageError

OVERDUE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Check:
    """One service: its name, what is wrong with it in words, or nothing, and what could not be asked."""

    name: str
    problem: str = ""
    note: str = ""

    @property
    def is_well(self) -> bool:
        return not self.problem

    @property
    def line(self) -> str:
        note = f" ({self.note})" if self.note else ""
        return f"{self.name}: {self.problem or 'ok'}{note}"


def services() -> list[Check]:
    """Ask whatever a request needs: database, queue, storage. Cheap enough for a probe every few seconds."""
    return [_asked(name, ask) for name, ask in SERVICES.items()]


def everything() -> list[Check]:
    """Ask the services, and whether the database is migrated, the cache is there, jobs are being done, the bucket is private."""
    checks = services()
    if all(check.is_well for check in checks):
        checks += [_asked(name, ask) for name, ask in STATE.items()]
        if settings.PRESSCHECK_S3_BUCKET:
            checks.append(_asked("bucket", _bucket))
    return checks


def fix() -> None:
    """Set up in the store what can be set up from here. Raises StorageDown, StorageRefuses."""
    storage().mend()


def _asked(name: str, ask: Callable[[], str | Check]) -> Check:
    try:
        answer = ask()
        return answer if isinstance(answer, Check) else Check(name, answer)
    except (OSError, DatabaseError, StorageError, OperationalError) as error:
        words = " ".join(str(error).split()) or "no answer"
        return Check(name, f"{type(error).__name__}: {words}")


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return ""


def _queue() -> str:
    if settings.REDIS_URL:
        with current_app.connection_for_write(transport_options={"socket_connect_timeout": 3}) as broker:
            broker.ensure_connection(max_retries=1, timeout=3)
        return ""
    for folder in _queue_folders():
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".check-") as file:
            file.write(b"check")
            file.flush()
    return ""


def _queue_folders() -> Iterator[Path]:
    options: dict[str, object] = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    for name in ("data_folder_out", "processed_folder"):
        if name in options:
            yield Path(str(options[name]))


def _storage() -> str:
    """Write an object, read it back, and leave nothing."""
    object_id = new_object_id()
    writer = storage().create(object_id, "check")
    try:
        writer.write(b"check")
        writer.commit()
        with storage().open(object_id, "check") as file:
            read = file.read()
    finally:
        writer.abort()
    return "" if read == b"check" else "the bytes that were written do not come back"


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return f"{len(missing)} migrations are to be run: python manage.py migrate" if missing else ""


def _cache() -> str:
    cache.set("doctor", "well", timeout=60)
    return (
        ""
        if cache.get("doctor") == "well"
        else "what was kept does not come back: python manage.py createcachetable"
    )


def _jobs() -> str:
    waiting = Job.objects.due().filter(not_before__lt=timezone.now() - OVERDUE).count()
    if not waiting:
        return ""
    return f"{waiting} have waited for more than two minutes: is a worker running?"


def _bucket() -> Check:
    report = storage().report()
    return Check("bucket", "; ".join(report.wrong), "; ".join(report.unknown))


SERVICES = {"database": _database, "queue": _queue, "storage": _storage}
STATE = {"migrations": _migrations, "cache": _cache, "jobs": _jobs}
