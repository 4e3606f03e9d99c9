"""Webhooks by which a project's CI names runs that ended, and what came by them."""

import secrets
from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from drafts.models.ci import CiRun, CiSource

_HANDLE_BYTES = 16


def new_hook_handle() -> str:
    """Return the random name of a webhook in its address: 128 bits in hex."""
    return secrets.token_hex(_HANDLE_BYTES)


class RunHook(models.Model):
    """The address and the secret by which CI says that a run ended. Its runs are taken as ``made_by`` would take them."""

    source = models.OneToOneField(CiSource, on_delete=models.CASCADE, related_name="hook")
    handle = models.CharField(max_length=32, unique=True, default=new_hook_handle)
    secret_sealed = models.TextField()
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(secret_sealed=""), name="a_run_hook_has_a_secret"),
        ]

    def __str__(self) -> str:
        return f"the webhook of {self.source}"

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        return audit.Subject(f"project:{self.source.project_id}", "run-hook", str(self.pk), str(self))


class Heard(StrEnum):
    """What became of a message. ``refused``: nothing shows that CI sent it."""

    TAKEN = "taken"
    IGNORED = "ignored"
    REFUSED = "refused"


class RunMessage(models.Model):
    """One message to a webhook, and in a sentence what became of it.

    ``key``: what the provider calls the delivery; for those that anybody may have sent one row of each sort, so that
    they push nothing out. ``count``: how often it came.
    """

    hook = models.ForeignKey(RunHook, on_delete=models.CASCADE, related_name="messages")
    key = models.CharField(max_length=80)
    at = models.DateTimeField(default=timezone.now)
    count = models.PositiveIntegerField(default=1)
    heard = models.CharField(max_length=16)
    said = models.CharField(max_length=500)
    run = models.ForeignKey(CiRun, on_delete=models.CASCADE, null=True, related_name="+")

    KEPT: ClassVar = 50

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hook", "key"], name="one_row_per_message_to_a_run_hook"),
            models.CheckConstraint(
                condition=Q(heard=Heard.TAKEN, run__isnull=False)
                | Q(heard__in=[Heard.IGNORED, Heard.REFUSED], run=None),
                name="a_message_that_was_taken_names_its_run",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.heard}: {self.said}"
