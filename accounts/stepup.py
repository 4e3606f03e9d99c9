"""Step-up: a second factor given at the very act. The only maker of proofs."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.mail import send_mail
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from accounts import holds, totp
from accounts.models import ActLock, User

log = logging.getLogger(__name__)

MAX_AGE = timedelta(minutes=5)
TRIES = 5
LOCKED = timedelta(minutes=15)
_MAKER = object()


class NotProven(Exception):
    """No proof: the text says what was wrong and what to do; nothing was changed."""


class WrongCode(NotProven):
    """The code was wrong, too old, or used before."""


class ActLocked(NotProven):
    """Too many wrong codes for this act."""


class FactorHeld(NotProven):
    """The person's factor is too fresh, or follows a recovery."""


class ProofRefused(Exception):
    """An act was handed a proof that is not its own: another person, purpose or age. A defect or an attack."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a proof is for: the act's name, the object as ``kind:id``, and the fingerprint the person saw."""

    act: str
    on: str
    fingerprint: str = ""


@dataclass(frozen=True)
class Proof:
    """A second factor was given by this person, now, for this purpose. Made by ``prove`` alone."""

    user: User
    method: str
    at: datetime
    purpose: Purpose
    maker: object

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


def prove(request: HttpRequest, purpose: Purpose, *, even_held: bool = False) -> Proof:
    """Check the second factor in this request's form (``code``) and return the proof.

    Raises WrongCode, ActLocked or FactorHeld. A recovery code never proves; a code is spent even if the act fails.
    ``even_held``: for acts that only take rights away, which a fresh factor is good for too. Call it outside any
    transaction.
    """
    user = request.user
    if not isinstance(user, User) or not user.is_active:
        raise NotProven("Sign in first.")
    hold = holds.held_until(user)
    if hold and not even_held:
        raise FactorHeld(
            f"Your second factor is not good for this before {hold.until:%d %B %Y %H:%M} UTC, because {hold.reason}. "
            "Another member with your role can do it now.",
        )
    lock = _not_locked(user, purpose)
    code = request.POST.get("code", "").replace(" ", "")
    if not code:
        raise WrongCode("Type the six digits that your authenticator app shows now.")
    _count_try(lock)
    if totp.accept(user, code) is None:
        raise _failed(lock)
    ActLock.objects.filter(pk=lock.pk).update(failures=0, locked_until=None)
    return Proof(user=user, method="totp", at=timezone.now(), purpose=purpose, maker=_MAKER)


def _not_locked(user: User, purpose: Purpose) -> ActLock:
    lock, _ = ActLock.objects.get_or_create(user=user, act=purpose.act)
    now = timezone.now()
    if lock.locked_until and lock.locked_until > now:
        raise ActLocked(
            f"Five wrong codes locked this act until {lock.locked_until:%H:%M} UTC. Nothing was changed. "
            "If that was not you, tell the other owners of the project.",
        )
    if lock.locked_until:
        ActLock.objects.filter(pk=lock.pk, locked_until=lock.locked_until).update(
            failures=0, locked_until=None
        )
    return lock


def _count_try(lock: ActLock) -> None:
    """Count a code as wrong before it is looked at: guesses that come at one moment are counted too."""
    tries = ActLock.objects.filter(pk=lock.pk, failures__lt=TRIES, locked_until=None)
    if tries.update(failures=F("failures") + 1) == 0:
        _lock(lock)
        raise ActLocked("Five wrong codes: this act is locked for 15 minutes. Nothing was changed.")


def _failed(lock: ActLock) -> NotProven:
    """Return what to say of a wrong code; the fifth locks the act."""
    if _lock(lock):
        return ActLocked(
            "Five wrong codes: this act is locked for 15 minutes. Nothing was changed. A mail tells you so."
        )
    return WrongCode(
        "That code is wrong, too old, or was used before. Nothing was changed: wait for the next code and try again.",
    )


def _lock(lock: ActLock) -> bool:
    """Lock the act if its tries are used up, and tell the person by mail; False when not, or locked already."""
    used_up = ActLock.objects.filter(pk=lock.pk, failures__gte=TRIES, locked_until=None)
    if used_up.update(locked_until=timezone.now() + LOCKED) == 0:
        return False
    try:
        send_mail(
            f"Five wrong codes: {lock.act} is locked for 15 minutes",
            f"Somebody signed in as {lock.user.email} gave five wrong second-factor codes for the act "
            f"'{lock.act}'. It is locked for 15 minutes. If that was not you, change your password now.",
            None,
            [lock.user.email],
        )
    except OSError:
        log.exception("the mail about a locked act could not be sent")
    return True
