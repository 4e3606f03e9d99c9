"""Rows about people, their factors, and the audit chain."""

import hashlib
import secrets as stdlib_secrets
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.functional import cached_property


class UserManager(BaseUserManager["User"]):
    """Makes people; there is no sign-up."""

    def create_user(self, email: str, *, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person, known by an e-mail address."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects: ClassVar[UserManager] = UserManager()

    def __str__(self) -> str:
        return self.name or self.email

    @cached_property
    def is_enrolled(self) -> bool:
        """A second factor is set up; nobody gets past enrolment without one."""
        from allauth.mfa.adapter import get_adapter
        from allauth.mfa.models import Authenticator

        return bool(
            get_adapter().is_mfa_enabled(self, [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN])
        )


class TotpCounter(models.Model):
    """The last time step whose code a person used: no code works twice, whatever the caches forget."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="totp_counter")
    last_counter = models.BigIntegerField(default=0)
    enrolled_before = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.user_id}: {self.last_counter}"


class FactorHold(models.Model):
    """A factor that may sign in but not yet publish: enrolled after a recovery, or fresh on an older account."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="factor_holds")
    until = models.DateTimeField()
    reason = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.user_id} until {self.until:%Y-%m-%d %H:%M}: {self.reason}"


class ActLock(models.Model):
    """Wrong codes for one act: five lock it for fifteen minutes."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="act_locks")
    act = models.CharField(max_length=64)
    failures = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "act"], name="one_lock_per_person_and_act")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.act}: {self.failures}"


class SignInLink(models.Model):
    """A one-time way in for a person without a factor yet; only its digest is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_in_links")
    token_sha256 = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    loopback_only = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"sign-in link of {self.user_id}"

    @classmethod
    def make(cls, *, user: User, expires_at: datetime, loopback_only: bool = True) -> str:
        """Return the token; the row keeps its SHA-256."""
        token = stdlib_secrets.token_urlsafe(32)
        cls.objects.create(
            user=user,
            token_sha256=cls.digest(token),
            expires_at=expires_at,
            loopback_only=loopback_only,
        )
        return token

    @staticmethod
    def digest(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    def usable(cls, token: str) -> "SignInLink | None":
        return (
            cls.objects.select_related("user")
            .filter(
                token_sha256=cls.digest(token),
                used_at=None,
                expires_at__gt=timezone.now(),
                user__is_active=True,
            )
            .first()
        )

    def spend(self) -> bool:
        """Use the link up. False when somebody else was faster."""
        rows = type(self).objects.filter(pk=self.pk, used_at=None, expires_at__gt=timezone.now())
        return rows.update(used_at=timezone.now()) == 1


class AuditChain(models.Model):
    """The head of one scope's chain of events; locked last in every transaction."""

    scope = models.CharField(max_length=200, primary_key=True)
    seq = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        return f"{self.scope} #{self.seq}"


class AuditEvent(models.Model):
    """One act. Append-only: triggers refuse UPDATE and DELETE. No foreign keys: it outlives what it speaks of."""

    scope = models.CharField(max_length=200)
    seq = models.PositiveBigIntegerField()
    event = models.CharField(max_length=64)
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=16)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_label = models.CharField(max_length=300, blank=True)
    on_kind = models.CharField(max_length=32)
    on_id = models.CharField(max_length=64)
    on_label = models.CharField(max_length=300)
    digest = models.CharField(max_length=64, blank=True)
    details = models.JSONField(default=dict)
    origin_digest = models.CharField(max_length=64, blank=True)
    previous = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["scope", "seq"], name="one_event_per_place_in_the_chain"),
            models.CheckConstraint(condition=~Q(hash=F("previous")), name="an_event_changes_the_hash"),
        ]
        indexes: ClassVar = [models.Index(fields=["on_kind", "on_id", "seq"], name="audit_on")]

    def __str__(self) -> str:
        return f"{self.scope} #{self.seq} {self.event}"


class AuditOrigin(models.Model):
    """Where an event came from: beside the chain, kept 90 days; the chain holds a salted digest of it."""

    event = models.OneToOneField(
        AuditEvent, on_delete=models.DO_NOTHING, primary_key=True, db_constraint=False
    )
    address = models.CharField(max_length=64, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    salt = models.CharField(max_length=32)
    until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.address} of event {self.pk}"
