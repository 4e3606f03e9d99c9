"""What workers do to find out where drafts can be installed."""

from celery import shared_task

from drafts.inspection.installability import resolve
from drafts.models import Kind, jobs


@shared_task(name=Kind.RESOLVE)
def resolve_draft(job_id: int) -> None:
    """Ask where one draft can be installed; done once however often it is rung."""
    jobs.run(job_id, resolve.work)
