"""Builders: volunteers who were asked to build certain wheels of one draft, elsewhere."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from drafts.models.drafts import Draft
from drafts.models.tokens import DraftLink, Token


class BuilderQuerySet(models.QuerySet["Builder"]):
    """Named questions about builders."""

    def invited(self) -> "BuilderQuerySet":
        """Those whose token nobody revoked: the draft still waits for them."""
        return self.filter(token__revoked_at=None)


class Builder(models.Model):
    """An invitation: a person without an account, the token they upload with, and the link they look at the draft with.

    It is over when its token is revoked, or the draft ends. ``expected``: how many files publishing waits for, if any.
    """

    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="builders")
    name = models.CharField(max_length=100)
    expected = models.PositiveSmallIntegerField(null=True)
    token = models.OneToOneField(Token, on_delete=models.PROTECT, related_name="builder")
    link = models.OneToOneField(DraftLink, on_delete=models.PROTECT, related_name="builder")
    invited_at = models.DateTimeField(default=timezone.now)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects: ClassVar = BuilderQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(expected=None) | Q(expected__gt=0), name="a_builder_is_asked_for_files"
            ),
        ]

    def __str__(self) -> str:
        return self.name
