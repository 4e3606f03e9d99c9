"""What can be chosen at the click beside now: a time, publishing yanked, closing the release."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from drafts.models import Draft, File, Release

LONGEST_REASON = 500


class BadOptions(Exception):
    """The options cannot be like that; the text says which and why. Nothing was decided."""


@dataclass(frozen=True, slots=True)
class Options:
    """``at``: when, none for now; ``yanked``: the reason, empty for not yanked; ``closes``: the release, at once."""

    at: datetime | None = None
    yanked: str = ""
    closes: bool = False

    def spelled(self, fingerprint: str) -> str:
        """Return one word for these files published in this way: what a proof for a scheduled publish covers."""
        moment = self.at.astimezone(UTC).isoformat() if self.at else ""
        text = "\n".join(["presscheck-schedule-1", fingerprint, moment, self.yanked, str(self.closes)])
        return hashlib.sha256(text.encode()).hexdigest()


NOW = Options()


def read(*, when: str, at: str, yanked: bool, reason: str, closes: bool) -> Options:
    """Take the form's fields; ``at`` is UTC, as the page says. Raises BadOptions."""
    reason = " ".join(reason.split())[:LONGEST_REASON]
    if yanked and not reason:
        raise BadOptions(
            "say in one line why the release is yanked first: installers print it to whoever pins it"
        )
    return Options(_moment(at) if when == "at" else None, reason if yanked else "", closes)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadOptions("choose the day and the time, in UTC") from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def must_fit(options: Options, draft: Draft) -> None:
    """Raise BadOptions unless the time lies in the future and before the draft's expiry."""
    if options.at is None:
        return
    soonest = settings.SCHEDULE_SOONEST_SECONDS
    if options.at <= timezone.now() + timedelta(seconds=soonest):
        raise BadOptions(
            f"{spoken(options.at)} is over, or less than {soonest} seconds away: choose a later time, or now"
        )
    if options.at >= draft.expires_at:
        raise BadOptions(
            f"{spoken(options.at)} is after the draft expires ({spoken(draft.expires_at)}): choose an earlier time, or "
            "extend the draft first"
        )


def spoken(moment: datetime) -> str:
    """Write a moment with its time zone."""
    return f"{moment.astimezone(UTC):%d %B %Y, %H:%M} UTC".lstrip("0")


def keep(options: Options, draft: Draft) -> list[str]:
    """Put them on a draft, to be saved with what is decided; returns the names of the fields."""
    draft.publishing_yanked, draft.publishing_closes = options.yanked, options.closes
    return ["publishing_yanked", "publishing_closes"]


def apply(*, draft: Draft, release: Release, now: datetime) -> None:
    """Do what was chosen, in the transaction that publishes and before the page is rendered."""
    if draft.publishing_yanked:
        File.objects.filter(draft=draft, release=release).update(yanked=draft.publishing_yanked)
    if draft.publishing_closes:
        Release.objects.filter(pk=release.pk).update(closed_at=now, reopened_until=None)


def told(draft: Draft) -> dict[str, Any]:
    """Return what the event of publishing says of them; nothing where nothing was chosen."""
    yanked = {"yanked": draft.publishing_yanked} if draft.publishing_yanked else {}
    return {**yanked, **({"closed": True} if draft.publishing_closes else {})}
