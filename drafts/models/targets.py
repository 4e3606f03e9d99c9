"""Upstream targets: where publishing sends files besides this index, and how far each file got."""

from enum import StrEnum
from typing import ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from drafts.models.drafts import Draft
from drafts.models.files import File
from drafts.models.projects import Project


class TargetKind(StrEnum):
    """The upstream indexes there are: two that are known by name, and any other by its addresses."""

    PYPI = "pypi"
    TESTPYPI = "testpypi"
    OTHER = "other"


class Uploader(StrEnum):
    """Who uploads to the upstream index: this server, or the project's CI with its own identity."""

    PRESSCHECK = "presscheck"
    CI = "ci"


class TargetQuerySet(models.QuerySet["Target"]):
    """Named questions about targets."""

    def standing(self) -> "TargetQuerySet":
        """Targets that publishing sends to now: those whose removal is not effective yet."""
        return self.filter(Q(leaves_at=None) | Q(leaves_at__gt=timezone.now()), ended_at=None)

    def of(self, project: Project) -> "Target | None":
        return self.standing().filter(project=project).first()


class Target(models.Model):
    """One upstream index of a project. It never changes its addresses: another index is another row.

    ``known`` is what was last read of the project's page there.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="targets")
    kind = models.CharField(max_length=16)
    uploader = models.CharField(max_length=16, default=Uploader.PRESSCHECK)
    upload_url = models.CharField(max_length=300, blank=True)
    index_url = models.CharField(max_length=300, blank=True)
    username = models.CharField(max_length=200, blank=True)
    secret_sealed = models.TextField(blank=True)
    takes_attestations = models.BooleanField(default=False)
    hook_url = models.CharField(max_length=300, blank=True, help_text="what CI is told by, signed")
    environment = models.CharField(max_length=255, blank=True, help_text="GitHub: whose deployments wait")
    app_id = models.CharField(max_length=20, blank=True, help_text="GitHub: the app that decides on them")
    app_key_sealed = models.TextField(blank=True)
    set_at = models.DateTimeField(default=timezone.now)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    checked_at = models.DateTimeField(null=True)
    check_error = models.TextField(blank=True)
    known = models.JSONField(default=dict)
    leaves_at = models.DateTimeField(null=True, help_text="an owner asked for its removal, effective then")
    leaves_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, help_text="removed, its secret forgotten")

    objects: ClassVar = TargetQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project"], condition=Q(ended_at=None), name="a_project_has_one_upstream_target"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=list(TargetKind)), name="a_target_is_of_a_known_kind"
            ),
            models.CheckConstraint(
                condition=Q(uploader__in=list(Uploader)), name="a_target_is_filled_by_presscheck_or_ci"
            ),
            models.CheckConstraint(
                condition=~Q(kind=TargetKind.OTHER) | (~Q(upload_url="") & ~Q(index_url="")),
                name="another_index_has_its_addresses",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(secret_sealed="", app_key_sealed=""),
                name="a_target_that_ended_keeps_no_secret",
            ),
        ]

    def __str__(self) -> str:
        return {"pypi": "PyPI", "testpypi": "TestPyPI"}.get(self.kind) or urlsplit(self.index_url).netloc

    @property
    def subject(self) -> str:
        """Return the target's name in the job table and in proofs."""
        return f"target:{self.pk}"

    @property
    def by_ci(self) -> bool:
        return self.uploader == Uploader.CI

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        return audit.Subject(f"project:{self.project_id}", "target", str(self.pk), str(self))


class PushState(StrEnum):
    """Where bringing a draft's files upstream stands.

    ``stopped`` waits for a person. ``left``: an owner finished here without the rest.
    """

    WAITING = "waiting"
    SENDING = "sending"
    ASKED = "asked"
    STOPPED = "stopped"
    DONE = "done"
    LEFT = "left"


class Push(models.Model):
    """Bringing the files of one draft to an upstream index: begun by the click, ended before the files are shown here.

    ``tries`` counts in a row; ``begun_at`` is when the first file was sent or CI was asked.
    """

    draft = models.OneToOneField(Draft, on_delete=models.PROTECT, primary_key=True, related_name="push")
    target = models.ForeignKey(Target, on_delete=models.PROTECT, related_name="pushes")
    state = models.CharField(max_length=16, default=PushState.WAITING)
    words = models.TextField(blank=True, help_text="why it stands where it stands")
    alarm = models.BooleanField(default=False, help_text="upstream has bytes that nobody reviewed")
    tries = models.PositiveIntegerField(default=0)
    begun_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(state__in=list(PushState)), name="a_push_is_in_a_known_state"),
            models.CheckConstraint(
                condition=Q(state__in=[PushState.DONE, PushState.LEFT], ended_at__isnull=False)
                | ~Q(state__in=[PushState.DONE, PushState.LEFT]) & Q(ended_at=None),
                name="a_push_that_ended_says_when",
            ),
        ]

    def __str__(self) -> str:
        return f"push of {self.draft_id}"

    @property
    def is_over(self) -> bool:
        return self.state in {PushState.DONE, PushState.LEFT}


class PushedFileState(StrEnum):
    """Where one file stands upstream; ``unclear``: it was being sent, and nobody knows yet whether it arrived."""

    PENDING = "pending"
    UNCLEAR = "unclear"
    SENT = "sent"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


MAY_BE_THERE = (PushedFileState.UNCLEAR, PushedFileState.SENT, PushedFileState.CONFIRMED)


class PushedFile(models.Model):
    """One file on its way upstream, with the upstream's words."""

    push = models.ForeignKey(Push, on_delete=models.CASCADE, related_name="deliveries")
    file = models.OneToOneField(File, on_delete=models.PROTECT, related_name="pushed_file")
    state = models.CharField(max_length=16, default=PushedFileState.PENDING)
    words = models.TextField(blank=True)
    tried_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=list(PushedFileState)), name="a_pushed_file_is_in_a_known_state"
            ),
            models.CheckConstraint(
                condition=Q(state=PushedFileState.CONFIRMED, confirmed_at__isnull=False)
                | ~Q(state=PushedFileState.CONFIRMED) & Q(confirmed_at=None),
                name="a_confirmed_pushed_file_says_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_id} {self.state}"


class LookBack(models.Model):
    """What a draft's public addresses handed out right after publishing: file names with what was wrong, if anything."""

    draft = models.OneToOneField(Draft, on_delete=models.PROTECT, primary_key=True, related_name="look_back")
    at = models.DateTimeField(default=timezone.now)
    files = models.PositiveIntegerField()
    differ = models.JSONField(default=dict)
    error = models.TextField(blank=True, help_text="why not every file could be fetched")

    def __str__(self) -> str:
        return f"look back at {self.draft_id}"
