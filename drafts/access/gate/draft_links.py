"""Draft links: who has one may read one draft."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F
from django.http import Http404, HttpRequest
from django.utils import timezone

from drafts import secrets
from drafts.access.gate.presented import basic
from drafts.models import Draft, DraftLink, DraftState

POINTER_LIFETIME = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class DraftAccess:
    """A draft as a link opens it: read-only. ``ended`` when the link only points to what is public now."""

    link: DraftLink
    draft: Draft
    ended: bool


def draft_link(request: HttpRequest, token: str | None) -> DraftAccess:
    """Return the draft that a link opens; the token stands in the path, or in Basic auth as the password of ``draft``.

    Wrong, expired, revoked and canceled are one and the same Http404: a resolver that meets 401 or 403 stops.
    """
    if token is None:
        user, token = basic(request) or ("", "")
        if user != "draft":
            raise Http404("Not found")
    row = _link_of(token)
    if row is None:
        raise Http404("Not found")
    ended = row.draft.state == DraftState.PUBLISHED
    if ended and (row.draft.ended_at is None or row.draft.ended_at + POINTER_LIFETIME < timezone.now()):
        raise Http404("Not found")
    if not ended and not (row.draft.is_live and row.draft.expires_at > timezone.now()):
        raise Http404("Not found")
    return DraftAccess(row, row.draft, ended)


def _link_of(token: str) -> DraftLink | None:
    handle = secrets.draft_token_handle(token)
    if handle is None:
        return None
    rows = DraftLink.objects.select_related("draft__project").valid()
    row = rows.filter(handle=handle).first()
    if row is None or not secrets.is_draft_token(
        token, handle=handle, rotation=row.rotation, key_id=row.key_id
    ):
        return None
    return row


def count_use(link: DraftLink) -> None:
    """Count one fetch through a link (not an act: a counter)."""
    DraftLink.objects.filter(pk=link.pk).update(uses=F("uses") + 1, last_used_at=timezone.now())
