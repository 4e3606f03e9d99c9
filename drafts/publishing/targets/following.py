"""What keeps files from being brought upstream after it was decided: somebody thought better of it."""

from drafts.models import Draft, DraftState, File, ProjectStatus, Release
from drafts.publishing import standstill


def must_go_on(draft: Draft) -> None:
    """Raise Stopped where nothing more of a draft may go upstream, be it that it shows here already or not yet."""
    if draft.state != DraftState.PUBLISHED:
        standstill.must_take_releases(draft)
    elif reason := against(draft):
        raise standstill.Stopped(reason)


def against(draft: Draft) -> str:
    """Return why nothing more of a draft that its train published is sent; empty where nothing is against it."""
    project = draft.project
    release = Release.objects.filter(project=project, version_key=draft.version_key).first()
    if project.is_quarantined or (release is not None and release.is_quarantined):
        return f"{draft} is in quarantine here: nothing more of it is sent."
    if project.status == ProjectStatus.ARCHIVED:
        return f"{project} is archived here: nothing more of it is sent."
    files = File.objects.filter(pushed_file__push=draft.pk).only("release", "yanked")
    if any(file.release_id is None or file.yanked is not None for file in files):
        return f"Files of {draft} were yanked or deleted here: nothing more of it is sent."
    return ""
