"""What workers do for access: let settings ask less when their time has come, hand names over."""

from celery import shared_task

from drafts.access import handover, loosening
from drafts.models import Kind, jobs


@shared_task(name=Kind.LOOSEN)
def loosen(job_id: int) -> None:
    """Let one change of settings take effect; done once however often it is rung."""
    jobs.run(job_id, loosening.work)


@shared_task(name=Kind.HAND_OVER)
def hand_over(job_id: int) -> None:
    """Hand one project's name over; done once however often it is rung."""
    jobs.run(job_id, handover.work)
