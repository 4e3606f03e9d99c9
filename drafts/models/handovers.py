"""Names of projects that an operator hands over to somebody else."""

import hashlib
import secrets as stdlib_secrets
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from drafts.models.projects import Project

MAILED = "pci_"  # by which logs know it, and leave it out


class Handover(models.Model):
    """An operator's word that a project's name goes to another owner, 30 days from now, unless an owner objects."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="handovers")
    to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    opened_at = models.DateTimeField(default=timezone.now)
    opened_by = models.CharField(max_length=254)
    due_at = models.DateTimeField()
    objected_at = models.DateTimeField(null=True)
    objected_by = models.CharField(max_length=254, blank=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(objected_at=None, done_at=None),
                name="one_live_handover_per_project",
            ),
            models.CheckConstraint(
                condition=Q(objected_at=None) | Q(done_at=None),
                name="a_handover_that_was_objected_to_is_not_done",
            ),
        ]

    def __str__(self) -> str:
        return f"hand-over of {self.project}"

    @property
    def is_live(self) -> bool:
        return self.objected_at is None and self.done_at is None


class HandoverNotice(models.Model):
    """One former owner who was told, and whose link objects; only the link's digest is kept."""

    handover = models.ForeignKey(Handover, on_delete=models.CASCADE, related_name="notices")
    email = models.EmailField()
    token_sha256 = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return f"{self.email} about {self.handover_id}"

    @classmethod
    def make(cls, *, handover: Handover, email: str) -> str:
        """Return the token; the row keeps its SHA-256."""
        token = f"{MAILED}{stdlib_secrets.token_urlsafe(32)}"
        cls.objects.create(handover=handover, email=email, token_sha256=cls.digest(token))
        return token

    @staticmethod
    def digest(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    def of(cls, token: str) -> "HandoverNotice | None":
        rows = cls.objects.select_related("handover__project", "handover__to")
        return rows.filter(token_sha256=cls.digest(token)).first()
