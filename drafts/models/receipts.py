"""Receipts of publishing, and the keys that sign them."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts import audit
from drafts.models.drafts import Draft


class ReceiptKey(models.Model):
    """One Ed25519 key of the server. Its public half stays here for as long as its receipts are to be checked."""

    key_id = models.CharField(max_length=32, unique=True)
    algorithm = models.CharField(max_length=16, default="ed25519")
    public = models.CharField(max_length=64, help_text="32 bytes in Base64")
    private_sealed = models.TextField(blank=True, help_text="forgotten when the key is no longer current")
    valid_from = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, help_text="none: signs today")
    revoked_at = models.DateTimeField(null=True)
    revoked_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["algorithm"], condition=Q(until=None), name="one_receipt_key_signs_today"
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("valid_from")),
                name="a_receipt_key_ends_after_it_began",
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=False) | (Q(revoked_at=None) & ~Q(private_sealed="")),
                name="a_receipt_key_that_signs_today_can_and_may",
            ),
        ]

    def __str__(self) -> str:
        return self.key_id

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        return audit.Subject(audit.SITE, "receipt-key", self.key_id, f"receipt key {self.key_id}")

    def end(self, at: datetime) -> None:
        """Let it sign no more, and forget its private half."""
        self.until, self.private_sealed = max(at, self.valid_from), ""
        self.save(update_fields=["until", "private_sealed"])


class Receipt(models.Model):
    """The signed statement of what was published in a draft, by whom and on what evidence."""

    draft = models.OneToOneField(Draft, on_delete=models.PROTECT, primary_key=True, related_name="receipt")
    key = models.ForeignKey(ReceiptKey, on_delete=models.PROTECT, related_name="receipts")
    envelope = models.JSONField(help_text="DSSE")
    signed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"receipt of {self.draft_id}"
