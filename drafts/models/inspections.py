"""Inspections: what was found inside a file, and which findings a project remembers as accepted."""

from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from drafts.models.drafts import Draft
from drafts.models.files import File
from drafts.models.projects import Project


class InspectionState(StrEnum):
    """How an inspection ended; a file without one is still being inspected."""

    DONE = "done"
    FAILED = "failed"


class Severity(StrEnum):
    """How grave a finding is: ``refuse`` blocks publishing, and nobody can waive it."""

    REFUSE = "refuse"
    WARN = "warn"
    NOTE = "note"


class Inspection(models.Model):
    """One file, read to its end. Its members and description lie in storage, as one object (``object_id``)."""

    file = models.OneToOneField(File, on_delete=models.PROTECT, primary_key=True, related_name="inspection")
    state = models.CharField(max_length=8)
    error = models.TextField(blank=True)
    ended_at = models.DateTimeField(default=timezone.now)
    checks = models.PositiveIntegerField(help_text="the edition of the checks that looked")
    members = models.PositiveIntegerField(default=0)
    inflated = models.PositiveBigIntegerField(default=0)
    natives = models.PositiveIntegerField(default=0, help_text="members that hold native code")
    tops = models.JSONField(default=list, help_text="names that installing adds to site-packages")
    description_sha256 = models.CharField(max_length=64, blank=True)
    object_id = models.CharField(max_length=32, unique=True, null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    purged_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state=InspectionState.DONE, object_id__isnull=False)
                | Q(state=InspectionState.FAILED, object_id=None) & ~Q(error=""),
                name="an_inspection_kept_its_object_or_says_why_it_failed",
            ),
        ]

    def __str__(self) -> str:
        return f"inspection of {self.file_id}: {self.state}"


class Finding(models.Model):
    """One thing that an inspection noticed about a file, in a sentence; ``more``: places like it that are not listed."""

    file = models.ForeignKey(File, on_delete=models.PROTECT, related_name="findings")
    code = models.CharField(max_length=64)
    severity = models.CharField(max_length=8)
    path = models.CharField(max_length=1024, blank=True)
    line = models.PositiveIntegerField(null=True)
    text = models.TextField()
    more = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(severity__in=list(Severity)), name="a_finding_is_refuse_warn_or_note"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.severity} {self.code}: {self.text}"


class Remembered(models.Model):
    """A finding that a project, or one draft of it, accepts wherever the path fits the pattern, until it is revoked."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="remembered")
    draft = models.ForeignKey(
        Draft, on_delete=models.PROTECT, null=True, related_name="remembered", help_text="only for this one"
    )
    code = models.CharField(max_length=64)
    severity = models.CharField(max_length=8)
    pattern = models.CharField(max_length=1024)
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "code", "pattern"],
                condition=Q(revoked_at=None, draft=None),
                name="a_project_remembers_a_finding_once",
            ),
            models.UniqueConstraint(
                fields=["draft", "code", "pattern"],
                condition=Q(revoked_at=None),
                name="a_draft_accepts_a_finding_once",
            ),
            models.CheckConstraint(
                condition=Q(severity__in=[Severity.WARN, Severity.NOTE]),
                name="what_is_refused_is_never_accepted",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="what_is_accepted_has_a_reason"),
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None)
                | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="what_is_revoked_says_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project} accepts {self.code} of {self.pattern}"
