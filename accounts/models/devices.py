"""Browsers that a person signed in from, and the sessions that are open in them."""

from typing import Any, ClassVar

from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models
from django.utils import timezone

from accounts.models.people import User


class Session(AbstractBaseSession):
    """A session as Django keeps it, and whose it is, so that all of a person's can be listed and ended."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="sessions")

    objects: ClassVar[BaseSessionManager[Any]] = BaseSessionManager()

    class Meta:
        verbose_name, verbose_name_plural = "session", "sessions"

    @classmethod
    def get_session_store_class(cls) -> Any:
        from accounts.sessions import SessionStore

        return SessionStore


class Device(models.Model):
    """A browser that a person signed in from before; it holds the token, this row its SHA-256."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="devices")
    token_sha256 = models.CharField(max_length=64)
    label = models.CharField(max_length=300, blank=True)  # what the browser calls itself
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "token_sha256"], name="one_row_per_person_and_device")
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.label}"
