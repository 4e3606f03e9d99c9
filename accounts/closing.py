"""The acts by which an operator closes an account, and opens it again."""

from typing import Any

from django.db import transaction

from accounts import audit, letters, mail
from accounts.audit import Actor
from accounts.events import Event
from accounts.models import Session, SignInLink, User


class NotClosed(Exception):
    """The account stays as it is; the text says why."""


@transaction.atomic
def close(*, user: User, by: Actor, reason: str, also: dict[str, Any] | None = None) -> None:
    """Close an account: its sign-ins end at once, and nothing signs it in. ``also`` goes on record. Raises NotClosed."""
    if User.objects.filter(pk=user.pk, is_active=True).update(is_active=False) != 1:
        raise NotClosed(f"{user.email} is closed already")
    sessions = Session.objects.filter(user=user).delete()[0]
    SignInLink.objects.filter(user=user).delete()
    audit.record(Event.CLOSED, on=user, by=by, reason=reason, sessions=sessions, **(also or {}))
    mail.after_commit(letters.closed(user), to=[user.email])


@transaction.atomic
def open_again(*, user: User, by: Actor) -> None:
    """Open a closed account again; what was revoked stays so. Raises NotClosed."""
    if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True) != 1:
        raise NotClosed(f"{user.email} is open already")
    audit.record(Event.OPENED, on=user, by=by)
