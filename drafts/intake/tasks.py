"""What workers do for intake: look at large uploads, fetch CI runs, and delete the bytes of what was discarded."""

from celery import shared_task

from drafts.intake import purge
from drafts.intake.runs import fetch
from drafts.intake.upload2 import complete
from drafts.models import Kind, jobs


@shared_task(name=Kind.PURGE)
def purge_bytes(job_id: int) -> None:
    """Purge one draft's or file's bytes; done once however often it is rung."""
    jobs.run(job_id, purge.work)


@shared_task(name=Kind.FETCH_RUN)
def fetch_run(job_id: int) -> None:
    """Fetch one CI run; done once however often it is rung."""
    jobs.run(job_id, fetch.work)


@shared_task(name=Kind.COMPLETE)
def complete_upload(job_id: int) -> None:
    """Look at one upload's bytes and stage the file; done once however often it is rung."""
    jobs.run(job_id, complete.work)
