"""Projects and the people on them."""

from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from accounts.models import User


class Role(StrEnum):
    """What a member is, per project."""

    REVIEWER = "reviewer"
    MAINTAINER = "maintainer"
    OWNER = "owner"


class LinkForCi(StrEnum):
    """Whether answers to an upload credential carry a draft link, and how long that link is good."""

    NEVER = "never"
    DAY = "day"
    FULL = "full"


class PublishFromCi(StrEnum):
    """What an upload credential that calls publish is told: that it may not (403), or to wait (202)."""

    REFUSE = "refuse"
    WAIT = "wait"


class EvidenceDemand(StrEnum):
    """What evidence every file must match before it is published: none, or one of this rank or better."""

    NOTHING = "nothing"
    PASTED = "pasted"
    CI = "ci"
    FETCHED = "fetched"
    ATTESTED = "attested"


class ExpectedFiles(StrEnum):
    """Which files publishing waits for: those for whom the last release had a wheel, those of patterns, or none."""

    LAST = "last"
    PATTERNS = "patterns"
    NOTHING = "nothing"


class ProjectQuerySet(models.QuerySet["Project"]):
    """Named questions about projects."""

    def visible_to(self, user: User) -> "ProjectQuerySet":
        return self.filter(members__user=user)

    def published(self) -> "ProjectQuerySet":
        return self.exclude(first_published_at=None)

    def lock(self, project_id: int) -> "Project":
        """Lock one project for this transaction: the first lock of every act."""
        return self.select_for_update().get(pk=project_id)


class Project(models.Model):
    """A normalised name (PEP 503) with members and releases; invisible on the index until its first publish."""

    name = models.CharField(max_length=200, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    first_published_at = models.DateTimeField(null=True)
    quota = models.PositiveBigIntegerField(null=True, help_text="bytes; empty: the server's default")
    local_versions = models.BooleanField(default=False)
    direct_urls = models.BooleanField(
        default=False, help_text="requirements may name addresses instead of versions"
    )
    link_for_ci = models.CharField(max_length=8, default=LinkForCi.NEVER)
    publish_from_ci = models.CharField(max_length=8, default=PublishFromCi.REFUSE)
    evidence_demand = models.CharField(max_length=8, default=EvidenceDemand.NOTHING)
    expected_files = models.CharField(max_length=8, default=ExpectedFiles.LAST)
    expected_patterns = models.JSONField(default=list, help_text="shell patterns of file names")
    serial = models.PositiveBigIntegerField(default=0)

    objects: ClassVar = ProjectQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(name__regex=r"^[a-z0-9]+(-[a-z0-9]+)*$"), name="a_project_name_is_normalised"
            ),
            models.CheckConstraint(
                condition=Q(link_for_ci__in=list(LinkForCi)), name="a_link_for_ci_is_never_a_day_or_full"
            ),
            models.CheckConstraint(
                condition=Q(publish_from_ci__in=list(PublishFromCi)),
                name="a_publish_from_ci_is_refused_or_waits",
            ),
            models.CheckConstraint(
                condition=Q(evidence_demand__in=list(EvidenceDemand)), name="evidence_is_demanded_by_its_rank"
            ),
            models.CheckConstraint(
                condition=Q(expected_files__in=list(ExpectedFiles)),
                name="expected_files_are_last_times_patterns_or_none",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def quota_bytes(self) -> int:
        return self.quota if self.quota is not None else settings.PROJECT_QUOTA

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        return audit.Subject(f"project:{self.pk}", "project", str(self.pk), self.name)


class Membership(models.Model):
    """A person's role on a project."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16)
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "user"], name="one_role_per_person_and_project"),
            models.CheckConstraint(condition=Q(role__in=list(Role)), name="a_role_is_one_of_three"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} of {self.project_id}"


class Release(models.Model):
    """A published version of a project (PEP 440; the canonical form decides identity)."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="releases")
    version = models.CharField(max_length=200)
    version_key = models.CharField(max_length=200)
    published_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "version_key"], name="one_release_per_version"),
        ]

    def __str__(self) -> str:
        return f"{self.project} {self.version}"

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

    def __str__(self) -> str:
        return f"page of {self.project_id} at {self.serial}"
