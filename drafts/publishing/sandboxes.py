"""The end of a sandbox: 30 days after its last upload its releases and roles are gone, and its name is free again."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
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
    Role,
    StandingOrder,
    Webhook,
    jobs,
)
from drafts.models.drafts import LIVE
from drafts.models.projects import ProjectQuerySet
from drafts.notify.mail import News, tell
from drafts.publishing import edge
from drafts.publishing.expiry import NEAR


class Event(StrEnum):
    """What the end of a sandbox leaves on record."""

    REMINDED = "project:sandbox-reminded"
    ENDED = "project:sandbox-ended"


def due() -> Iterator[Project]:
    """Yield sandboxes without a draft that is live, to which nothing was uploaded for 30 days."""
    drafts = Draft.objects.filter(project=OuterRef("pk"), state__in=LIVE)
    yield from _unused(timedelta(days=settings.SANDBOX_LIFETIME_DAYS)).exclude(Exists(drafts))


def near() -> Iterator[Project]:
    """Yield sandboxes that end within two days, and of whose end nobody was told."""
    rows = _unused(timedelta(days=settings.SANDBOX_LIFETIME_DAYS) - NEAR)
    yield from rows.filter(Q(reminded_of=None) | Q(reminded_of__lt=timezone.now()))


def _unused(time: timedelta) -> ProjectQuerySet:
    """Return sandboxes to which nothing was uploaded for a time."""
    before = timezone.now() - time
    files = File.objects.filter(draft__project=OuterRef("pk"), staged_at__gt=before)
    rows: ProjectQuerySet = Project.objects.sandboxes().filter(created_at__lte=before).order_by("pk")
    return rows.exclude(Exists(files))


@transaction.atomic
def remind(*, project: Project) -> bool:
    """Tell members that a sandbox ends within two days, once for each end. False when it does not, or they know."""
    project = Project.objects.lock(project.pk)
    end = sandboxes.ends([project])[project.pk]
    if project.ended_at is not None or not timezone.now() < end <= timezone.now() + NEAR:
        return False
    if Project.objects.filter(pk=project.pk).exclude(reminded_of=end).update(reminded_of=end) == 0:
        return False
    tell(News.EXPIRY_NEAR, project=project, letter=_ends_soon(project, end), roles=tuple(Role))
    audit.record(Event.REMINDED, on=project, by=Actor.system(), until=end.isoformat())
    return True


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


def _ends_soon(project: Project, end: datetime) -> Letter:
    return Letter(
        f"{project} ends soon",
        (
            f"Nothing was uploaded to {project} for a while. It ends on {end:%d %B %Y at %H:%M} UTC.",
            "Then its releases are gone, and its name is free.",
            f"An upload keeps it for {settings.SANDBOX_LIFETIME_DAYS} days more.",
        ),
        project.path,
        f"Look at {project}",
    )


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
