"""Changes of addresses, which the new address has to confirm."""

import hashlib
import secrets as stdlib_secrets
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.people import User

MAILED = "pci_"  # by which logs know it, and leave it out


class EmailChange(models.Model):
    """A person's wish to have another address. Only the digest of the link that confirms it is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="email_changes")
    email = models.EmailField()
    before = models.EmailField()
    token_sha256 = models.CharField(max_length=64, unique=True)
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
    def make(cls, *, user: User, email: str, expires_at: datetime) -> str:
        """Return the token; the row keeps its SHA-256."""
        token = f"{MAILED}{stdlib_secrets.token_urlsafe(32)}"
        digest = cls.digest(token)
        cls.objects.create(
            user=user, email=email, before=user.email, token_sha256=digest, expires_at=expires_at
        )
        return token

    @staticmethod
    def digest(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    def of(cls, token: str, user: User) -> "EmailChange | None":
        """Return the live change that a link confirms, of this very person."""
        rows = cls.objects.filter(user=user, ended_at=None, expires_at__gt=timezone.now())
        return rows.filter(token_sha256=cls.digest(token)).first()
