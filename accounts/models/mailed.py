"""Links that come by mail, and acts that are announced by mail and can be objected to."""

import hashlib
import secrets as stdlib_secrets
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

MAILED = "pci_"  # by which logs know such a token, and leave it out


class MailedLink(models.Model):
    """A link that lets whoever holds it do one thing; only the digest of its token is kept."""

    token_sha256 = models.CharField(max_length=64, unique=True)

    class Meta:
        abstract = True

    @classmethod
    def make(cls, **row: Any) -> str:
        """Keep a row and return the token, which is in no row."""
        token = f"{MAILED}{stdlib_secrets.token_urlsafe(32)}"
        cls._default_manager.create(token_sha256=cls.digest(token), **row)
        return token

    @staticmethod
    def digest(token: str) -> str:
        """Return what is kept of a token: its SHA-256 in hex."""
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    def with_token(cls, token: str) -> models.QuerySet[Self]:
        """Return the row of a token, as a query."""
        return cls._default_manager.filter(token_sha256=cls.digest(token))


class Announced(models.Model):
    """An act that people are told of, and that happens after a while unless one of them objects."""

    opened_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField()
    objected_at = models.DateTimeField(null=True)
    objected_by = models.CharField(max_length=254, blank=True)
    done_at = models.DateTimeField(null=True)

    LIVE: ClassVar = Q(objected_at=None, done_at=None)
    NOT_BOTH: ClassVar = Q(objected_at=None) | Q(done_at=None)

    class Meta:
        abstract = True

    @property
    def is_live(self) -> bool:
        """Nobody objected, and it did not happen yet."""
        return self.objected_at is None and self.done_at is None
