"""Changes of addresses, which the new address has to confirm."""

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.mailed import MailedLink
from accounts.models.people import User


class EmailChange(MailedLink):
    """A person's wish to have another address. Only the digest of the link that confirms it is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="email_changes")
    email = models.EmailField()
    before = models.EmailField()
    asked_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(ended_at=None), name="one_live_change_of_address_per_person"
            ),
        ]

    def __str__(self) -> str:
        return f"change of address of {self.user_id}"

    @classmethod
    def of(cls, token: str, user: User) -> "EmailChange | None":
        """Return the live change that a link confirms, of this very person."""
        return cls.with_token(token).filter(user=user, ended_at=None, expires_at__gt=timezone.now()).first()
