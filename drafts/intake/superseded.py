"""Superseded uploads: they count towards a project's quota, and when it is full the oldest of them go first.

One that a log of its draft names makes way for people alone: a comparison and *put CI's copy back* rest on it, and whoever
holds an upload token could have it deleted by uploading until the quota is full.
"""

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Sum

from accounts.compiled import Compiled
from drafts.models import File, Kind, LoggedDigest, Project, Token, jobs
from drafts.models.drafts import EDITABLE
from drafts.models.files import FileQuerySet


def _rows(project: int) -> FileQuerySet:
    """Return the superseded uploads whose bytes are kept for comparison, of drafts that can still change."""
    rows = File.objects.superseded().with_bytes().filter(release=None)
    return rows.filter(draft__project=project, draft__state__in=EDITABLE)


def _unnamed(project: int) -> FileQuerySet:
    """Return those of them that no log of their draft names."""
    logged = LoggedDigest.objects.filter(log__draft=OuterRef("draft"))
    named = logged.filter(Q(digest=OuterRef("sha256")) | Q(digest=OuterRef("blake2b_256")))
    return _rows(project).exclude(Exists(named))


def _total(rows: FileQuerySet) -> "QuerySet[File, Any]":
    whole = rows.values("draft__project").annotate(total=Sum("size"))
    return whole.order_by().values_list("total")


def _sum(project: int) -> "QuerySet[File, Any]":
    return _total(_rows(project))


def _sum_unnamed(project: int) -> "QuerySet[File, Any]":
    return _total(_unnamed(project))


_SUM, _SUM_UNNAMED = Compiled(_sum), Compiled(_sum_unnamed)


def kept_bytes(project: Project, token: Token | None) -> int:
    """Return how many bytes would make way for a new file of this credential, or of a person."""
    asked = _SUM if token is None else _SUM_UNNAMED
    return sum(int(total) for (total,) in asked.rows(project=project.pk))


def give_way(*, project: Project, token: Token | None, needed: int) -> list[str]:
    """Have the oldest superseded uploads deleted that together have the bytes which are needed; returns their names.

    Part of the act that stages a file. Nothing is deleted where nothing is needed.
    """
    names: list[str] = []
    if needed <= 0:
        return names
    rows = _rows(project.pk) if token is None else _unnamed(project.pk)
    for file in rows.defer("core_metadata").order_by("ended_at", "pk"):
        jobs.enqueue(kind=Kind.PURGE, subject=file.subject)
        names.append(file.filename)
        needed -= file.size
        if needed <= 0:
            break
    return names
