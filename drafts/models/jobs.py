"""The job table: the one way up, and the truth that the queue only hints at."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from celery import current_app
from django.conf import settings
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.compiled import insert

log = logging.getLogger(__name__)

_BACKOFF_SECONDS = (1, 5, 30, 120, 600)
# Seconds: from a ring to the work that comes in crowds, between two rings for it, and that a worker goes on with it
# before other kinds get their turn.
_LATER, _APART, _TURN = 1.0, 0.25, 5.0


class Kind(StrEnum):
    """What a job does; the name of the Celery task that does it."""

    PUBLISH = "publishing.publish"
    PURGE = "intake.purge"
    FETCH_RUN = "intake.fetch_run"
    CHECK_CI = "evidence.check_ci"
    FIND_OWNER = "evidence.find_owner"
    COMPLETE = "intake.complete"
    INSPECT = "inspection.inspect"
    RESOLVE = "inspection.resolve"
    VERIFY_ATTESTATIONS = "evidence.verify_attestations"
    RECEIPT = "publishing.receipt"
    FIND_ATTESTATIONS = "evidence.find_attestations"
    LOOSEN = "access.loosen"
    HAND_OVER = "access.hand_over"
    SCHEDULED = "publishing.scheduled"
    WINDOWS = "publishing.windows"
    SEND_MAIL = "notify.send_mail"
    DELIVER = "notify.deliver"
    READY = "publishing.ready"
    EDGE = "publishing.edge"
    TRAIN = "publishing.train"
    CHECK_TARGET = "publishing.check_target"
    LOOK_BACK = "publishing.look_back"
    ORDER = "publishing.order"
    ORDER_TERMS = "publishing.order_terms"


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


LIVE = (JobState.WAITING, JobState.RUNNING)


class Fenced(Exception):
    """Another worker has this job now: roll back and let go."""


class JobQuerySet(models.QuerySet["Job"]):
    """Named questions about jobs."""

    def live(self) -> "JobQuerySet":
        return self.filter(state__in=LIVE)

    def due(self) -> "JobQuerySet":
        """Jobs a worker may take: waiting ones whose time has come, running ones whose lease ran out."""
        now = timezone.now()
        return self.filter(
            Q(state=JobState.WAITING, not_before__lte=now) | Q(state=JobState.RUNNING, lease_until__lt=now),
        )

    def of(self, kind: Kind, subject: str) -> "JobQuerySet":
        return self.filter(kind=kind, subject=subject)


class Job(models.Model):
    """One piece of slow work on one subject (``draft:17``), claimed by lease and fenced by attempt."""

    kind = models.CharField(max_length=64)
    subject = models.CharField(max_length=64)
    state = models.CharField(max_length=16, default=JobState.WAITING)
    attempt = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    not_before = models.DateTimeField(default=timezone.now)
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar = JobQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["kind", "subject"],
                condition=Q(state__in=LIVE),
                name="one_live_job_per_kind_and_subject",
            ),
            models.CheckConstraint(
                condition=~Q(state=JobState.RUNNING) | Q(lease_until__isnull=False),
                name="a_running_job_has_a_lease",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["not_before"], condition=Q(state__in=LIVE), name="jobs_due"),
            models.Index(fields=["kind", "subject", "-id"], name="jobs_of_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject} {self.state}"

    @property
    def subject_id(self) -> int:
        return int(self.subject.partition(":")[2])

    def _mine(self) -> JobQuerySet:
        return type(self).objects.filter(pk=self.pk, attempt=self.attempt, state=JobState.RUNNING)

    def renew(self, *, done: int | None = None, total: int | None = None) -> None:
        """Keep the lease and tell how far the work is. Raises Fenced when another worker has the job."""
        values: dict[str, object] = {"lease_until": _lease()}
        if done is not None:
            values["done"] = done
        if total is not None:
            values["total"] = total
        if self._mine().update(**values) == 0:
            raise Fenced(str(self))

    def finish(self) -> None:
        """End the job. Part of the work's last transaction, which rolls back by Fenced if the job was taken over."""
        if self._mine().update(state=JobState.DONE, ended_at=timezone.now(), lease_until=None, error="") == 0:
            raise Fenced(str(self))

    def give_up(self, reason: str) -> None:
        """End the job without success. Raises Fenced."""
        values = {
            "state": JobState.FAILED,
            "ended_at": timezone.now(),
            "lease_until": None,
            "error": reason[:2000],
        }
        if self._mine().update(**values) == 0:
            raise Fenced(str(self))

    def postpone(self, until: datetime, reason: str) -> None:
        """Put the job back until somebody else is ready for it; no failure. Raises Fenced."""
        values = {"state": JobState.WAITING, "lease_until": None, "not_before": until, "error": reason[:2000]}
        if self._mine().update(**values) == 0:
            raise Fenced(str(self))

    def again_later(self, reason: str) -> None:
        """Put the job back after an unforeseen error, later each time."""
        wait = _BACKOFF_SECONDS[min(self.failures, len(_BACKOFF_SECONDS) - 1)]
        self._mine().update(
            state=JobState.WAITING,
            failures=F("failures") + 1,
            lease_until=None,
            not_before=timezone.now() + timedelta(seconds=wait),
            error=reason[:2000],
        )


def _lease() -> datetime:
    return timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)


def enqueue(
    *,
    kind: Kind,
    subject: str,
    not_before: datetime | None = None,
    is_new: bool = False,
    one_of_many: bool = False,
) -> Job:
    """Write a job in the caller's transaction and ring for it on commit. ``is_new``: its subject came with this transaction.

    ``one_of_many``: of a kind that comes in crowds and is done by ``run_all``, so that one ring is for several.
    If one is live already it is sent back to waiting, so that work which began before this moment is done again: a
    worker that is at it finds the job no longer running, and cannot finish.
    """
    moment = not_before or timezone.now()
    with transaction.atomic(savepoint=not is_new):
        if is_new:  # no other can be live: nothing to look for, and nothing to come back from
            insert(job := Job(kind=kind, subject=subject, not_before=moment))
        else:
            job = _sent_back(kind, subject, moment)
        if not_before is None:
            transaction.on_commit(lambda: _BELL.ring(job) if one_of_many else ring(job), robust=True)
    return job


def _sent_back(kind: Kind, subject: str, moment: datetime) -> Job:
    """Return the live job of a subject, waiting from the moment on; a new one where there is none."""
    defaults: dict[str, Any] = {"state": JobState.WAITING, "not_before": moment}
    job, created = Job.objects.get_or_create(kind=kind, subject=subject, state__in=LIVE, defaults=defaults)
    if not created:
        Job.objects.filter(pk=job.pk).update(**defaults, lease_until=None)
    return job


def ring(job: Job, *, after: float | None = None) -> None:
    """Tell the workers, now or ``after`` seconds; a broker that is down loses nothing, the sweep rings again."""
    try:
        current_app.send_task(job.kind, args=[job.pk], countdown=after, ignore_result=True, retry=False)
    except Exception:  # whatever a broker's library raises
        log.warning("could not ring for %s; the sweep will", job, exc_info=True)


class _Bell:
    """Rings once for all jobs of a kind that are written shortly after one another by this process.

    The ring is heard a second later, when the last of them is in the database: whoever hears it does them all. Workers
    have not begun by then to compete for the processors with the files that come after the first.
    """

    def __init__(self) -> None:
        self._rung: dict[str, float] = {}
        self._lock = threading.Lock()

    def ring(self, job: Job) -> None:
        now = time.monotonic()
        with self._lock:
            if now - self._rung.get(job.kind, -_APART) < _APART:
                return
            self._rung[job.kind] = now
        ring(job, after=_LATER)


_BELL = _Bell()


def claim(job_id: int) -> Job | None:
    """Take a job if it is due, by conditional UPDATE; None when it is done, not due, or somebody has it."""
    job = Job.objects.due().filter(pk=job_id).first()
    if job is None:
        return None
    # On the attempt that was read: one that is read after the UPDATE may be the next worker's.
    mine, lease = job.attempt + 1, _lease()
    taken = Job.objects.due().filter(pk=job_id, attempt=job.attempt)
    if taken.update(state=JobState.RUNNING, attempt=mine, lease_until=lease) == 0:
        return None
    job.state, job.attempt, job.lease_until = JobState.RUNNING, mine, lease
    return job


def run(job_id: int, work: Callable[[Job], None]) -> None:
    """Claim a job and do it; the work ends it by ``finish`` or ``give_up`` in its own last transaction."""
    job = claim(job_id)
    if job is None:
        return
    try:
        work(job)
    except Fenced:
        log.info("%s was taken over by another worker", job)
    except Exception as error:
        log.exception("%s failed and will be tried again", job)
        job.again_later(f"{type(error).__name__}: {error}")


def run_all(job_id: int, work: Callable[[Job], None]) -> None:
    """Claim a job and do it, then the others of its kind that are due; after a while somebody else goes on.

    Whoever does nothing but what comes in crowds would keep the other kinds waiting.
    """
    until = time.monotonic() + _TURN
    run(job_id, work)
    kind = Job.objects.values_list("kind", flat=True).filter(pk=job_id).first()
    while next_one := Job.objects.due().filter(kind=kind).order_by("not_before").first():
        if time.monotonic() > until:
            ring(next_one)
            return
        run(next_one.pk, work)
