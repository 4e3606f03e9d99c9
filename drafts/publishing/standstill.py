"""What stops a publish that was decided already: a server that is read-only, a project that takes no releases."""

from datetime import timedelta

from django.utils import timezone

from drafts.models import Job, Project, ProjectStatus, ReadOnly

_AGAIN = timedelta(seconds=30)


class Stopped(Exception):
    """What was decided holds no longer: nothing was published, and the text says why."""


def put_off(job: Job) -> bool:
    """Let a publish wait while the server is read-only; it goes on by itself. Raises Fenced."""
    still = ReadOnly.now()
    if still is None:
        return False
    job.postpone(timezone.now() + _AGAIN, f"this server is read-only: {still.reason}")
    return True


def must_take_releases(project: Project) -> None:
    """Raise Stopped for a project that was archived or put into quarantine after Publish was pressed."""
    if project.is_quarantined:
        raise Stopped(f"{project} was put into quarantine after Publish was pressed: nothing was published.")
    if project.status == ProjectStatus.ARCHIVED:
        raise Stopped(f"{project} was archived after Publish was pressed: nothing was published.")
