"""What operators keep: the read-only switch, their looks into drafts, and addresses that caches must forget."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts import audit
from accounts.compiled import Compiled
from accounts.models import User
from drafts.models.drafts import Draft
from drafts.models.projects import Project


class ReadOnly(models.Model):
    """One time in which nothing changes here: nothing is taken, decided or published. ``until`` none: it lasts."""

    switch = models.CharField(max_length=16, default="read-only")
    since = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=500)
    until = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["switch"], condition=Q(until=None), name="the_server_is_read_only_once"
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="a_read_only_server_says_why"),
        ]

    def __str__(self) -> str:
        return self.reason

    @classmethod
    def now(cls) -> "ReadOnly | None":
        """Return why the server is read-only at this moment; None while it is not."""
        return next(iter(_NOW.models()), None)

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        return audit.Subject(audit.SITE, "read-only", str(self.pk), "the read-only switch")


def _now() -> "models.QuerySet[ReadOnly]":
    return ReadOnly.objects.filter(until=None)


_NOW = Compiled(_now)


class OperatorLookQuerySet(models.QuerySet["OperatorLook"]):
    """Named questions about looks."""

    def open(self, user: User) -> "OperatorLookQuerySet":
        return self.filter(user=user, user__is_staff=True, until__gt=timezone.now())


class OperatorLook(models.Model):
    """An operator looks into one draft that is not theirs, for a reason, for an hour. It is on the project's record."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="operator_looks")
    reason = models.CharField(max_length=500)
    at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()

    objects: ClassVar = OperatorLookQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(reason=""), name="a_look_has_a_reason"),
            models.CheckConstraint(condition=Q(until__gt=F("at")), name="a_look_ends_after_it_began"),
        ]
        indexes: ClassVar = [models.Index(fields=["user", "draft", "until"], name="looks_of_person")]

    def __str__(self) -> str:
        return f"look of {self.user_id} into {self.draft_id}"


class EdgePurge(models.Model):
    """One address of this server that caches in front of it must forget: told until they said that they did."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="purges")
    path = models.CharField(max_length=600)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.path
