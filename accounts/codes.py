"""Recovery codes: ten, each good once, for signing in and for setting up a new factor. They never publish."""

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

from accounts.models import User


def of(user: User) -> Authenticator | None:
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).first()


def use(user: User, code: str) -> Authenticator | None:
    """Return the row of the codes and spend this one; None when it is no unused code."""
    row = of(user)
    return row if row is not None and row.wrap().validate_code(code) else None


def unused(user: User) -> list[str]:
    """Return the codes that are left."""
    row = of(user)
    return list(row.wrap().get_unused_codes()) if row else []


def make(user: User) -> list[str]:
    """Replace the codes by new ones; part of an act. Returns them."""
    Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).delete()
    return list(RecoveryCodes.activate(user).get_unused_codes())
