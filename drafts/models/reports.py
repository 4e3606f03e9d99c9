"""What testers say of a draft, and what was fetched through its links. Fetched is not tested."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from drafts.models.drafts import Draft
from drafts.models.tokens import DraftLink


class ReportQuerySet(models.QuerySet["Report"]):
    """Named questions about testers' reports."""

    def counted(self) -> "ReportQuerySet":
        """Return those that nobody took off the page."""
        return self.filter(revoked_at=None)


class Report(models.Model):
    """One tester's word through a draft link: it works, or it is broken, for exactly the files of a fingerprint."""

    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="reports")
    link = models.ForeignKey(DraftLink, on_delete=models.PROTECT, related_name="reports")
    fingerprint = models.CharField(max_length=64)
    works = models.BooleanField()
    name = models.CharField(max_length=100, blank=True)
    note = models.CharField(max_length=2000, blank=True)
    sha256 = models.CharField(max_length=64, blank=True, help_text="of the file that was installed")
    agent = models.CharField(max_length=200, blank=True, help_text="installer, Python and platform")
    at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=2000, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True)

    objects: ClassVar = ReportQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(answer="", answered_by=None, answered_at=None)
                | Q(~Q(answer=""), answered_by__isnull=False, answered_at__isnull=False),
                name="an_answer_says_whose_and_when",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["link", "at"], name="reports_of_link")]

    def __str__(self) -> str:
        return f"{'works' if self.works else 'broken'} of {self.draft_id}"

    @property
    def who(self) -> str:
        """Return who said it, as far as anybody knows."""
        return self.name or f"somebody with the link for {self.link.label}"


class Fetch(models.Model):
    """How often a file was fetched through a draft's links, by what fetched it."""

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="fetches")
    filename = models.CharField(max_length=250)
    agent = models.CharField(max_length=200)
    count = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["draft", "filename", "agent"], name="one_count_per_file_and_agent"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.filename} {self.count}×"
