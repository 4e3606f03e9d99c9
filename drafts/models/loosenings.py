"""Settings that ask less than before, while they wait."""

from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from drafts.models.projects import Project


class LooseningState(StrEnum):
    """Where a change that asks less stands. ``void``: what it was asked of is not so any more."""

    PENDING = "pending"
    DONE = "done"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    VOID = "void"


class LooseningQuerySet(models.QuerySet["Loosening"]):
    """Named questions about changes that wait."""

    def pending(self) -> "LooseningQuerySet":
        return self.filter(state=LooseningState.PENDING)

    def end(self, state: LooseningState, *, by: str) -> bool:
        """Write that what waits here waits no more, for an act that holds the project's lock. False when nothing did."""
        return self.pending().update(state=state, ended_at=timezone.now(), ended_by=by[:254]) > 0


class Loosening(models.Model):
    """A change of a project's settings that asks less: it waits for its time, or for a second owner.

    ``before``: the whole policy as it was when this was asked. ``after``: the settings that change, alone.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="loosenings")
    before = models.JSONField()
    after = models.JSONField()
    state = models.CharField(max_length=16, default=LooseningState.PENDING)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=254, blank=True)

    objects: ClassVar = LooseningQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(state=LooseningState.PENDING),
                name="one_pending_loosening_per_project",
            ),
            models.CheckConstraint(
                condition=Q(state__in=list(LooseningState)), name="a_loosening_has_one_of_five_states"
            ),
            models.CheckConstraint(
                condition=Q(state=LooseningState.PENDING, ended_at=None)
                | (~Q(state=LooseningState.PENDING) & Q(ended_at__isnull=False)),
                name="a_loosening_has_ended_unless_it_is_pending",
            ),
        ]

    def __str__(self) -> str:
        return f"loosening {self.pk} of {self.project}"

    @property
    def subject(self) -> str:
        """Return how jobs name it."""
        return f"loosening:{self.pk}"

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        return audit.Subject(f"project:{self.project_id}", "settings", str(self.pk), str(self.project))
