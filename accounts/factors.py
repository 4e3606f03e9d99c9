"""The acts on second factors: adding, removing, and making recovery codes. Each takes a proof given at that very act."""

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.db import transaction

from accounts import audit, codes, holds, letters, mail, passkeys
from accounts.audit import Actor
from accounts.events import Event
from accounts.models import FactorHold, User
from accounts.passkeys import NewPasskey
from accounts.stepup import Proof, ProofRefused, Purpose

APP = "The authenticator app"
MOST = 20  # passkeys of one person
MOST_NAME = 60
KINDS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class NotChanged(Exception):
    """A person's factors stay as they are; the text says why."""


def add_purpose(user: User, kind: str) -> Purpose:
    """Return what a proof must be for to set up a factor of this kind (``totp`` or ``webauthn``)."""
    return Purpose(act="add a second factor", on=f"person:{user.pk}", fingerprint=kind)


def creation_purpose(user: User) -> Purpose:
    """Return what a new passkey signs when it is made; asked for only after ``add_purpose`` was proven.

    What was begun as the first factor of a person is not ended as their second: that one takes a proof.
    """
    place = "another one" if of(user) else "the first one"
    return Purpose(act="make a passkey", on=f"person:{user.pk}", fingerprint=place)


def remove_purpose(factor: Authenticator) -> Purpose:
    return Purpose(act="remove a second factor", on=f"factor:{factor.pk}")


def codes_purpose(user: User) -> Purpose:
    return Purpose(act="make recovery codes", on=f"person:{user.pk}")


def confirm_purpose(hold: FactorHold) -> Purpose:
    return Purpose(act="confirm a second factor", on=f"hold:{hold.pk}")


def of(user: User) -> list[Authenticator]:
    """Return what signs a person in beside the password, the oldest first; recovery codes are none of these."""
    return list(Authenticator.objects.filter(user=user, type__in=KINDS).order_by("created_at", "pk"))


def name_of(factor: Authenticator) -> str:
    """Return what pages and mails call a factor."""
    return APP if factor.type == Authenticator.Type.TOTP else f"The passkey “{factor.wrap().name}”"


def begin_passkey(*, user: User, proof: Proof | None) -> dict[str, object]:
    """Return what a browser needs to make a passkey, to somebody who proved an older factor or has none."""
    _demand(user, proof, add_purpose(user, Authenticator.Type.WEBAUTHN))
    if len(passkeys.of(user)) >= MOST:
        raise NotChanged(f"Nothing was added: {MOST} passkeys are the most. Remove one first.")
    try:
        return passkeys.creation_options(user, creation_purpose(user))
    except passkeys.TooManyAsked as error:
        raise NotChanged(str(error)) from error


@transaction.atomic
def add_passkey(*, user: User, name: str, new: NewPasskey, by: Actor) -> Authenticator:
    """Add a passkey that was made for this person. Its challenge, five minutes old at most, stands for the proof.

    Raises accounts.passkeys.BadPasskey.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if new.purpose != creation_purpose(user):
        raise passkeys.BadPasskey("it was begun as the first factor, and there is another one by now")
    readable = "".join(letter for letter in name if letter.isprintable()).strip()[:MOST_NAME]
    factor = passkeys.keep(user, readable or "Passkey", new)
    _added(user, factor, by)
    return factor


@transaction.atomic
def add_app(*, user: User, secret: str, by: Actor, proof: Proof | None) -> Authenticator:
    """Set up an authenticator app whose code was checked; one that was there before opens nothing any more.

    Raises ProofRefused.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    _demand(user, proof, add_purpose(user, Authenticator.Type.TOTP))
    Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).delete()
    factor: Authenticator = TOTP.activate(user, secret).instance
    _added(user, factor, by)
    return factor


def _demand(user: User, proof: Proof | None, purpose: Purpose) -> None:
    """Refuse without a proof of this person for this purpose; who has no factor yet has nothing to prove with."""
    if proof is None:
        if of(user):
            raise ProofRefused("an account that has a second factor changes with a proof alone")
        return
    proof.demand(purpose)
    if proof.user.pk != user.pk:
        raise ProofRefused(f"a proof of person {proof.user.pk} was used for person {user.pk}")


def _added(user: User, factor: Authenticator, by: Actor) -> None:
    hold = holds.after_enrolment(user, factor)
    if codes.of(user) is None:
        codes.make(user)
    audit.record(
        Event.FACTOR_ADDED, on=user, by=by, kind=factor.type, factor=factor.pk, held=hold is not None
    )
    name = name_of(factor)
    mail.after_commit(letters.factor_added(user, name, hold.until if hold else None), to=[user.email])


@transaction.atomic
def remove(*, factor: Authenticator, by: Actor, proof: Proof) -> str:
    """Take a factor away and return what it was called. Raises ProofRefused, NotChanged: the last one stays."""
    user = User.objects.select_for_update().get(pk=factor.user_id)
    _demand(user, proof, remove_purpose(factor))
    name, kind = name_of(factor), factor.type
    if not Authenticator.objects.filter(user=user, type__in=KINDS).exclude(pk=factor.pk).exists():
        raise NotChanged("Nothing was removed: it is the only one. Set up another second factor first.")
    if Authenticator.objects.filter(pk=factor.pk, type__in=KINDS).delete()[0] == 0:
        raise NotChanged("It was removed before.")
    audit.record(Event.FACTOR_REMOVED, on=user, by=by, kind=kind, factor=proof.factor)
    mail.after_commit(letters.factor_removed(user, name), to=[user.email])
    return name


@transaction.atomic
def make_codes(*, user: User, by: Actor, proof: Proof) -> list[str]:
    """Make ten new recovery codes, shown this once; those before them stop working. Raises ProofRefused."""
    user = User.objects.select_for_update().get(pk=user.pk)
    _demand(user, proof, codes_purpose(user))
    made = codes.make(user)
    audit.record(Event.CODES_MADE, on=user, by=by, count=len(made))
    mail.after_commit(letters.codes_made(user), to=[user.email])
    return made
