"""What workers do for publishing."""

from celery import shared_task

from drafts.models import Kind, jobs
from drafts.publishing import flip


@shared_task(name=Kind.PUBLISH)
def publish(job_id: int) -> None:
    """Finish a publish that a maintainer decided; done once however often it is rung."""
    jobs.run(job_id, flip.work)
