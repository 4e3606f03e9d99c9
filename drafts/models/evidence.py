"""Evidence: what somebody other than the uploader's request says the digests are."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from drafts.models.ci import CiRun
from drafts.models.drafts import Draft
from drafts.models.tokens import Token


class EvidenceLog(models.Model):
    """One log or checksum file, kept as it came."""

    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="evidence")
    label = models.CharField(max_length=200)
    rank = models.PositiveSmallIntegerField()
    added_at = models.DateTimeField(default=timezone.now)
    added_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    added_by_token = models.ForeignKey(Token, on_delete=models.PROTECT, null=True, related_name="+")
    added_by_run = models.ForeignKey(CiRun, on_delete=models.PROTECT, null=True, related_name="logs")
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    found = models.PositiveIntegerField(help_text="how many digests were read from it")
    cut = models.BooleanField(default=False)
    object_id = models.CharField(max_length=32, unique=True)
    purged_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["draft", "sha256", "added_by_user"],
                condition=Q(added_by_user__isnull=False),
                name="a_person_adds_a_log_once",
            ),
            models.UniqueConstraint(
                fields=["draft", "sha256", "added_by_token"],
                condition=Q(added_by_token__isnull=False),
                name="a_token_adds_a_log_once",
            ),
            models.UniqueConstraint(
                fields=["draft", "sha256", "added_by_run"],
                condition=Q(added_by_run__isnull=False),
                name="a_run_adds_a_log_once",
            ),
            models.CheckConstraint(
                condition=Q(added_by_token__isnull=False, added_by_user=None, added_by_run=None)
                | Q(added_by_token=None, added_by_user__isnull=False, added_by_run=None)
                | Q(added_by_token=None, added_by_user=None, added_by_run__isnull=False),
                name="a_log_was_added_by_a_token_a_person_or_a_run",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def added_by(self) -> str:
        """Return an opaque name of who added it; a run is nobody who stages, so its logs are independent."""
        if self.added_by_run_id:
            return f"run:{self.added_by_run_id}"
        return (
            f"token:{self.added_by_token_id}" if self.added_by_token_id else f"person:{self.added_by_user_id}"
        )


class LoggedDigest(models.Model):
    """One digest that a log says a file has."""

    log = models.ForeignKey(EvidenceLog, on_delete=models.CASCADE, related_name="digests")
    filename = models.CharField(max_length=300, null=True)
    algorithm = models.CharField(max_length=16)
    digest = models.CharField(max_length=256)
    line = models.PositiveIntegerField()
    form = models.CharField(max_length=40)
    excerpt = models.CharField(max_length=1000, blank=True)

    def __str__(self) -> str:
        return f"{self.filename or '(no name)'} {self.algorithm}:{self.digest[:12]}"
