"""Recoveries of people who lost every factor: opened by an operator, waited for, told of, objected to."""

from typing import TYPE_CHECKING, ClassVar

from django.db import models

from accounts.models.mailed import Announced, MailedLink
from accounts.models.people import User

if TYPE_CHECKING:
    from accounts.audit import Subject


class Recovery(Announced):
    """An operator's promise to let somebody in again, 72 hours from now, unless somebody objects."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recoveries")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Announced.LIVE,
                name="one_live_recovery_per_person",
            ),
            models.CheckConstraint(
                condition=Announced.NOT_BOTH,
                name="a_recovery_that_was_objected_to_is_not_done",
            ),
        ]

    def __str__(self) -> str:
        return f"recovery of {self.user_id}, due {self.due_at:%Y-%m-%d %H:%M}"

    @property
    def audit_subject(self) -> "Subject":
        return self.user.audit_subject


class RecoveryNotice(MailedLink):
    """One person who was told of a recovery, and whose link objects to it; only the link's digest is kept."""

    recovery = models.ForeignKey(Recovery, on_delete=models.CASCADE, related_name="notices")
    email = models.EmailField()

    def __str__(self) -> str:
        return f"{self.email} about {self.recovery_id}"

    @classmethod
    def of(cls, token: str) -> "RecoveryNotice | None":
        return cls.with_token(token).select_related("recovery__user").first()
