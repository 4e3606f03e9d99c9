"""Releases that are over their window: a rule that is no longer on trial, and days that passed."""

from datetime import timedelta

from django.db.models import F

from drafts.models import Draft, File, IndexPage, Project, Release

LONG = timedelta(days=400)


def days_pass(days: float) -> None:
    """Let everything that was published have been published so many days earlier, and the rule hold for long."""
    earlier = timedelta(days=days)
    Release.objects.update(published_at=F("published_at") - earlier)
    File.objects.exclude(published_at=None).update(published_at=F("published_at") - earlier)
    Draft.objects.exclude(ended_at=None).update(ended_at=F("ended_at") - earlier)
    Project.objects.update(window_since=F("window_since") - LONG)
    IndexPage.objects.exclude(good_until=None).update(good_until=F("good_until") - earlier)
