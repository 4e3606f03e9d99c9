"""What the scheduler keeps in order. Every act may run twice, at once, or not for a while."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from accounts import audit
from accounts.models import PasskeyChallenge, SignInLink
from accounts.sessions import SessionStore
from drafts.access.oidc import mint
from drafts.evidence import again, waiting
from drafts.intake import purge, stage
from drafts.models import Draft, Job, ReadOnly, jobs
from drafts.notify import deliver, mail
from drafts.publishing import expiry, sandboxes
from drafts.publishing.targets import setting

log = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=3)
RING_AGAIN_SECONDS = 10
_MOST_AT_ONCE = 500
_LOGS_AT_ONCE = 5
JOBS_KEPT = timedelta(days=30)
LINKS_KEPT = timedelta(days=1)
LEFTOVER_SECONDS = 3600.0


def ring_waiting() -> int:
    """Ring for jobs that could be done and have waited too long: their ring was lost, or their worker died.

    One job is rung once in ten seconds, however many schedulers there are. Returns how many were rung.
    """
    waiting = Job.objects.due().filter(not_before__lte=timezone.now() - PATIENCE).order_by("not_before")
    rung = 0
    for job in waiting[:_MOST_AT_ONCE]:
        if cache.add(f"rung:{job.pk}", 1, timeout=RING_AGAIN_SECONDS):
            jobs.ring(job)
            rung += 1
    return rung


def read_again() -> int:
    """Read a few logs again that an older program read beside this one, in an upgrade host by host. Returns how many."""
    return 0 if ReadOnly.now() else again.everything(_LOGS_AT_ONCE)


def expire_drafts() -> int:
    """Cancel drafts whose time is over; none while the server is read-only. Returns how many."""
    if ReadOnly.now():
        return 0
    return sum(
        stage.expire(draft=draft) for draft in Draft.objects.expired().order_by("expires_at")[:_MOST_AT_ONCE]
    )


def end_sandboxes() -> int:
    """End sandboxes to which nothing was uploaded for 30 days; none while the server is read-only. Returns how many."""
    if ReadOnly.now():
        return 0
    return sum(sandboxes.end(project=project) for project in islice(sandboxes.due(), _MOST_AT_ONCE))


def remind() -> int:
    """Remind people, once for each end, of drafts and sandboxes that end within two days. Returns how many."""
    near = Draft.objects.expiring(within=expiry.NEAR).order_by("expires_at")[:_MOST_AT_ONCE]
    reminded = sum(expiry.remind(draft=draft) for draft in near)
    return reminded + sum(sandboxes.remind(project=one) for one in islice(sandboxes.near(), _MOST_AT_ONCE))


@dataclass(frozen=True, slots=True)
class Pruned:
    """How much was deleted, by kind."""

    counts: dict[str, int]

    def __str__(self) -> str:
        return ", ".join(f"{count} {kind}" for kind, count in self.counts.items() if count) or "nothing"


def prune() -> Pruned:
    """Delete what has outlived its use. One kind that fails does not keep the others."""
    return Pruned({kind: _tried(kind, act) for kind, act in PRUNING.items()})


def _tried(kind: str, act: Callable[[], int]) -> int:
    try:
        return act()
    except Exception:  # whatever a store raises; the next run tries again
        log.exception("%s could not be pruned", kind)
        return 0


def _jobs() -> int:
    return Job.objects.filter(ended_at__lt=timezone.now() - JOBS_KEPT).delete()[0]


def _sign_in_links() -> int:
    return SignInLink.objects.filter(expires_at__lt=timezone.now() - LINKS_KEPT).delete()[0]


def _challenges() -> int:
    return PasskeyChallenge.objects.filter(expires_at__lt=timezone.now() - LINKS_KEPT).delete()[0]


def _sessions() -> int:
    expired = SessionStore.get_model_class().objects.filter(expire_date__lt=timezone.now())
    return int(expired.delete()[0])


def _messages() -> int:
    """Delete what killed processes left in the queue's folders: half-written messages, and taken ones."""
    options: dict[str, object] = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    if "processed_folder" not in options:  # the queue is a service, and keeps itself in order
        return 0
    found = [
        *Path(str(options["processed_folder"])).glob("*.msg"),
        *Path(str(options["data_folder_out"])).glob(".*.part"),
    ]
    return sum(_deleted(path) for path in found)


def _deleted(path: Path) -> bool:
    try:
        if time.time() - path.stat().st_mtime < LEFTOVER_SECONDS:
            return False
        path.unlink()
    except FileNotFoundError:  # another scheduler was faster
        return False
    return True


PRUNING: dict[str, Callable[[], int]] = {
    "orphaned objects": purge.orphans,
    "staged copies of what is published": purge.staged_copies,
    "logs that waited for a draft": waiting.forget,
    "origins of old events": audit.forget_origins,
    "sessions": _sessions,
    "ended jobs": _jobs,
    "sign-in links": _sign_in_links,
    "passkey challenges": _challenges,
    "messages": _messages,
    "spent identities": mint.forget_spent,
    "messages to webhooks": deliver.forget,
    "letters that were sent": mail.forget,
    "upstream targets that left": setting.end_left,
}
