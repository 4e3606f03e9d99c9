"""Superseded uploads: they count towards a project's quota, and when it is full the oldest of them go first."""

from typing import Any

from django.db.models import QuerySet, Sum

from accounts.compiled import Compiled
from drafts.models import File, Kind, Project, jobs
from drafts.models.drafts import EDITABLE
from drafts.models.files import FileQuerySet


def _rows(project: int) -> FileQuerySet:
    """Return the superseded uploads whose bytes are kept for comparison, of drafts that can still change."""
    rows = File.objects.superseded().with_bytes().filter(release=None)
    return rows.filter(draft__project=project, draft__state__in=EDITABLE)


def _sum(project: int) -> "QuerySet[File, Any]":
    whole = _rows(project).values("draft__project").annotate(total=Sum("size"))
    return whole.order_by().values_list("total")


_SUM = Compiled(_sum)


def kept_bytes(project: Project) -> int:
    """Return how many bytes would make way for a new file."""
    return sum(int(total) for (total,) in _SUM.rows(project=project.pk))


def give_way(*, project: Project, needed: int) -> list[str]:
    """Have the oldest superseded uploads deleted that together have the bytes which are needed; returns their names.

    Part of the act that stages a file. Nothing is deleted where nothing is needed.
    """
    names: list[str] = []
    if needed <= 0:
        return names
    for file in _rows(project.pk).defer("core_metadata").order_by("ended_at", "pk"):
        jobs.enqueue(kind=Kind.PURGE, subject=file.subject)
        names.append(file.filename)
        needed -= file.size
        if needed <= 0:
            break
    return names
