"""What the scheduler rings for; each takes no argument and may run twice."""

import logging

from celery import shared_task

from drafts.operations import sweeps

log = logging.getLogger(__name__)


@shared_task(name="operations.sweep")
def sweep() -> None:
    """Ring for jobs that wait."""
    if rung := sweeps.ring_waiting():
        log.info("%d waiting jobs were rung again", rung)


@shared_task(name="operations.expire")
def expire() -> None:
    """End drafts whose time is over."""
    if expired := sweeps.expire_drafts():
        log.info("%d drafts expired", expired)


@shared_task(name="operations.prune")
def prune() -> None:
    """Delete what has outlived its use."""
    log.info("pruned: %s", sweeps.prune())
