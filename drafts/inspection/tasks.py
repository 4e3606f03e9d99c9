"""What workers do for inspection: look inside one file."""

from celery import shared_task

from drafts.inspection import inspect
from drafts.models import Kind, jobs


@shared_task(name=Kind.INSPECT)
def inspect_file(job_id: int) -> None:
    """Inspect one file, and the others that wait for it; each is done once however often it is rung."""
    jobs.run_all(job_id, inspect.work)
