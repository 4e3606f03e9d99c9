"""The end of a sandbox: 30 days after its last upload its releases and roles are gone, and its name is free again."""

from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.mail import Letter
from drafts.access import handover, sandboxes
from drafts.models import (
    BurntName,
    Draft,
    File,
    IndexPage,
    Kind,
    Project,
    StandingOrder,
    Webhook,
    jobs,
)
from drafts.models.drafts import LIVE
from drafts.notify.mail import News, tell
from drafts.publishing import edge


class Event(StrEnum):
    """What the end of a sandbox leaves on record."""

    ENDED = "project:sandbox-ended"


def due() -> Iterator[Project]:
    """Yield sandboxes without a draft that is live, to which nothing was uploaded for 30 days."""
    before = timezone.now() - timedelta(days=settings.SANDBOX_LIFETIME_DAYS)
    drafts = Draft.objects.filter(project=OuterRef("pk"), state__in=LIVE)
    files = File.objects.filter(draft__project=OuterRef("pk"), staged_at__gt=before)
    rows = Project.objects.sandboxes().filter(created_at__lte=before).order_by("pk")
    yield from rows.exclude(Exists(drafts)).exclude(Exists(files))


@transaction.atomic
def end(*, project: Project) -> bool:
    """Take a sandbox off, free its name and those of its files, and end what opens it. The record stays, and the row.

    False when something was uploaded meanwhile, a draft is live, or it has ended. Bytes are deleted by jobs.
    """
    project = Project.objects.lock(project.pk)
    if not project.is_sandbox or project.ended_at is not None:
        return False
    if sandboxes.ends([project])[project.pk] > timezone.now():
        return False
    if project.drafts.filter(state__in=LIVE).exists():
        return False
    tell(News.STATUS, project=project, letter=_letter(project))
    files = _take_off(project)
    handover.leave_nothing(project, by="the sandbox ended")
    Webhook.objects.filter(project=project, removed_at=None).update(removed_at=timezone.now())
    orders = StandingOrder.objects.filter(project=project, ended_at=None)
    orders.update(ended_at=timezone.now(), ended_why="The sandbox ended.")
    name = project.name
    project.name, project.ended_at = f"{name}.{project.pk}", timezone.now()
    project.save(update_fields=["name", "ended_at"])
    audit.record(Event.ENDED, on=project, by=Actor.system(), name=name, files=files)
    return True


def _take_off(project: Project) -> dict[str, str]:
    """Make its files nobody's to read and its names free; returns the names with their digests."""
    rows = File.objects.published().filter(release__project=project).select_related("release__project")
    files = list(rows.defer("core_metadata").order_by("filename", "pk"))
    edge.forget(project=project, files=files)
    File.objects.filter(pk__in=[file.pk for file in files]).take_off()
    for file in files:
        jobs.enqueue(kind=Kind.PURGE, subject=file.subject)
    BurntName.objects.filter(project=project).delete()
    IndexPage.objects.filter(project=project).delete()
    return {file.filename: file.sha256 for file in files}


def _letter(project: Project) -> Letter:
    days = settings.SANDBOX_LIFETIME_DAYS
    return Letter(
        f"{project} has ended",
        (
            f"Nothing was uploaded to {project} for {days} days, so it ended: its releases are gone, and its name is free.",
            "You can make it again.",
        ),
        reverse("sandbox"),
        "Make a sandbox",
    )
