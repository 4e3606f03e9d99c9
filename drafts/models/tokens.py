"""Tokens: what CI holds. Only a digest of each is stored."""

import secrets
from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from drafts.models.projects import Project


class TokenKind(StrEnum):
    """What a token may do: stage files, post evidence, or read a private index."""

    UPLOAD = "upload"
    EVIDENCE = "evidence"
    READ = "read"


class TokenQuerySet(models.QuerySet["Token"]):
    """Named questions about tokens."""

    def valid(self) -> "TokenQuerySet":
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())


class Token(models.Model):
    """A credential for one project."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="tokens")
    kind = models.CharField(max_length=16)
    label = models.CharField(max_length=200)
    token_sha256 = models.CharField(max_length=64, unique=True)
    add_only = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    objects: ClassVar = TokenQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=list(TokenKind)), name="a_token_has_one_of_three_kinds"
            ),
        ]

    def __str__(self) -> str:
        return f'token "{self.label}"'

    @property
    def is_valid(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        return audit.Subject(f"project:{self.project_id}", "token", str(self.pk), str(self))


def new_link_handle() -> str:
    """Return 64 random bits in hex: what a draft link's token says of which link it is."""
    return secrets.token_hex(8)


class DraftLinkQuerySet(models.QuerySet["DraftLink"]):
    """Named questions about draft links."""

    def valid(self) -> "DraftLinkQuerySet":
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())


class DraftLink(models.Model):
    """A capability to read one draft. Its token is derived from handle, rotation and key; nothing of it is stored."""

    draft = models.ForeignKey("drafts.Draft", on_delete=models.PROTECT, related_name="links")
    handle = models.CharField(max_length=16, unique=True, default=new_link_handle)
    rotation = models.PositiveIntegerField(default=0)
    key_id = models.CharField(max_length=16)
    label = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    uses = models.PositiveBigIntegerField(default=0)

    objects: ClassVar = DraftLinkQuerySet.as_manager()

    def __str__(self) -> str:
        return f'link "{self.label}"'

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        return audit.Subject(f"project:{self.draft.project_id}", "link", str(self.pk), str(self))
