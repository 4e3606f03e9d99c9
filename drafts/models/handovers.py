"""Names of projects that an operator hands over to somebody else."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from accounts.models.mailed import Announced, MailedLink
from drafts.models.projects import Project


class Handover(Announced):
    """An operator's word that a project's name goes to another owner, 30 days from now, unless an owner objects."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="handovers")
    to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    opened_by = models.CharField(max_length=254)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project"],
                condition=Announced.LIVE,
                name="one_live_handover_per_project",
            ),
            models.CheckConstraint(
                condition=Announced.NOT_BOTH,
                name="a_handover_that_was_objected_to_is_not_done",
            ),
        ]

    def __str__(self) -> str:
        return f"hand-over of {self.project}"


class HandoverNotice(MailedLink):
    """One former owner who was told, and whose link objects; only the link's digest is kept."""

    handover = models.ForeignKey(Handover, on_delete=models.CASCADE, related_name="notices")
    email = models.EmailField()

    def __str__(self) -> str:
        return f"{self.email} about {self.handover_id}"

    @classmethod
    def of(cls, token: str) -> "HandoverNotice | None":
        return cls.with_token(token).select_related("handover__project", "handover__to").first()
