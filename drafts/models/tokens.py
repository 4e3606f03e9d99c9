"""Tokens: what CI holds. Only a digest of each is stored."""

import secrets
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor, ActorKind, Origin
from accounts.compiled import Compiled
from drafts.models.drafts import LIVE, Draft
from drafts.models.projects import Project
from drafts.models.publishers import Publisher, RunClaims
from drafts.models.teams import Group


class TokenKind(StrEnum):
    """What a token may do: stage files, post evidence, or read a private index."""

    UPLOAD = "upload"
    EVIDENCE = "evidence"
    READ = "read"


class TokenQuerySet(models.QuerySet["Token"]):
    """Named questions about tokens."""

    def valid(self) -> "TokenQuerySet":
        """Neither revoked nor expired; and one that belongs to a draft dies with it."""
        return self.valid_at(timezone.now())

    def valid_at(self, now: datetime) -> "TokenQuerySet":
        of_no_or_a_live_draft = Q(draft=None) | Q(draft__state__in=LIVE)
        return self.filter(of_no_or_a_live_draft, revoked_at=None, expires_at__gt=now)

    def of_secret(self, token_sha256: str) -> "list[Token]":
        """Return the valid tokens of one secret, the oldest first, each with its project."""
        tokens = _OF_SECRET.models(token_sha256=token_sha256, now=timezone.now())
        for token in tokens:
            token.project = Project.objects.at(token.project_id)
        return tokens

    def with_secret_of(self, token: "Token") -> "TokenQuerySet":
        """What a group's secret is, or was, for each project."""
        return self.filter(token_sha256=token.token_sha256).select_related("project").order_by("project_id")


class Token(models.Model):
    """A credential for one project, which limits may narrow; an empty limit is none.

    A secret that a trusted publisher minted has one token for each project that trusts the publisher; one that was made
    for a group has one for each of its projects, so that behind the gate there is one token and one project.
    ``versions`` are canonical (PEP 440), ``patterns`` are shell patterns for file names, ``addresses`` are CIDR networks.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="tokens")
    kind = models.CharField(max_length=16)
    label = models.CharField(max_length=200)
    token_sha256 = models.CharField(max_length=64)
    add_only = models.BooleanField(default=False)
    versions = models.JSONField(default=list)
    patterns = models.JSONField(default=list)
    addresses = models.JSONField(default=list)
    draft = models.ForeignKey(
        Draft, on_delete=models.PROTECT, null=True, related_name="tokens", help_text="it dies with the draft"
    )
    publisher = models.ForeignKey(
        Publisher, on_delete=models.PROTECT, null=True, related_name="tokens", help_text="who minted it"
    )
    claims = models.JSONField(null=True, default=None, help_text="what was said of the run that minted it")
    group = models.ForeignKey(
        Group,
        on_delete=models.SET_NULL,
        null=True,
        related_name="tokens",
        help_text="made for all its projects",
    )
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    leaked_at = models.DateTimeField(null=True, help_text="when an owner said that strangers have it")
    last_used_at = models.DateTimeField(null=True)

    objects: ClassVar = TokenQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=list(TokenKind)), name="a_token_has_one_of_three_kinds"
            ),
            models.UniqueConstraint(
                fields=["token_sha256", "project"], name="one_token_of_a_secret_per_project"
            ),
            models.CheckConstraint(
                condition=Q(publisher=None, claims__isnull=True)
                | Q(publisher__isnull=False, claims__isnull=False, kind=TokenKind.UPLOAD),
                name="a_minted_token_stages_files_and_says_of_which_run",
            ),
            models.CheckConstraint(
                condition=Q(group=None) | Q(publisher=None, draft=None),
                name="a_groups_token_is_nobodys_else",
            ),
            models.CheckConstraint(
                condition=Q(leaked_at=None) | Q(revoked_at__isnull=False),
                name="a_token_that_leaked_is_revoked",
            ),
        ]

    def __str__(self) -> str:
        return self.label if self.publisher_id else f'token "{self.label}"'

    @property
    def is_valid(self) -> bool:
        lives = self.draft is None or self.draft.is_live
        return lives and self.revoked_at is None and self.expires_at > timezone.now()

    @property
    def run_claims(self) -> RunClaims | None:
        """Return what an identity provider said of the run that minted it; None for one that a person made."""
        return RunClaims.of(self.claims) if self.claims else None

    @property
    def key(self) -> str:
        """Return an opaque name of who holds it: equal for all tokens of one trusted publisher."""
        return f"publisher:{self.publisher_id}" if self.publisher_id else f"token:{self.pk}"

    def is_also(self, other: "Token | None") -> bool:
        """Say whether the other is this token, or one that the same trusted publisher minted."""
        return other is not None and other.key == self.key

    def as_actor(self, origin: Origin | None = None) -> Actor:
        """Return who acts with it, as events name them."""
        kind, _, number = self.key.partition(":")
        said = f" ({RunClaims.of(self.claims)})" if self.claims else ""
        return Actor(ActorKind(kind), number, f"{self}{said}", origin or Origin())

    def covers(self, draft: Draft) -> bool:
        """Say whether a draft of its project is one the token may know of."""
        of_this_draft = self.draft_id is None or self.draft_id == draft.pk
        return of_this_draft and (not self.versions or draft.version_key in self.versions)

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        return audit.Subject(f"project:{self.project_id}", "token", str(self.pk), str(self))


def _of_secret(token_sha256: str, now: datetime) -> TokenQuerySet:
    return Token.objects.valid_at(now).filter(token_sha256=token_sha256).order_by("pk")


_OF_SECRET = Compiled(_of_secret)


class IndexTokenQuerySet(models.QuerySet["IndexToken"]):
    """Named questions about tokens that read the whole index."""

    def valid(self) -> "IndexTokenQuerySet":
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())


class IndexToken(models.Model):
    """A credential that reads the whole of a private index; the operator makes it. One of a project is a ``Token``."""

    label = models.CharField(max_length=200)
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    objects: ClassVar = IndexTokenQuerySet.as_manager()

    def __str__(self) -> str:
        return f'index token "{self.label}"'

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        return audit.Subject(audit.SITE, "index token", str(self.pk), str(self))


def new_link_handle() -> str:
    """Return 64 random bits in hex: what a draft link's token says of which link it is."""
    return secrets.token_hex(8)


class DraftLinkQuerySet(models.QuerySet["DraftLink"]):
    """Named questions about draft links."""

    def valid(self) -> "DraftLinkQuerySet":
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())


class DraftLink(models.Model):
    """A capability to read one draft. Its token is derived from handle, rotation and key; nothing of it is stored."""

    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="links")
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
    for_ci = models.BooleanField(default=False, help_text="made by Presscheck for the answers to CI")
    with_others = models.BooleanField(
        default=False, help_text="on a private index: opens what else its maker may read there"
    )

    objects: ClassVar = DraftLinkQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["draft"], condition=Q(for_ci=True), name="one_link_for_ci_per_draft"
            ),
        ]

    def __str__(self) -> str:
        return f'link "{self.label}"'

    @property
    def is_valid(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        return audit.Subject(f"project:{self.draft.project_id}", "link", str(self.pk), str(self))
