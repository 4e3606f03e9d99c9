"""Time-based codes (RFC 6238), each accepted once: the row decides, not a cache."""

import time

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp_codes
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.db import transaction

from accounts.models import TotpCounter, User

PERIOD_SECONDS = 30


def _counter_of(secret: str, code: str) -> int | None:
    """Return the time step, of the last, this and the next one, whose code this is."""
    now = int(time.time()) // PERIOD_SECONDS
    tolerance: int = settings.MFA_TOTP_TOLERANCE
    for counter in range(now - tolerance, now + tolerance + 1):
        expected = totp_codes.format_hotp_value(totp_codes.hotp_value(secret, counter))
        if totp_codes.compare_user_code(actual=code, expected=expected):
            return counter
    return None


def _spend(user: User, counter: int) -> bool:
    """Mark the time step used, in a transaction of its own: a code is spent even when the act fails afterwards."""
    with transaction.atomic(durable=True):
        TotpCounter.objects.get_or_create(user=user)
        return (
            TotpCounter.objects.filter(user=user, last_counter__lt=counter).update(last_counter=counter) == 1
        )


def accept(user: User, code: str) -> Authenticator | None:
    """Return the authenticator that the code belongs to and spend the code; None when wrong or used before."""
    for authenticator in Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP):
        counter = _counter_of(decrypt(authenticator.data["secret"]), code)
        if counter is not None and _spend(user, counter):
            return authenticator
    return None


def accept_new(user: User, secret: str, code: str) -> bool:
    """Check the code that ends an enrolment, and spend it: with a fresh secret no code was used before."""
    counter = _counter_of(secret, code)
    if counter is None:
        return False
    _spend(user, counter)
    return True


def is_code_of(secret: str, code: str) -> bool:
    """Say whether a code is the secret's now; it is not spent."""
    return _counter_of(secret, code) is not None
