"""The acts of signing in and out: which browsers are known, which sessions are open, and ending them."""

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction
from django.utils import timezone

from accounts import audit, letters, mail
from accounts.audit import Actor, Origin
from accounts.events import Event
from accounts.models import Device, Session, User

SIGN_IN = "sign_in"  # the session's key for how it began


@transaction.atomic
def arrive(*, user: User, presented: str, origin: Origin, how: str) -> str:
    """Write down that somebody signed in, and return the token that makes this browser known.

    ``presented`` is the token of an earlier sign-in, if any. A browser that is new to a person who has others is
    told of by mail.
    """
    now = timezone.now()
    known = (
        Device.objects.filter(user=user, token_sha256=_digest(presented))
        if presented
        else Device.objects.none()
    )
    is_new = known.update(last_at=now, label=origin.user_agent) == 0
    token = presented
    if is_new:
        if Device.objects.filter(user=user).exists():
            mail.after_commit(letters.new_device(user, origin, now), to=[user.email])
        token = secrets.token_urlsafe(32)
        Device.objects.create(user=user, token_sha256=_digest(token), label=origin.user_agent)
    audit.record(Event.SIGNED_IN, on=user, by=Actor.person(user, origin), how=how, new_browser=is_new)
    return token


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SignIn:
    """One open session on the account's page."""

    handle: str
    began_at: datetime
    seen_at: datetime
    address: str
    agent: str
    how: str
    is_this: bool


def handle_of(session_key: str) -> str:
    """Return how pages name a session: whoever reads it cannot use it."""
    return hashlib.sha256(f"session {session_key}".encode()).hexdigest()[:20]


def open_sessions(user: User, *, this: str) -> list[SignIn]:
    """Return a person's open sessions, this one first, then the one that was seen last."""
    found = list(_read(user, this))
    return sorted(found, key=lambda one: (one.is_this, one.seen_at), reverse=True)


def _read(user: User, this: str) -> Iterator[SignIn]:
    for row in Session.objects.filter(user=user, expire_date__gt=timezone.now()):
        data = row.get_decoded()
        began = data.get(SIGN_IN, {})
        at = float(began.get("at", 0))
        yield SignIn(
            handle=handle_of(row.session_key),
            began_at=datetime.fromtimestamp(at, UTC),
            seen_at=datetime.fromtimestamp(float(data.get("seen", at)), UTC),
            address=began.get("address", ""),
            agent=began.get("agent", ""),
            how=began.get("how", ""),
            is_this=row.session_key == this,
        )


@transaction.atomic
def end(*, user: User, handle: str, by: Actor) -> bool:
    """End one of a person's sessions, at once. False when it ended before."""
    keys = [
        row.session_key for row in Session.objects.filter(user=user) if handle_of(row.session_key) == handle
    ]
    return _end(user, keys, by) > 0


@transaction.atomic
def end_others(*, user: User, keep: str, by: Actor) -> int:
    """End all of a person's sessions but one. Returns how many."""
    return _end(user, list(_keys(user, keep)), by)


def _keys(user: User, keep: str) -> Iterator[str]:
    rows = Session.objects.filter(user=user, expire_date__gt=timezone.now()).exclude(session_key=keep)
    yield from rows.values_list("session_key", flat=True)


def _end(user: User, keys: list[str], by: Actor) -> int:
    count: int = Session.objects.filter(session_key__in=keys, user=user).delete()[0]
    if count:
        audit.record(Event.SESSION_ENDED, on=user, by=by, count=count)
    return count
