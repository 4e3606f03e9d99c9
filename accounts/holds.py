"""Factors that may sign in but not yet publish, so that a stolen mailbox or recovery code buys no release."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import FactorHold, TotpCounter, User

HOLD = timedelta(hours=72)
NEW_ACCOUNT = timedelta(hours=24)


def after_recovery(user: User) -> None:
    """A recovery code was used: what happens to the account now is held off publishing."""
    FactorHold.objects.create(
        user=user, until=timezone.now() + HOLD, reason="a recovery code was used to sign in"
    )


def after_enrolment(user: User) -> None:
    """A factor was enrolled. The first factor of a person who never had one is exempt."""
    had_one = TotpCounter.objects.filter(user=user, enrolled_before=True).exists()
    if had_one and timezone.now() - user.date_joined > NEW_ACCOUNT:
        FactorHold.objects.create(
            user=user, until=timezone.now() + HOLD, reason="a new second factor was set up"
        )
    TotpCounter.objects.filter(user=user).update(enrolled_before=True)


def held_until(user: User) -> FactorHold | None:
    """Return the hold that keeps this person from publishing and approving, the longest one; None when free."""
    return FactorHold.objects.filter(user=user, until__gt=timezone.now()).order_by("-until").first()
