"""Resolutions: where a draft's files can be installed, as a resolver said."""

from django.db import models
from django.utils import timezone

from drafts.models.drafts import Draft


class Resolution(models.Model):
    """What the resolver said of one draft: for the files of ``fingerprint``, one result for each environment."""

    draft = models.OneToOneField(Draft, on_delete=models.CASCADE, related_name="resolution")
    fingerprint = models.CharField(max_length=64)
    changed_at = models.DateTimeField(help_text="the draft's last change that this is an answer to")
    at = models.DateTimeField(default=timezone.now)
    against = models.CharField(max_length=500, help_text="the indexes that were asked, in words")
    results = models.JSONField(default=list)
    error = models.CharField(max_length=2000, blank=True)

    def __str__(self) -> str:
        return f"resolution of {self.draft_id}"
