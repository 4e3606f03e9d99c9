"""What stops a publish that was decided already: a server that is read-only, a project that takes no releases."""

from datetime import timedelta

from django.utils import timezone

from drafts.models import Draft, Job, Project, ProjectStatus, ReadOnly, Release

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


def must_take_releases(draft: Draft) -> None:
    """Raise Stopped where a draft's project, as it is now, is archived, or it or the release is in quarantine."""
    project = Project.objects.get(pk=draft.project_id)
    held = Release.objects.filter(
        project=project, version_key=draft.version_key, quarantined_at__isnull=False
    ).exists()
    if project.is_quarantined or held:
        what = project if project.is_quarantined else draft
        raise Stopped(
            f"{what} was put into quarantine after Publish was pressed: {draft} was not published here."
        )
    if project.status == ProjectStatus.ARCHIVED:
        raise Stopped(f"{project} was archived after Publish was pressed: {draft} was not published here.")
