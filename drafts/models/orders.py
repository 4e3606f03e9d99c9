"""Standing orders: what an owner lets be published without a person's click, for a while and under narrow terms."""

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from drafts.models.projects import Project

LONGEST = timedelta(days=90)


class StandingOrderQuerySet(models.QuerySet["StandingOrder"]):
    """Named questions about standing orders."""

    def live(self) -> "StandingOrderQuerySet":
        return self.filter(ended_at=None, expires_at__gt=timezone.now())

    def of(self, project: Project) -> "StandingOrder | None":
        """Return the order that a project has now."""
        return self.live().filter(project=project).select_related("given_by", "project").first()


class StandingOrder(models.Model):
    """An owner's order. Members, publishers and policy are kept as digests: another one voids it.

    ``baseline`` says which job built the newest release, at which commit: files of that job alone are published.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="standing_orders")
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_why = models.TextField(blank=True)
    members = models.CharField(max_length=64)
    publishers = models.CharField(max_length=64)
    policy = models.CharField(max_length=64)
    baseline = models.JSONField()

    objects: ClassVar = StandingOrderQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project"], condition=Q(ended_at=None), name="one_standing_order_per_project"
            ),
        ]

    def __str__(self) -> str:
        return f"standing order of {self.given_by} given on {self.given_at:%d %B %Y}"

    @property
    def is_live(self) -> bool:
        return self.ended_at is None and self.expires_at > timezone.now()

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        return audit.Subject(f"project:{self.project_id}", "order", str(self.pk), str(self))
