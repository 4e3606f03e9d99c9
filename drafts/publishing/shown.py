"""A project's page for installers, rendered anew after an act that changes what stands on it."""

from drafts.index import pages
from drafts.models import Project


def again(project: Project) -> None:
    """Render a published project's page; one that was never published has none. The caller holds the project's lock."""
    if project.first_published_at is None:
        return
    project.serial += 1
    project.save(update_fields=["serial"])
    pages.store(project)
