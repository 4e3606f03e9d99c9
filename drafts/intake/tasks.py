"""What workers do for intake: fetch CI runs, and delete the bytes of what was discarded, after its grace."""

from celery import shared_task

from drafts.intake import fetch, purge
from drafts.models import Kind, jobs


@shared_task(name=Kind.PURGE)
def purge_bytes(job_id: int) -> None:
    """Purge one draft's or file's bytes; done once however often it is rung."""
    jobs.run(job_id, purge.work)


@shared_task(name=Kind.FETCH_RUN)
def fetch_run(job_id: int) -> None:
    """Fetch one CI run; done once however often it is rung."""
    jobs.run(job_id, fetch.work)
