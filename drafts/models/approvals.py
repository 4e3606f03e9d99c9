"""Approvals: a member's yes or no to exactly the files that a fingerprint names."""

from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Q
from django.utils import timezone

from drafts.models import standing
from drafts.models.drafts import Draft


class Says(StrEnum):
    """What a member says of a draft."""

    YES = "yes"
    CHANGES = "changes"


class ApprovalQuerySet(models.QuerySet["Approval"]):
    """Named questions about approvals."""

    def standing(self) -> "ApprovalQuerySet":
        """Return those that were neither taken back nor made void by a change of files."""
        return self.filter(withdrawn_at=None, voided_at=None)

    def with_roles(self) -> "ApprovalQuerySet":
        """Return them with ``rank``: how high their author stands on the project today; 0 is no member any more."""
        return self.annotate(rank=standing.rank(OuterRef("draft__project"), OuterRef("user")))


class Approval(models.Model):
    """One yes or no, bound to a fingerprint. Once void it stays void, also when the files change back."""

    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="approvals")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    says = models.CharField(max_length=8)
    fingerprint = models.CharField(max_length=64)
    note = models.CharField(max_length=2000, blank=True)
    method = models.CharField(max_length=32, help_text="which kind of second factor was given")
    at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True)
    voided_at = models.DateTimeField(null=True)

    objects: ClassVar = ApprovalQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(says__in=list(Says)), name="an_approval_says_yes_or_wants_changes"
            ),
            models.CheckConstraint(
                condition=~Q(says=Says.CHANGES) | ~Q(note=""), name="who_wants_changes_says_which"
            ),
            models.CheckConstraint(condition=~Q(fingerprint=""), name="an_approval_names_the_files"),
            models.UniqueConstraint(
                fields=["draft", "user"],
                condition=Q(withdrawn_at=None, voided_at=None),
                name="one_standing_approval_per_person_and_draft",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.says} of {self.user_id} to {self.draft_id}"

    @property
    def stands(self) -> bool:
        return self.withdrawn_at is None and self.voided_at is None
