"""Factors that may sign in but not yet publish, so that a stolen mailbox or recovery code buys no release."""

from datetime import timedelta

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils import timezone

from accounts import audit, codes, letters, mail
from accounts.audit import Actor
from accounts.events import Event
from accounts.models import FactorHold, TotpCounter, User

Hold = FactorHold
HOLD = timedelta(hours=72)
NEW_ACCOUNT = timedelta(hours=24)


class NotConfirmed(Exception):
    """A hold stays as it is; the text says why."""


@transaction.atomic
def after_recovery(*, user: User, by: Actor) -> FactorHold:
    """A recovery code was used to sign in: hold the whole account off publishing, and say so."""
    hold = hold_person(user, "a recovery code was used to sign in")
    left = len(codes.unused(user))
    audit.record(Event.CODE_USED, on=user, by=by, left=left)
    mail.after_commit(letters.recovery_code_used(user, left, hold.until), to=[user.email])
    return hold


def hold_person(user: User, reason: str) -> FactorHold:
    """Hold every factor of a person, those that come after too; part of an act."""
    User.objects.filter(pk=user.pk).update(recovered_at=timezone.now())
    return FactorHold.objects.create(user=user, until=timezone.now() + HOLD, reason=reason)


def after_enrolment(user: User, factor: Authenticator) -> FactorHold | None:
    """Hold a factor that was just set up; part of that act.

    Exempt are the first factor of a person who never had one, and those of an account's first day, unless the account
    was recovered.
    """
    had_one = TotpCounter.objects.filter(user=user, enrolled_before=True).exists()
    is_old = timezone.now() - user.date_joined > NEW_ACCOUNT
    TotpCounter.objects.update_or_create(user=user, defaults={"enrolled_before": True})
    if not had_one or not (is_old or user.recovered_at):
        return None
    return FactorHold.objects.create(
        user=user, factor=factor, until=timezone.now() + HOLD, reason="a new second factor was set up"
    )


def of_person(user: User) -> FactorHold | None:
    """Return the longest hold on all factors of a person."""
    return FactorHold.objects.standing().filter(user=user, factor=None).order_by("-until").first()


def of_factor(factor: Authenticator) -> FactorHold | None:
    """Return the longest hold on one factor, or on its whole person."""
    return FactorHold.objects.standing().filter(user=factor.user_id).on(factor.pk).order_by("-until").first()


@transaction.atomic
def confirm(*, hold: FactorHold, by: Actor, factor: int) -> None:
    """Lift a hold with an older factor of the same person, given at this act. Raises NotConfirmed."""
    older = Authenticator.objects.filter(pk=factor, user=hold.user_id, created_at__lt=hold.at).first()
    if older is None or older.type == Authenticator.Type.RECOVERY_CODES or older.pk == hold.factor_id:
        raise NotConfirmed("Nothing was confirmed: that factor is not older than what it was to confirm.")
    if FactorHold.objects.standing().filter(factor=older).exists():
        raise NotConfirmed("Nothing was confirmed: that factor is too new itself.")
    _lift(hold, by=by)


@transaction.atomic
def confirm_for(*, user: User, by: Actor) -> None:
    """Lift all holds of a person in the name of somebody who vouches for them; the caller asks who may. Raises NotConfirmed."""
    standing = list(FactorHold.objects.standing().filter(user=user))
    if not standing:
        raise NotConfirmed("There is nothing to confirm any more.")
    for hold in standing:
        _lift(hold, by=by)


def _lift(hold: FactorHold, *, by: Actor) -> None:
    if FactorHold.objects.standing().filter(pk=hold.pk).update(confirmed_at=timezone.now()) != 1:
        raise NotConfirmed("There is nothing to confirm any more.")
    audit.record(Event.FACTOR_CONFIRMED, on=hold.user, by=by, reason=hold.reason)
    mail.after_commit(letters.factor_confirmed(hold.user, by.label), to=[hold.user.email])
