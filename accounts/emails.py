"""The acts on a person's address: ask for another one, confirm it from there, stop it."""

from datetime import timedelta

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import audit, letters, mail
from accounts.audit import Actor
from accounts.events import Event
from accounts.models import EmailChange, User
from accounts.stepup import Proof, ProofRefused, Purpose

LIFETIME = timedelta(hours=24)


class BadAddress(Exception):
    """The address is none, or cannot be the person's; the text says why."""


def spelled(email: str, *, but: User) -> str:
    """Return an address as it is kept, of a person who has another one. Raises BadAddress."""
    found = email.strip().lower()
    try:
        validate_email(found)
    except ValidationError as error:
        raise BadAddress(f"'{email.strip()[:100]}' is not an e-mail address") from error
    if found == but.email:
        raise BadAddress("it is your address already")
    return found


def purpose(user: User, email: str) -> Purpose:
    """Return what a proof must be for to give this person this address."""
    return Purpose(act="change the address", on=f"person:{user.pk}", fingerprint=email)


@transaction.atomic
def ask(*, user: User, email: str, by: Actor, proof: Proof) -> EmailChange | None:
    """Mail the new address a link that confirms it, and the old one that it was asked for.

    An address that another account has is told so by mail, and the asker is told nothing (None). Raises ProofRefused.
    """
    proof.demand(purpose(user, email))
    if proof.user.pk != user.pk:
        raise ProofRefused("an address is changed by the person whose it is")
    _end(user)
    mail.after_commit(letters.email_asked(user, email), to=[user.email])
    change = None
    if User.objects.filter(email=email).exists():
        mail.after_commit(letters.email_taken(email), to=[email])
    else:
        token = EmailChange.make(
            user=user, email=email, before=user.email, expires_at=timezone.now() + LIFETIME
        )
        change = EmailChange.objects.get(user=user, ended_at=None)
        path = f"/account/email/{token}/"
        mail.after_commit(letters.email_to_confirm(email, user.email, path), to=[email])
    audit.record(Event.EMAIL_ASKED, on=user, by=by, to=email, method=proof.method)
    return change


@transaction.atomic
def confirm(*, change: EmailChange, by: Actor) -> None:
    """Give the person the address; the mailbox of the new one and the session of the person were there. Raises BadAddress."""
    user = User.objects.select_for_update().get(pk=change.user_id)
    if user.email != change.before or _end(user, pk=change.pk) != 1:
        raise BadAddress("this change of address was used, stopped, or is too old: ask for it again")
    try:
        with transaction.atomic():
            User.objects.filter(pk=user.pk).update(email=change.email)
    except IntegrityError as error:
        raise BadAddress("that address cannot be had any more") from error
    EmailAddress.objects.filter(user=user).delete()
    EmailAddress.objects.create(user=user, email=change.email, verified=True, primary=True)
    user.email = change.email
    audit.record(Event.EMAIL_CHANGED, on=user, by=by, before=change.before, after=change.email)
    mail.after_commit(letters.email_changed(change.before, change.email), to=[change.before, change.email])


@transaction.atomic
def stop(*, user: User, by: Actor) -> bool:
    """Keep the address: the link that was mailed opens nothing. False when nothing was asked for."""
    if not _end(user):
        return False
    audit.record(Event.EMAIL_KEPT, on=user, by=by)
    return True


def pending(user: User) -> EmailChange | None:
    """Return the change that waits for its confirmation."""
    return EmailChange.objects.filter(user=user, ended_at=None, expires_at__gt=timezone.now()).first()


def _end(user: User, **narrowed: int) -> int:
    rows = EmailChange.objects.filter(user=user, ended_at=None, **narrowed)
    return rows.update(ended_at=timezone.now())
