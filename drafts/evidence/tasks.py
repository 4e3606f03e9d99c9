"""What workers do for evidence: test where a project's CI runs, verify attestations, look for them, ask whose a publisher is."""

from celery import shared_task

from drafts.evidence import owners, sources
from drafts.evidence.attested import job as attested
from drafts.evidence.attested import lookup
from drafts.models import Kind, jobs


@shared_task(name=Kind.CHECK_CI)
def check_ci(job_id: int) -> None:
    """Test one project's CI; done once however often it is rung."""
    jobs.run(job_id, sources.check)


@shared_task(name=Kind.VERIFY_ATTESTATIONS)
def verify_attestations(job_id: int) -> None:
    """Verify the attestations of one file or one text; done once however often it is rung."""
    jobs.run(job_id, attested.work)


@shared_task(name=Kind.FIND_ATTESTATIONS)
def find_attestations(job_id: int) -> None:
    """Look for attestations of one draft's files; done once however often it is rung."""
    jobs.run(job_id, lookup.work)


@shared_task(name=Kind.FIND_OWNER)
def find_owner(job_id: int) -> None:
    """Ask whose repository one trusted publisher is; done once however often it is rung."""
    jobs.run(job_id, owners.work)
