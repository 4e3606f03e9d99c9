"""Step-up: a second factor given at the very act. The only maker of proofs."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.http import HttpRequest
from django.utils import timezone

from accounts import codes, holds, locks, passkeys, totp
from accounts.locks import ActLocked, NotProven
from accounts.models import ActLock, User
from accounts.purposes import Purpose

__all__ = [
    "ActLocked",
    "FactorHeld",
    "Given",
    "NotProven",
    "PasskeyAsked",
    "Proof",
    "ProofRefused",
    "Purpose",
    "WrongCode",
    "check",
    "prove",
]
log = logging.getLogger(__name__)

MAX_AGE = timedelta(minutes=5)
TRIES = locks.TRIES
_MAKER = object()


class WrongCode(NotProven):
    """The code or passkey was wrong, too old, or used before."""


class FactorHeld(NotProven):
    """The person's factor is too fresh, or follows a recovery."""


class PasskeyAsked(Exception):
    """The browser asks what a passkey shall sign for this act; nothing is decided. Answered by ``accounts.asking``."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__("a passkey is asked for")
        self.options = options


class ProofRefused(Exception):
    """An act was handed a proof that is not its own: another person, purpose or age. A defect or an attack."""


@dataclass(frozen=True)
class Proof:
    """A second factor was given by this person, now, for this purpose. Made by ``prove`` alone."""

    user: User
    method: str
    at: datetime
    purpose: Purpose
    maker: object
    factor: int = 0  # the row of the factor that was given

    def __post_init__(self) -> None:
        """Refuse proofs made elsewhere."""
        if self.maker is not _MAKER:
            raise ProofRefused("proofs are made by accounts.stepup.prove alone")

    def demand(self, purpose: Purpose) -> None:
        """Raise ProofRefused unless this proof is for exactly this purpose and not older than five minutes."""
        if self.purpose != purpose:
            raise ProofRefused(f"a proof for {self.purpose} was used for {purpose}")
        if not timedelta(0) <= timezone.now() - self.at <= MAX_AGE:
            raise ProofRefused("the proof is older than five minutes: give the second factor again")


@dataclass(frozen=True, slots=True)
class Given:
    """What a form carries of a second factor: a code, a passkey's answer, or the question what it shall sign."""

    code: str = ""
    credential: str = ""
    asks: bool = False

    @classmethod
    def of(cls, request: HttpRequest) -> "Given":
        form = request.POST
        return cls(
            code=form.get("code", "").replace(" ", "")[:64],
            credential=form.get("credential", ""),
            asks=form.get("passkey") == "ask",
        )


def prove(
    request: HttpRequest, purpose: Purpose, *, even_held: bool = False, recovery_codes: bool = False
) -> Proof:
    """Check the second factor in this request's form (``code`` or ``credential``) and return the proof.

    Raises WrongCode, ActLocked or FactorHeld, and PasskeyAsked, which is not for the caller to catch. A code is
    spent even if the act fails. ``even_held``: for acts that a fresh factor is good for too, such as taking rights
    away. ``recovery_codes``: only for setting up a factor; they never prove anything else. Call it outside any
    transaction.
    """
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        raise NotProven("Sign in first.")
    factor = check(user, purpose, Given.of(request), even_held=even_held, recovery_codes=recovery_codes)
    return Proof(user, factor.type, timezone.now(), purpose, _MAKER, factor.pk)


def check(
    user: User, purpose: Purpose, given: Given, *, even_held: bool = False, recovery_codes: bool = False
) -> Authenticator:
    """Return the factor that was given for this purpose, and mark it used. Raises as ``prove`` does; makes no proof."""
    if not even_held:
        _refuse(holds.of_person(user))
    lock = locks.unlocked(user, purpose.act)
    if given.asks and user.has_passkey:
        raise PasskeyAsked(_options(user, purpose))
    claimed = _claimed(user, given)
    if claimed is not None and not even_held:
        _refuse(holds.of_factor(claimed))
    locks.count(lock)
    factor = _accepted(user, purpose, given, recovery_codes=recovery_codes)
    if factor is None:
        raise _failed(lock)
    locks.forget(lock)
    Authenticator.objects.filter(pk=factor.pk).update(last_used_at=timezone.now())
    return factor


def _options(user: User, purpose: Purpose) -> dict[str, Any]:
    try:
        return passkeys.request_options(user, purpose)
    except passkeys.TooManyAsked as error:
        raise NotProven(str(error)) from error


def _refuse(hold: holds.Hold | None) -> None:
    if hold:
        raise FactorHeld(
            f"Your second factor is not good for this before {hold.until:%d %B %Y %H:%M} UTC, because {hold.reason}. "
            "An older factor of yours can do it, or confirm this one on your account page; an owner of the project can "
            "confirm it too. Another member with your role can do it now.",
        )


def _claimed(user: User, given: Given) -> Authenticator | None:
    """Return the factor that the form speaks of, unproven. Raises WrongCode when it speaks of none; that is no guess."""
    try:
        if given.credential:
            return passkeys.claimed(user, given.credential)
    except passkeys.BadPasskey:
        return None
    if not given.code:
        raise WrongCode(_what_to_give(user))
    return Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()


def _what_to_give(user: User) -> str:
    if not user.has_passkey:
        return "Type the six digits that your authenticator app shows now."
    if not user.has_app:
        return (
            "Confirm with your passkey. That takes a browser with JavaScript, at this server's own address."
        )
    return "Confirm with your passkey, or type the six digits that your authenticator app shows now."


def _accepted(user: User, purpose: Purpose, given: Given, *, recovery_codes: bool) -> Authenticator | None:
    if given.credential:
        try:
            return passkeys.verify(user, purpose, given.credential)
        except passkeys.BadPasskey as error:
            log.warning("a passkey of person %s was refused for %s: %s", user.pk, purpose.act, error)
            return None
    found = totp.accept(user, given.code)
    return found or (codes.use(user, given.code) if recovery_codes else None)


def _failed(lock: ActLock) -> NotProven:
    """Return what to say of a wrong code; the fifth locks the act."""
    if locks.close(lock):
        return ActLocked(
            "Five wrong codes: this act is locked for 15 minutes. Nothing was changed. A mail tells you so."
        )
    return WrongCode(
        "That code is wrong, too old, or was used before. Nothing was changed: wait for the next code and try again.",
    )
