"""Checks of everything the server needs, in words for the operator."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from smtplib import SMTPException

from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.core.mail import get_connection
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from kombu.exceptions import OperationalError

from drafts.index import upstream
from drafts.models import Job, Outgoing
from drafts.storage import new_object_id, storage
from drafts.storage.errors import StorageError

OVERDUE = timedelta(minutes=2)
_MAIL_LATE = timedelta(hours=1)


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
        if settings.PRESSCHECK_UPSTREAM_INDEX:
            checks.append(_asked("upstream", _upstream))
        checks.append(_asked("inspection", _fence))
    return checks


def fix() -> None:
    """Set up in the store what can be set up from here. Raises StorageDown, StorageRefuses."""
    storage().mend()


def _asked(name: str, ask: Callable[[], str | Check]) -> Check:
    try:
        answer = ask()
        return answer if isinstance(answer, Check) else Check(name, answer)
    except (OSError, SMTPException, DatabaseError, StorageError, OperationalError) as error:
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


def _upstream() -> Check:
    """Say whether the upstream index answers as an index does: a name that nobody has is 404 there."""
    note = (
        "PRESSCHECK_RESOLVE_INDEX is its earlier name, which is read for now: set PRESSCHECK_UPSTREAM_INDEX"
        if settings.IS_UPSTREAM_NAMED_AS_BEFORE
        else ""
    )
    return Check("upstream", upstream.problem(), note)


def _mail() -> Check:
    """Say whether mail leaves this server; a server without it works, and should know what it goes without."""
    if settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"):
        return Check(
            "mail",
            note="not set up: letters are written into the data folder, and reach nobody; set EMAIL_URL",
        )
    if settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        get_connection(timeout=3).open()
    late = Outgoing.objects.waiting().filter(written_at__lt=timezone.now() - _MAIL_LATE).count()
    return Check(
        "mail", f"{late} letters could not be sent for an hour: see the worker's log" if late else ""
    )


def _fence() -> Check:
    """Say whether the kernel itself keeps the tools that look into native code from the network."""
    code = "from drafts.inspection.tools import fence; print(fence.leave_the_network())"
    asked = [sys.executable, "-c", code]
    # The words are this program's own.
    told = subprocess.run(asked, cwd=settings.BASE_DIR, capture_output=True, timeout=30, check=False)  # noqa: S603
    if told.stdout.strip() == b"True":
        return Check("inspection")
    note = "the kernel gives tools no network of their own: Python alone keeps them from the network"
    return Check("inspection", note=note)


SERVICES = {"database": _database, "queue": _queue, "storage": _storage}
STATE: dict[str, Callable[[], str | Check]] = {
    "migrations": _migrations,
    "cache": _cache,
    "jobs": _jobs,
    "mail": _mail,
}
