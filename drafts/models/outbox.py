"""Letters that are to be sent, written in the act's own transaction; and which of them a person wants."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from drafts.models.projects import Project


class OutgoingQuerySet(models.QuerySet["Outgoing"]):
    """Named questions about letters."""

    def waiting(self) -> "OutgoingQuerySet":
        return self.filter(sent_at=None, dropped_at=None)


class Outgoing(models.Model):
    """One letter to one person. It was sent, is waiting, or was dropped after a week of trying."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    news = models.CharField(max_length=32)
    subject = models.CharField(max_length=500)
    paragraphs = models.JSONField()
    path = models.CharField(max_length=500, blank=True)
    link = models.CharField(max_length=500, blank=True)
    written_at = models.DateTimeField(default=timezone.now)
    taken_at = models.DateTimeField(null=True, help_text="when a worker began to send it")
    sent_at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True)

    objects: ClassVar = OutgoingQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["user"],
                condition=models.Q(sent_at=None, dropped_at=None),
                name="letters_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.news} to {self.user_id}"


class NewsChoice(models.Model):
    """What a person does not want to be told by mail; whoever chose nothing is told everything that concerns them."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="news_choice"
    )
    off = models.JSONField(default=list, help_text="kinds of news")
    muted = models.JSONField(default=list, help_text="projects, by id")

    def __str__(self) -> str:
        return f"news for {self.user_id}"
