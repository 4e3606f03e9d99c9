"""Webhooks: addresses that a project tells of what happens to it, and each message with how it went."""

import secrets
from datetime import timedelta
from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from drafts.models.projects import Project


class DeliveryState(StrEnum):
    """Where a message stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


def new_message_id() -> str:
    """Return what receivers know a message by, however often it comes: ``msg_`` and 128 random bits in hex."""
    return f"msg_{secrets.token_hex(16)}"


class WebhookQuerySet(models.QuerySet["Webhook"]):
    """Named questions about webhooks."""

    def there(self) -> "WebhookQuerySet":
        return self.filter(removed_at=None)

    def on(self) -> "WebhookQuerySet":
        return self.filter(removed_at=None, disabled_at=None)


class Webhook(models.Model):
    """One address, the events it is told of, and its secret; after a rotation the old secret signs too for a while."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="webhooks")
    url = models.CharField(max_length=1000)
    events = models.JSONField(help_text="empty: all of them")
    secret_sealed = models.TextField()
    old_secret_sealed = models.TextField(blank=True)
    old_secret_until = models.DateTimeField(null=True)
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    failed_in_a_row = models.PositiveIntegerField(default=0)
    disabled_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    objects: ClassVar = WebhookQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(secret_sealed=""), name="a_webhook_has_a_secret"),
            models.CheckConstraint(
                condition=Q(old_secret_sealed="", old_secret_until=None)
                | Q(~Q(old_secret_sealed=""), old_secret_until__isnull=False),
                name="an_old_secret_says_until_when",
            ),
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def is_on(self) -> bool:
        return self.disabled_at is None and self.removed_at is None

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        return audit.Subject(f"project:{self.project_id}", "webhook", str(self.pk), self.url)


class Delivery(models.Model):
    """One message to one webhook; its body is fixed when it is written, so that each attempt sends the same."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    message_id = models.CharField(max_length=64, unique=True, default=new_message_id)
    event = models.CharField(max_length=64)
    body = models.TextField()
    written_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=16, default=DeliveryState.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    tried_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    status = models.PositiveIntegerField(null=True, help_text="of the last answer")
    answer = models.CharField(max_length=1000, blank=True, help_text="its first bytes, or why there was none")
    ended_at = models.DateTimeField(null=True)

    KEPT: ClassVar = timedelta(days=30)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(state__in=list(DeliveryState)), name="a_message_waits_was_delivered_or_failed"
            ),
            models.CheckConstraint(
                condition=Q(state=DeliveryState.WAITING, ended_at=None)
                | Q(~Q(state=DeliveryState.WAITING), ended_at__isnull=False),
                name="a_message_that_ended_says_when",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["webhook", "-id"], name="messages_of_webhook")]

    def __str__(self) -> str:
        return f"{self.event} {self.message_id}"

    @property
    def subject(self) -> str:
        return f"message:{self.pk}"
