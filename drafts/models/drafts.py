"""Drafts: the unpublished work on one release."""

import secrets
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from packaging.utils import canonicalize_version

from accounts import audit
from accounts.models import User
from drafts.dist.fingerprint import fingerprint
from drafts.models.projects import Project

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drafts.models.files import File


class DraftState(StrEnum):
    """PEP 694's names for the states of a publishing session."""

    OPEN = "open"
    PROCESSING = "processing"
    ERROR = "error"
    PUBLISHED = "published"
    CANCELED = "canceled"


EDITABLE = (DraftState.OPEN, DraftState.ERROR)
LIVE = (*EDITABLE, DraftState.PROCESSING)
TERMINAL_KEPT = timedelta(days=30)  # how long upload credentials are told of what ended


class NotEditable(Exception):
    """The draft's files cannot change now; the text says why."""


class Changed(Exception):
    """The draft is not as it was when the person decided; the page shows what changed."""


def new_handle() -> str:
    """Return 128 random bits in hex: the name of a draft in the upload API's URLs."""
    return secrets.token_hex(16)


class DraftQuerySet(models.QuerySet["Draft"]):
    """Named questions about drafts."""

    def visible_to(self, user: User) -> "DraftQuerySet":
        return self.filter(project__members__user=user)

    def live(self) -> "DraftQuerySet":
        return self.filter(state__in=LIVE)

    def expired(self) -> "DraftQuerySet":
        return self.filter(state__in=EDITABLE, expires_at__lte=timezone.now())

    def of_release(self, project: Project, version: str) -> "DraftQuerySet":
        """Drafts of one release; 1.0 and 1.0.0 are one."""
        return self.filter(project=project, version_key=canonicalize_version(version))

    def latest_of(self, project: Project, version: str) -> "Draft | None":
        """The draft a version's page shows: the live one, else the one that ended last."""
        rows = self.of_release(project, version).select_related("project")
        return rows.live().first() or rows.order_by("-pk").first()

    def lock_live(self, project: Project, version: str) -> "Draft | None":
        """Lock the live draft of a release whose project this transaction has locked, and return it."""
        rows = self.of_release(project, version).live().select_related("project")
        return rows.select_for_update(of=("self",)).first()

    def editable_of(self, project: Project, version_key: str) -> "Draft | None":
        """Lock and return the draft of a release whose files may change; None where there is none."""
        row = self.filter(project=project, version_key=version_key, state__in=EDITABLE).first()
        return self.lock(row) if row else None

    def lock(self, draft: "Draft") -> "Draft":
        """Lock the draft's project, then the draft, for this transaction, and return the row as it is now."""
        Project.objects.lock(draft.project_id)
        return self.select_for_update(of=("self",)).select_related("project").get(pk=draft.pk)


class Draft(models.Model):
    """PEP 694's publishing session and its stage. At most one per release is not ended."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="drafts")
    version = models.CharField(max_length=200, help_text="normalised, as first spelled: 1.0")
    version_key = models.CharField(max_length=200, help_text="canonical, decides identity: 1")
    state = models.CharField(max_length=16, default=DraftState.OPEN)
    handle = models.CharField(max_length=32, unique=True, default=new_handle)
    opened_at = models.DateTimeField(default=timezone.now)
    opened_by = models.CharField(max_length=64)
    expires_at = models.DateTimeField()
    changed_at = models.DateTimeField(default=timezone.now)
    serial = models.PositiveBigIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=300, blank=True)
    error = models.TextField(blank=True)
    publishing_fingerprint = models.CharField(max_length=64, blank=True)
    publishing_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    publishing_note = models.TextField(blank=True)
    expects = models.JSONField(default=list, help_text="file names that publishing waits for")
    complete_said_at = models.DateTimeField(null=True)
    complete_said_by = models.CharField(max_length=300, blank=True)
    complete_said_of = models.CharField(max_length=64, blank=True, help_text="the fingerprint at that time")
    purged_at = models.DateTimeField(null=True)

    objects: ClassVar = DraftQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "version_key"],
                condition=Q(state__in=LIVE),
                name="one_live_draft_per_release",
            ),
            models.CheckConstraint(condition=Q(state__in=list(DraftState)), name="a_draft_state_is_pep_694s"),
            models.CheckConstraint(
                condition=Q(state__in=LIVE, ended_at=None) | Q(~Q(state__in=LIVE), ended_at__isnull=False),
                name="a_draft_that_ended_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(state=DraftState.PROCESSING)
                | (~Q(publishing_fingerprint="") & Q(publishing_by__isnull=False)),
                name="a_draft_being_published_says_by_whom_and_what",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["expires_at"], condition=Q(state__in=EDITABLE), name="drafts_expiring"),
            models.Index(fields=["project", "version_key", "-id"], name="drafts_of_release"),
        ]

    def __str__(self) -> str:
        return f"{self.project.name} {self.version}"

    @property
    def subject(self) -> str:
        """Return the draft's name in the job table and in proofs."""
        return f"draft:{self.pk}"

    @property
    def is_editable(self) -> bool:
        return self.state in EDITABLE

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    def must_be_editable(self) -> None:
        """Raise NotEditable, in words, unless files may change."""
        if self.state == DraftState.PROCESSING:
            raise NotEditable(f"{self} is being published: its files cannot change now")
        if not self.is_editable:
            raise NotEditable(f"the draft of {self} is {self.state}: it cannot change any more")

    def fingerprint(self) -> str:
        """Return the SHA-256 that names exactly the files that are in now."""
        return self.fingerprint_of(self.files.live())

    def fingerprint_of(self, files: "Iterable[File]") -> str:
        """Return the fingerprint that the draft has, or had, with these files."""
        lines = [(file.filename, file.size, file.sha256, file.attestations_sha256 or None) for file in files]
        return fingerprint(self.project.name, self.version, lines)

    def touch(self) -> None:
        """Note that something changed, and renew the expiry: now + 7 days, never beyond opened + 30, never earlier."""
        now = timezone.now()
        renewed = min(
            now + timedelta(days=settings.DRAFT_LIFETIME_DAYS),
            self.opened_at + timedelta(days=settings.DRAFT_LIFETIME_MAX_DAYS),
        )
        self.expires_at, self.changed_at = max(self.expires_at, renewed), now
        type(self).objects.filter(pk=self.pk).update(
            expires_at=self.expires_at, changed_at=now, serial=F("serial") + 1
        )

    def bump(self) -> None:
        """Let pages that are being watched know that there is something new."""
        type(self).objects.filter(pk=self.pk).update(serial=F("serial") + 1)

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        return audit.Subject(f"project:{self.project_id}", "draft", str(self.pk), str(self))
