"""Decisions of maintainers about one draft: what is published all the same, by whom, and why."""

from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from drafts.models.drafts import Draft


class DecisionKind(StrEnum):
    """What a maintainer can decide about a draft."""

    WITHOUT = "without"  # publish without files that are expected
    ENVIRONMENTS = "environments"  # let environments install another file than today
    SOURCES = "sources"  # publish a late file whose sources differ from the release's
    NEW_FILES = "new-files"  # publish a late file of a kind that nobody expected
    CONFIRMED = "confirmed"  # these bytes are right, though the token that staged them leaked
    NO_ATTESTATIONS = "no-attestations"  # let the upstream index show none, though the last release had them


class DecisionQuerySet(models.QuerySet["Decision"]):
    """Named questions about decisions."""

    def standing(self) -> "DecisionQuerySet":
        return self.filter(revoked_at=None)


class Decision(models.Model):
    """One decision: it covers exactly what it names (``what``), and nothing that comes later."""

    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="decisions")
    kind = models.CharField(max_length=16)
    what = models.JSONField(default=list)
    reason = models.CharField(max_length=2000)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True)

    objects: ClassVar = DecisionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=list(DecisionKind)), name="a_decision_is_of_a_known_kind"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="a_decision_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.draft_id}"
