"""What workers do for evidence: test where a project's CI runs."""

from celery import shared_task

from drafts.evidence import sources
from drafts.models import Kind, jobs


@shared_task(name=Kind.CHECK_CI)
def check_ci(job_id: int) -> None:
    """Test one project's CI; done once however often it is rung."""
    jobs.run(job_id, sources.check)
