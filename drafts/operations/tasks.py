"""What the scheduler rings for; each takes no argument and may run twice."""

import logging

from celery import shared_task
from django.utils import timezone

from drafts.inspection.installability import resolve
from drafts.operations import scrub as scrubbing
from drafts.operations import sweeps
from drafts.publishing import checkpoints, ready
from drafts.publishing.targets import check
from drafts.storage import StorageDown

log = logging.getLogger(__name__)


@shared_task(name="operations.sweep")
def sweep() -> None:
    """Ring for jobs that wait, and ask again where drafts can be installed whose files changed."""
    resolve.stale()
    check.stale()
    if rung := sweeps.ring_waiting():
        log.info("%d waiting jobs were rung again", rung)


@shared_task(name="operations.expire")
def expire() -> None:
    """End drafts and sandboxes whose time is over, remind of those whose time is nearly over, ask which ones wait for people."""
    if read := sweeps.read_again():
        log.info("%d logs that an older program read were read again", read)
    if expired := sweeps.expire_drafts():
        log.info("%d drafts expired", expired)
    if ended := sweeps.end_sandboxes():
        log.info("%d sandboxes ended", ended)
    if reminded := sweeps.remind():
        log.info("people were reminded of %d drafts and sandboxes", reminded)
    ready.quiet()


@shared_task(name="operations.checkpoint")
def checkpoint() -> None:
    """Sign the heads of the record's chains, once a day."""
    if made := checkpoints.daily():
        log.info("%s of the record: %s", made, made.sha256)


@shared_task(name="operations.prune")
def prune() -> None:
    """Delete what has outlived its use."""
    log.info("pruned: %s", sweeps.prune())


@shared_task(name="operations.scrub")
def scrub() -> None:
    """Hash a seventh of what is stored, another one each night of the week."""
    try:
        for found in scrubbing.differences(scrubbing.Share(timezone.now().isoweekday(), 7)):
            log.log(logging.ERROR if found.is_wrong else logging.WARNING, "storage: %s", found)
    except StorageDown as error:
        log.error("storage: this night's share was not read to its end: %s", error)  # noqa: TRY400  the words are enough
