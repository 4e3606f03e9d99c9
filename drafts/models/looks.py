"""Looks: when a person was on a draft's page, and which of its sections they marked as viewed. Marks, not acts."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from drafts.models.drafts import Draft


class Look(models.Model):
    """One person's looks at one draft: the last (``at``), and where the visit before it ended (``since``).

    ``viewed`` holds, by section, the digest of what the person marked as viewed. It goes with the person and the draft.
    """

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="looks")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    since = models.DateTimeField(null=True)
    viewed = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["draft", "user"], name="a_person_looks_at_a_draft_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} looked at {self.draft_id}"
