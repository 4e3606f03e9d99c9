"""What workers do for publishing."""

from celery import shared_task

from drafts.models import Kind, jobs
from drafts.publishing import flip
from drafts.publishing.receipt import job as receipt


@shared_task(name=Kind.PUBLISH)
def publish(job_id: int) -> None:
    """Finish a publish that a maintainer decided; done once however often it is rung."""
    jobs.run(job_id, flip.work)


@shared_task(name=Kind.RECEIPT)
def sign_receipt(job_id: int) -> None:
    """Sign the receipt of a published draft; done once however often it is rung."""
    jobs.run(job_id, receipt.work)
