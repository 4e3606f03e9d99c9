"""Superseded uploads: they count towards a project's quota, and when it is full the oldest of them go first."""

from django.db.models import Sum

from drafts.models import File, Kind, Project, jobs
from drafts.models.drafts import EDITABLE
from drafts.models.files import FileQuerySet


def _rows(project: Project) -> FileQuerySet:
    """Return the superseded uploads whose bytes are kept for comparison, of drafts that can still change."""
    rows = File.objects.superseded().with_bytes().filter(release=None)
    return rows.filter(draft__project=project, draft__state__in=EDITABLE)


def kept_bytes(project: Project) -> int:
    """Return how many bytes would make way for a new file."""
    return _rows(project).aggregate(total=Sum("size"))["total"] or 0


def give_way(*, project: Project, needed: int) -> list[str]:
    """Have the oldest superseded uploads deleted that together have the bytes which are needed; returns their names.

    Part of the act that stages a file. Nothing is deleted where nothing is needed.
    """
    names: list[str] = []
    if needed <= 0:
        return names
    for file in _rows(project).defer("core_metadata").order_by("ended_at", "pk"):
        jobs.enqueue(kind=Kind.PURGE, subject=file.subject)
        names.append(file.filename)
        needed -= file.size
        if needed <= 0:
            break
    return names
