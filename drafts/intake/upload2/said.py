"""What CI says of a draft besides its files: that it is complete, and which files to wait for. Neither publishes."""

from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from drafts.models import Draft, Kind, StandingOrder, jobs
from drafts.publishing import ready

LONGEST_REASON = 2000


class Event(StrEnum):
    """What is on record of it."""

    COMPLETE = "draft:complete-said"
    STRUCK = "draft:expectation-struck"


@transaction.atomic
def complete(*, draft: Draft, by: Actor) -> bool:
    """Note that a credential called the draft complete as it is now; once for the same files.

    False when there is nothing to note: it ended, has no files, or some are still on their way.
    """
    draft = Draft.objects.lock(draft)
    if not draft.is_editable or draft.arriving.in_the_way().exists() or not draft.files.live().exists():
        return False
    fingerprint = draft.fingerprint()
    if draft.complete_said_of == fingerprint:
        return True
    draft.complete_said_at, draft.complete_said_by, draft.complete_said_of = (
        timezone.now(),
        by.label[:300],
        fingerprint,
    )
    draft.save(update_fields=["complete_said_at", "complete_said_by", "complete_said_of"])
    draft.bump()
    ready.ask(draft=draft)
    if StandingOrder.objects.of(draft.project):
        jobs.enqueue(kind=Kind.ORDER, subject=draft.subject)
    audit.record(Event.COMPLETE, on=draft, by=by, digest=fingerprint)
    return True


class NoReason(Exception):
    """Names were struck without a reason; nothing was struck."""


@transaction.atomic
def strike(*, draft: Draft, filenames: list[str], reason: str, by: Actor) -> list[str]:
    """Wait for these files no longer, with a reason; returns those that were waited for. Raises NotEditable, NoReason."""
    draft = Draft.objects.lock(draft)
    draft.must_be_editable()
    reason = reason.strip()[:LONGEST_REASON]
    if not reason:
        raise NoReason("striking a file that CI announced needs a reason, which stays with the release")
    struck = [name for name in draft.expects if name in set(filenames)]
    if not struck:
        return []
    draft.expects = [name for name in draft.expects if name not in set(struck)]
    draft.save(update_fields=["expects"])
    draft.bump()
    audit.record(Event.STRUCK, on=draft, by=by, filename=", ".join(struck)[:2000], what=struck, reason=reason)
    return struck
