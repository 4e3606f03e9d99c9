"""The acts on draft links: make one, revoke one; and how a link is written."""

from datetime import timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from drafts import secrets
from drafts.models import Draft, DraftLink, NotEditable

LIFETIME = timedelta(days=settings.DRAFT_LIFETIME_MAX_DAYS)


class Event(StrEnum):
    """What can happen to a draft link."""

    MADE = "link:made"
    REVOKED = "link:revoked"


@transaction.atomic
def make(*, draft: Draft, by: Actor, user: User | None = None, label: str = "") -> DraftLink:
    """Make a link to a live draft. Raises NotEditable for one that ended."""
    draft = Draft.objects.lock(draft)
    if not draft.is_live:
        raise NotEditable(f"the draft of {draft} is {draft.state}: a link to it would open nothing")
    link = DraftLink.objects.create(
        draft=draft,
        label=label.strip()[:200] or "draft link",
        key_id=secrets.current_key_id(),
        created_by=user,
        expires_at=timezone.now() + LIFETIME,
    )
    draft.bump()
    audit.record(Event.MADE, on=link, by=by, draft=str(draft))
    return link


@transaction.atomic
def revoke(*, link: DraftLink, by: Actor) -> bool:
    """Revoke a link, at once; the others stay. False when it was revoked before."""
    draft = Draft.objects.lock(link.draft)
    if DraftLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=timezone.now()) == 0:
        return False
    draft.bump()
    audit.record(Event.REVOKED, on=link, by=by, draft=str(draft))
    return True


def token(link: DraftLink) -> str:
    """Derive the link's token; raises KeyError when its key was retired for good."""
    return secrets.draft_token(link.handle, link.rotation, link.key_id)


def url(link: DraftLink) -> str:
    """Return the link's base address, ending in a slash."""
    return f"{settings.PRESSCHECK_URL}/draft/{token(link)}/"
