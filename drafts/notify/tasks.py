"""What workers do to tell people and machines."""

from celery import shared_task

from drafts.models import Kind, jobs
from drafts.notify import deliver, mail


@shared_task(name=Kind.SEND_MAIL)
def send_mail(job_id: int) -> None:
    """Send what waits for one person."""
    jobs.run(job_id, mail.work)


@shared_task(name=Kind.DELIVER)
def deliver_message(job_id: int) -> None:
    """Deliver one message to a webhook."""
    jobs.run(job_id, deliver.work)
