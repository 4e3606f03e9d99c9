"""What operators do to the server as a whole, and how they look into a draft that is not theirs: never silently."""

from datetime import timedelta
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from accounts import audit, mail
from accounts.audit import Actor, ActorKind
from accounts.mail import Letter
from accounts.models import User
from accounts.stepup import Proof, ProofRefused, Purpose
from drafts.models import Draft, OperatorLook, ReadOnly, Role, standing

LOOK = timedelta(hours=1)
LONGEST_REASON = 500


class Event(StrEnum):
    """What operators can do here."""

    READ_ONLY = "server:read-only"
    WRITABLE = "server:writable"
    LOOKED = "draft:looked-into"


class NotOperator(Exception):
    """The person is not, or no longer, an operator of this server."""


class NoReason(Exception):
    """Nothing was said about why; what operators do is on record with its reason."""


def demand(*, by: Actor, proof: Proof | None, purpose: Purpose) -> None:
    """Raise ProofRefused or NotOperator unless an operator proved this, or it came from the server's own command line."""
    if proof is None:
        if by.kind != ActorKind.SYSTEM:
            raise ProofRefused(f"{purpose} takes a second factor")
        return
    proof.demand(purpose)
    if not User.objects.filter(pk=proof.user.pk, is_staff=True, is_active=True).exists():
        raise NotOperator(f"{proof.user} is not an operator of this server")


def said(reason: str) -> str:
    """Return a reason as one line. Raises NoReason."""
    line = " ".join(reason.split())[:LONGEST_REASON]
    if not line:
        raise NoReason("Nothing was changed: say why, in one line. It is kept on record.")
    return line


def switch_purpose(*, on: bool) -> Purpose:
    """Return what a proof must be for to make the server read-only, or writable again."""
    return Purpose(act="read-only", on="server", fingerprint="on" if on else "off")


@transaction.atomic
def make_read_only(*, reason: str, by: Actor, proof: Proof | None = None) -> bool:
    """Let nothing change here until ``make_writable``. False when it is so already. Raises NotOperator, NoReason."""
    demand(by=by, proof=proof, purpose=switch_purpose(on=True))
    row, is_new = ReadOnly.objects.get_or_create(until=None, defaults={"reason": said(reason)})
    if is_new:
        audit.record(Event.READ_ONLY, on=row, by=by, reason=row.reason, **_method(proof))
    return is_new


@transaction.atomic
def make_writable(*, by: Actor, proof: Proof | None = None) -> bool:
    """Let things change again. False when they could. Raises NotOperator."""
    demand(by=by, proof=proof, purpose=switch_purpose(on=False))
    row = ReadOnly.objects.select_for_update().filter(until=None).first()
    if row is None:
        return False
    row.until = timezone.now()
    row.save(update_fields=["until"])
    audit.record(Event.WRITABLE, on=row, by=by, reason=row.reason, **_method(proof))
    return True


def look_purpose(draft: Draft) -> Purpose:
    """Return what a proof must be for to look into this draft."""
    return Purpose(act="look into a draft", on=draft.subject)


@transaction.atomic
def look_into(*, draft: Draft, reason: str, by: Actor, proof: Proof) -> OperatorLook:
    """Let an operator read one draft's pages for an hour; the project's record says so. Raises NotOperator, NoReason."""
    draft = Draft.objects.lock(draft)
    demand(by=by, proof=proof, purpose=look_purpose(draft))
    now = timezone.now()
    look = OperatorLook.objects.create(
        user=proof.user, draft=draft, reason=said(reason), at=now, until=now + LOOK
    )
    owners = standing.people(draft.project, [Role.OWNER])
    mail.after_commit(_letter(look, proof.user), to=[owner.email for owner in owners])  # nobody mutes this
    audit.record(
        Event.LOOKED, on=draft, by=by, reason=look.reason, until=look.until.isoformat(), **_method(proof)
    )
    return look


def _letter(look: OperatorLook, operator: User) -> Letter:
    return Letter(
        f"An operator looks into the draft of {look.draft}",
        (
            (
                f"{operator} runs this server, is no member of the project, and reads the draft of {look.draft} until "
                f"{look.until:%d %B %Y %H:%M} UTC. Nothing can be changed that way."
            ),
            f"The reason that was given: {look.reason}",
            "It is on the project's record.",
        ),
        f"{look.draft.project.path}drafts/{look.draft.version}/",
        "Look at the draft",
    )


def _method(proof: Proof | None) -> dict[str, str]:
    return {"method": proof.method} if proof else {}
