"""The acts of yanking published files and of taking that back (PEP 592): installers pass over them, pins still find them."""

from collections.abc import Collection
from enum import StrEnum

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from drafts.index import pages
from drafts.models import File, Project, Release
from drafts.publishing import edge

LONGEST_REASON = 500


class Event(StrEnum):
    """What can happen to a release after publishing."""

    YANKED = "release:yanked"
    UNYANKED = "release:unyanked"


class NotOfRelease(Exception):
    """A file that was named is not one of the release; the text says which."""


@transaction.atomic
def yank(*, release: Release, filenames: Collection[str], reason: str, by: Actor) -> list[str]:
    """Yank files of a release, for a reason of one line, which installers print. Returns the names that changed.

    A file that is yanked gets the new reason. Raises NotOfRelease, and then nothing is changed.
    """
    assert reason
    return _set(release, filenames, reason, Event.YANKED, by)


@transaction.atomic
def unyank(*, release: Release, filenames: Collection[str], by: Actor) -> list[str]:
    """Take a yank back: installers choose these files again. Returns the names that changed. Raises NotOfRelease."""
    return _set(release, filenames, None, Event.UNYANKED, by)


def _set(
    release: Release, filenames: Collection[str], value: str | None, event: Event, by: Actor
) -> list[str]:
    project = Project.objects.lock(release.project_id)
    files = {file.filename: file for file in release.files.defer("core_metadata").order_by("filename")}
    if unknown := sorted(set(filenames) - set(files)):
        raise NotOfRelease(f"{', '.join(unknown[:5])} is not in {release}: nothing was changed.")
    changed = [file for name, file in files.items() if name in filenames and file.yanked != value]
    if not changed:
        return []
    File.objects.filter(pk__in=[file.pk for file in changed]).update(yanked=value)
    project.serial += 1
    project.save(update_fields=["serial"])
    pages.store(project)
    edge.forget_page(project)
    names = [file.filename for file in changed]
    audit.record(event, on=release, by=by, files=names, **({"reason": value} if value else {}))
    return names
