"""Letting somebody in who lost every second factor: an operator opens it, 72 hours pass, anybody concerned can object."""

from collections.abc import Iterable
from datetime import timedelta

from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import audit, holds, letters, mail
from accounts.audit import Actor
from accounts.events import Event
from accounts.models import Recovery, RecoveryNotice, Session, SignInLink, User

WAIT = timedelta(hours=72)
LINK_LIFETIME = timedelta(hours=24)


class NotRecovered(Exception):
    """A recovery is not opened, or not ended; the text says why."""


@transaction.atomic
def begin(*, user: User, by: Actor, tell: Iterable[str]) -> Recovery:
    """Open a recovery and mail the person and everybody in ``tell``, each with a link that objects. Raises NotRecovered."""
    if not user.is_active:
        raise NotRecovered(f"{user.email} is closed: there is nothing to recover")
    try:
        with transaction.atomic():
            recovery = Recovery.objects.create(user=user, due_at=timezone.now() + WAIT)
    except IntegrityError as error:
        raise NotRecovered(f"a recovery of {user.email} is open already") from error
    told = list(dict.fromkeys([user.email, *tell]))
    for email in told:
        path = f"/account/recovery/{RecoveryNotice.make(recovery=recovery, email=email)}/"
        mail.after_commit(letters.recovery_opened(user, recovery.due_at, path), to=[email])
    audit.record(Event.RECOVERY_OPENED, on=recovery, by=by, told=told, due=recovery.due_at.isoformat())
    return recovery


@transaction.atomic
def stop(*, recovery: Recovery, by: Actor) -> None:
    """Object: the account stays as it is. Raises NotRecovered when it was over before."""
    rows = Recovery.objects.filter(pk=recovery.pk, objected_at=None, done_at=None)
    if rows.update(objected_at=timezone.now(), objected_by=by.label) != 1:
        raise NotRecovered("this recovery was over before: nothing was changed")
    audit.record(Event.RECOVERY_STOPPED, on=recovery, by=by)
    told = recovery.notices.values_list("email", flat=True)
    mail.after_commit(letters.recovery_stopped(recovery.user, by.label), to=list(told))


@transaction.atomic
def finish(*, user: User, by: Actor) -> str:
    """Take all factors, the password and the sessions away; return a one-time sign-in token for 24 hours.

    Raises NotRecovered unless a recovery waited its 72 hours without an objection.
    """
    recovery = Recovery.objects.filter(user=user, objected_at=None, done_at=None).select_for_update().first()
    if recovery is None:
        raise NotRecovered(f"no recovery of {user.email} is open: open one first, or somebody objected")
    now = timezone.now()
    if recovery.due_at > now:
        raise NotRecovered(f"the recovery of {user.email} waits until {recovery.due_at:%Y-%m-%d %H:%M} UTC")
    Recovery.objects.filter(pk=recovery.pk).update(done_at=now)
    _empty(user)
    audit.record(Event.RECOVERED, on=recovery, by=by)
    told = recovery.notices.values_list("email", flat=True)
    mail.after_commit(letters.recovery_done(user), to=list(told))
    return SignInLink.make(user=user, expires_at=now + LINK_LIFETIME, loopback_only=False)


def _empty(user: User) -> None:
    """Leave nothing that opens the account: only the one-time link does."""
    Authenticator.objects.filter(user=user).delete()
    Session.objects.filter(user=user).delete()
    user.set_unusable_password()
    user.save(update_fields=["password"])
    holds.hold_person(user, "an operator recovered the account")


def live(user: User) -> Recovery | None:
    """Return the recovery of this person that is open."""
    return Recovery.objects.filter(user=user, objected_at=None, done_at=None).first()
