"""The audit chain: events, the heads of their chains, and where they came from."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q


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
        indexes: ClassVar = [
            models.Index(fields=["on_kind", "on_id", "seq"], name="audit_on"),
            models.Index(fields=["scope", "event", "-seq"], name="audit_what"),
            models.Index(fields=["scope", "actor_kind", "actor_id", "-seq"], name="audit_who"),
            models.Index(fields=["scope", "at"], name="audit_when"),
        ]

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


class AuditCheckpoint(models.Model):
    """A signed word for the heads of all chains at one moment. Append-only: triggers refuse UPDATE and DELETE.

    ``heads`` are ``{scope: [seq, hash]}``: all of them where it is ``full``, else those that moved since the one before.
    They are nobody's business, so that what is signed is ``root``, a digest of all of them and of ``salt``.
    """

    number = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField()
    full = models.BooleanField(default=False)
    heads = models.JSONField(default=dict)
    salt = models.CharField(max_length=64)
    root = models.CharField(max_length=64)
    previous = models.CharField(max_length=64, blank=True, help_text="sha256 of the one before")
    sha256 = models.CharField(max_length=64, unique=True, help_text="of what was signed")
    envelope = models.JSONField(help_text="DSSE")
    broken = models.JSONField(
        null=True, default=None, help_text="chains that did not hold at the walk before; none: nobody walked"
    )

    class Meta:
        indexes: ClassVar = [models.Index(fields=["full", "-number"], name="full_checkpoints")]

    def __str__(self) -> str:
        return f"checkpoint {self.number}"
