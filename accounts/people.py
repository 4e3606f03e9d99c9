"""The acts on people: making one, and letting one in the first time."""

import binascii
from base64 import b32decode
from datetime import timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from accounts import audit, letters, mail
from accounts.events import Event
from accounts.models import SignInLink, TotpCounter, User

LINK_LIFETIME = timedelta(minutes=15)


class BadPerson(Exception):
    """A person cannot be made like that; the text says why."""


@transaction.atomic
def add(
    *,
    email: str,
    by: audit.Actor,
    name: str = "",
    password: str | None = None,
    totp_secret: str | None = None,
    staff: bool = False,
) -> User:
    """Make a person. With a password and a TOTP secret (Base32) they can sign in at once. Raises BadPerson."""
    _check(email, password, totp_secret)
    user = User.objects.create_user(email, password=password, name=name, is_staff=staff)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    if totp_secret:
        TOTP.activate(user, _normal_secret(totp_secret))
        RecoveryCodes.activate(user)
        TotpCounter.objects.create(user=user, enrolled_before=True)
    audit.record(Event.ADDED, on=user, by=by, staff=staff, enrolled=bool(totp_secret))
    return user


def _check(email: str, password: str | None, totp_secret: str | None) -> None:
    try:
        validate_email(email)
        if password is not None:
            validate_password(password, User(email=email))
    except ValidationError as error:
        raise BadPerson(" ".join(error.messages)) from error
    if User.objects.filter(email=email.lower()).exists():
        raise BadPerson(f"there is already a person with the address {email}")
    if totp_secret is not None:
        _normal_secret(totp_secret)


def _normal_secret(text: str) -> str:
    """Return the secret in upper case without spaces. Raises BadPerson unless it is Base32 of 10 bytes or more."""
    secret = text.replace(" ", "").upper().rstrip("=")
    try:
        raw = b32decode(secret + "=" * (-len(secret) % 8))
    except (binascii.Error, ValueError) as error:
        raise BadPerson("the TOTP secret is not Base32 (letters A to Z and digits 2 to 7)") from error
    if len(raw) < 10:  # noqa: PLR2004  80 bits, the least that RFC 4226 speaks of for short-lived use
        raise BadPerson("the TOTP secret is too short: 16 Base32 characters or more")
    return secret + "=" * (-len(secret) % 8)


@transaction.atomic
def set_password(*, user: User, password: str, by: audit.Actor, forgotten: bool) -> None:
    """Give a person another password; ``forgotten``: by a link that came by mail, after which new factors are held."""
    user.set_password(password)
    if forgotten and user.is_enrolled:
        user.recovered_at = timezone.now()
    user.save(update_fields=["password", "recovered_at"])
    audit.record(Event.PASSWORD_CHANGED, on=user, by=by, forgotten=forgotten)
    if user.is_enrolled:
        mail.after_commit(letters.password_changed(user), to=[user.email])


@transaction.atomic
def name(*, user: User, name: str, by: audit.Actor) -> bool:
    """Give a person another name to be shown by; empty: the address is shown. False when it is that already."""
    after = " ".join(name.split())[:200]
    if user.name == after:
        return False
    before = User.objects.select_for_update().get(pk=user.pk).name
    User.objects.filter(pk=user.pk).update(name=after)
    audit.record(Event.NAMED, on=user, by=by, before=before, after=after)
    return True


def invite(user: User) -> str:
    """Return the token of a one-time link, good for 15 minutes on this machine, that lets a person enrol."""
    return SignInLink.make(user=user, expires_at=timezone.now() + LINK_LIFETIME)


@transaction.atomic
def let_in(*, link: SignInLink, origin: audit.Origin) -> bool:
    """Spend a one-time link. False when it was used meanwhile, or its person has a second factor already."""
    if link.user.is_enrolled or not link.spend():
        return False
    audit.record(Event.LET_IN, on=link.user, by=audit.Actor.person(link.user, origin))
    return True
