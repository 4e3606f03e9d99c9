"""Second factors: what was used, what is held, what is locked, and which passkey is asked for what."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models.people import User


class TotpCounter(models.Model):
    """The last time step whose code a person used: no code works twice, whatever the caches forget."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="totp_counter")
    last_counter = models.BigIntegerField(default=0)
    enrolled_before = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.user_id}: {self.last_counter}"


class FactorHoldQuerySet(models.QuerySet["FactorHold"]):
    """Questions about holds."""

    def standing(self) -> "FactorHoldQuerySet":
        """Return what still holds: neither over nor confirmed."""
        return self.filter(until__gt=timezone.now(), confirmed_at=None)

    def on(self, factor_id: int) -> "FactorHoldQuerySet":
        """Return what holds one factor: its own holds, and those of the whole person."""
        return self.filter(Q(factor_id=factor_id) | Q(factor_id=None))


class FactorHold(models.Model):
    """A factor that may sign in but not yet publish: enrolled after a recovery, or fresh on an older account."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="factor_holds")
    # The factor that is held; all factors of the person where none is named.
    factor = models.ForeignKey("mfa.Authenticator", on_delete=models.CASCADE, null=True, related_name="holds")
    until = models.DateTimeField()
    reason = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True)

    objects = FactorHoldQuerySet.as_manager()

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


class PasskeyChallenge(models.Model):
    """What one passkey is asked to sign: one act on one object, by one person, once, within five minutes."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="passkey_challenges")
    act = models.CharField(max_length=64)
    on = models.CharField(max_length=300)
    fingerprint_sha256 = models.CharField(
        max_length=64
    )  # of the fingerprint, which each act spells its own way
    challenge = models.CharField(max_length=64, unique=True)  # 32 random bytes, base64url without padding
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("made_at")), name="a_passkey_challenge_ends_after_it_began"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.act} {self.on}"
