"""Evidence that came before its release had a draft: it joins when one opens, and goes after a week."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from drafts.models import Draft, EvidenceLog, Kind, Project, jobs
from drafts.storage import storage


def join(*, draft: Draft) -> int:
    """Let what waited for a release come to its draft, for an act that holds the project's lock. Returns how many logs."""
    there = EvidenceLog.objects.filter(
        draft=draft, sha256=OuterRef("sha256"), added_by_token=OuterRef("added_by_token")
    )
    logs = EvidenceLog.objects.waiting_for(draft.project, draft.version_key).exclude(Exists(there))
    ids = list(logs.values_list("pk", flat=True))
    joined = EvidenceLog.objects.filter(pk__in=ids).update(draft=draft)
    verify(draft=draft)
    return joined


def verify(*, draft: Draft) -> None:
    """Have attestations in a draft's logs verified for the files that are there now, for an act that locked the draft."""
    logs = EvidenceLog.objects.filter(draft=draft, attests=True, purged_at=None).only("pk")
    for log in logs:
        jobs.enqueue(kind=Kind.VERIFY_ATTESTATIONS, subject=log.subject)


def forget() -> int:
    """Delete what waited for a week and nobody opened a draft for. Returns how many logs."""
    before = timezone.now() - timedelta(days=settings.EVIDENCE_WAITS_DAYS)
    projects = EvidenceLog.objects.filter(draft=None, added_at__lt=before).values_list("project", flat=True)
    return sum(_forget_of(project_id, before) for project_id in sorted(set(projects)) if project_id)


def _forget_of(project_id: int, before: object) -> int:
    """Delete the rows of one project first, under its lock, and the bytes after: a draft may open at this moment."""
    with transaction.atomic():
        Project.objects.lock(project_id)
        logs = EvidenceLog.objects.filter(draft=None, project=project_id, added_at__lt=before)
        doomed = list(logs.values_list("object_id", flat=True))
        logs.delete()
    for object_id in doomed:
        storage().delete(object_id)
    return len(doomed)
