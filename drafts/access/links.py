"""The acts on draft links: make one, revoke one; and how a link is written."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from drafts import secrets
from drafts.models import Draft, DraftLink, LinkForCi, NotEditable, TrainLink

LIFETIME = timedelta(days=settings.DRAFT_LIFETIME_MAX_DAYS)


_FOR_CI = {LinkForCi.DAY: timedelta(hours=24), LinkForCi.FULL: LIFETIME}


class Event(StrEnum):
    """What can happen to a draft link."""

    MADE = "link:made"
    REVOKED = "link:revoked"


@transaction.atomic
def make(
    *, draft: Draft, by: Actor, user: User | None = None, label: str = "", with_others: bool = False
) -> DraftLink:
    """Make a link to a live draft; ``with_others``: see ``may_open_others``. Raises NotEditable for one that ended."""
    draft = Draft.objects.lock(draft)
    if not draft.is_live:
        raise NotEditable(f"the draft of {draft} is {draft.state}: a link to it would open nothing")
    opens = with_others and may_open_others()
    link = new(draft=draft, label=label, user=user, expires_at=timezone.now() + LIFETIME, with_others=opens)
    also: dict[str, Any] = {"with_others": True} if opens else {}
    draft.bump()
    audit.record(Event.MADE, on=link, by=by, draft=str(draft), **also)
    return link


def may_open_others() -> bool:
    """Say whether links can open more than their drafts: on a private index, what else their makers may read there."""
    return bool(settings.INDEX_IS_PRIVATE)


def new(
    *,
    draft: Draft,
    label: str,
    user: User | None,
    expires_at: datetime,
    for_ci: bool = False,
    with_others: bool = False,
) -> DraftLink:
    """Write the row of a link, for an act that holds the draft's lock and records the event."""
    return DraftLink.objects.create(
        draft=draft,
        label=label.strip()[:200] or "draft link",
        key_id=secrets.current_key_id(),
        created_by=user,
        expires_at=expires_at,
        for_ci=for_ci,
        with_others=with_others,
    )


def for_ci(*, draft: Draft, by: Actor) -> DraftLink | None:
    """Return the one link to a live draft that answers to CI carry; the first answer makes it.

    None when the project does not let CI have it, or when it expired or a person revoked it: it is not made again.
    """
    if draft.project.link_for_ci == LinkForCi.NEVER or not draft.is_live:
        return None
    link = draft.links.filter(for_ci=True).first() or _make_for_ci(draft, by)
    return link if link is not None and link.is_valid else None


@transaction.atomic
def _make_for_ci(draft: Draft, by: Actor) -> DraftLink | None:
    draft = Draft.objects.lock(draft)
    made: DraftLink | None = draft.links.filter(for_ci=True).first()
    lifetime = _FOR_CI.get(LinkForCi(draft.project.link_for_ci))
    if made is not None or lifetime is None or not draft.is_live:
        return made
    link = new(draft=draft, label="CI", user=None, expires_at=timezone.now() + lifetime, for_ci=True)
    draft.bump()
    audit.record(Event.MADE, on=link, by=by, draft=str(draft), for_ci=True)
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


def token(link: DraftLink | TrainLink) -> str:
    """Derive the link's token; raises KeyError when its key was retired for good."""
    return secrets.draft_token(link.handle, link.rotation, link.key_id)


def url(link: DraftLink | TrainLink) -> str:
    """Return the link's base address, ending in a slash."""
    return f"{settings.PRESSCHECK_URL}/draft/{token(link)}/"
