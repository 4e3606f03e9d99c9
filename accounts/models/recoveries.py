"""Recoveries of people who lost every factor: opened by an operator, waited for, told of, objected to."""

import hashlib
import secrets as stdlib_secrets
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.people import User

if TYPE_CHECKING:
    from accounts.audit import Subject


class Recovery(models.Model):
    """An operator's promise to let somebody in again, 72 hours from now, unless somebody objects."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recoveries")
    opened_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField()
    objected_at = models.DateTimeField(null=True)
    objected_by = models.CharField(max_length=254, blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(objected_at=None, done_at=None),
                name="one_live_recovery_per_person",
            ),
            models.CheckConstraint(
                condition=Q(objected_at=None) | Q(done_at=None),
                name="a_recovery_that_was_objected_to_is_not_done",
            ),
        ]

    def __str__(self) -> str:
        return f"recovery of {self.user_id}, due {self.due_at:%Y-%m-%d %H:%M}"

    @property
    def audit_subject(self) -> "Subject":
        return self.user.audit_subject

    @property
    def is_live(self) -> bool:
        return self.objected_at is None and self.done_at is None


class RecoveryNotice(models.Model):
    """One person who was told of a recovery, and whose link objects to it; only the link's digest is kept."""

    recovery = models.ForeignKey(Recovery, on_delete=models.CASCADE, related_name="notices")
    email = models.EmailField()
    token_sha256 = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return f"{self.email} about {self.recovery_id}"

    @classmethod
    def make(cls, *, recovery: Recovery, email: str) -> str:
        """Return the token; the row keeps its SHA-256."""
        token = stdlib_secrets.token_urlsafe(32)
        cls.objects.create(recovery=recovery, email=email, token_sha256=cls.digest(token))
        return token

    @staticmethod
    def digest(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    def of(cls, token: str) -> "RecoveryNotice | None":
        return cls.objects.select_related("recovery__user").filter(token_sha256=cls.digest(token)).first()
