"""What workers do for evidence: test where a project's CI runs, verify attestations."""

from celery import shared_task

from drafts.evidence import sources
from drafts.evidence.attested import job as attested
from drafts.models import Kind, jobs


@shared_task(name=Kind.CHECK_CI)
def check_ci(job_id: int) -> None:
    """Test one project's CI; done once however often it is rung."""
    jobs.run(job_id, sources.check)


@shared_task(name=Kind.VERIFY_ATTESTATIONS)
def verify_attestations(job_id: int) -> None:
    """Verify the attestations of one file or one text; done once however often it is rung."""
    jobs.run(job_id, attested.work)
