"""Published releases, and the project's page as installers get it."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q

from accounts import audit
from drafts.dist.windows import Life

if TYPE_CHECKING:
    from collections.abc import Mapping
from drafts.models.projects import Project


class Release(models.Model):
    """A published version of a project (PEP 440; the canonical form decides identity)."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="releases")
    version = models.CharField(max_length=200)
    version_key = models.CharField(max_length=200)
    published_at = models.DateTimeField()
    open_seconds = models.PositiveBigIntegerField(
        default=0, help_text="how long after the first the last file came"
    )
    closed_at = models.DateTimeField(
        null=True, help_text="when somebody closed it; none: the rule alone does"
    )
    reopened_until = models.DateTimeField(null=True)
    quarantined_at = models.DateTimeField(null=True)
    quarantine_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "version_key"], name="one_release_per_version"),
            models.CheckConstraint(
                condition=Q(quarantined_at=None, quarantine_reason="")
                | (Q(quarantined_at__isnull=False) & ~Q(quarantine_reason="")),
                name="a_quarantine_of_a_release_says_why",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["-open_seconds"], condition=Q(open_seconds__gt=0), name="releases_by_how_long_open"
            ),
            # To count by year without a look at any row. The other way round, SQLite would take it for every question about
            # what is not in quarantine, and walk over all releases.
            models.Index(fields=["published_at", "quarantined_at"], name="releases_by_first_file"),
            models.Index(
                fields=["quarantined_at"],
                condition=Q(quarantined_at__isnull=False),
                name="releases_in_quarantine",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project} {self.version}"

    def life(self, newer: "Mapping[tuple[str, ...], datetime | None]") -> Life:
        """Return what its window goes by; ``newer``: when the first newer stable release of its series came."""
        last = self.published_at + timedelta(seconds=self.open_seconds)
        return Life(self.published_at, last, newer, self.closed_at, self.reopened_until)

    @property
    def is_quarantined(self) -> bool:
        return self.quarantined_at is not None

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        return audit.Subject(f"project:{self.project_id}", "release", str(self.pk), str(self))


class IndexPage(models.Model):
    """A project's page as installers get it, rendered in the transaction that changed it."""

    project = models.OneToOneField(Project, on_delete=models.PROTECT, primary_key=True, related_name="page")
    html = models.BinaryField()
    json = models.BinaryField()
    html_gzip = models.BinaryField()
    json_gzip = models.BinaryField()
    etag = models.CharField(max_length=64)
    render_key = models.CharField(max_length=64)
    serial = models.PositiveBigIntegerField()
    good_until = models.DateTimeField(null=True, help_text="when a window ends; then it is rendered anew")

    def __str__(self) -> str:
        return f"page of {self.project_id} at {self.serial}"
