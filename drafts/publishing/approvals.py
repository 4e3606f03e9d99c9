"""The acts on approvals: say yes, want changes, take either back. Each with a second factor given for these very files."""

from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.stepup import Proof, Purpose
from drafts.access import members
from drafts.access.roles import Act
from drafts.models import Approval, Changed, Draft, Says
from drafts.notify import hooks, letters, mail
from drafts.notify.mail import News
from drafts.publishing import ready, since
from drafts.publishing.opinions import Opinions, Standing, uploaders

LONGEST_NOTE = 2000


class Event(StrEnum):
    """What approving leaves on record."""

    APPROVED = "draft:approved"
    CHANGES_WANTED = "draft:changes-wanted"
    WITHDRAWN = "draft:approval-withdrawn"


_EVENTS = {Says.YES: Event.APPROVED, Says.CHANGES: Event.CHANGES_WANTED}
_ACTS = {Says.YES: "approve", Says.CHANGES: "want-changes"}


class NoNote(Exception):
    """Changes are wanted, and nobody said which; nothing was kept."""


class NotWithdrawn(Exception):
    """What is to be taken back is somebody else's, void, or taken back before."""


def purpose(draft: Draft, says: Says, fingerprint: str) -> Purpose:
    """Return what a proof must be for to say this of these very files."""
    return Purpose(act=_ACTS[says], on=draft.subject, fingerprint=fingerprint)


def withdraw_purpose(draft: Draft, approval: Approval) -> Purpose:
    """Return what a proof must be for to take this approval back."""
    return Purpose(act="withdraw-approval", on=draft.subject, fingerprint=f"approval:{approval.pk}")


def check(*, draft: Draft, says: Says, fingerprint: str, note: str) -> None:
    """Ask, before a code is spent, what ``say`` will ask again. Raises NotEditable, Changed, NoNote."""
    draft.must_be_editable()
    if not draft.files.live().exists() or draft.fingerprint() != fingerprint:
        raise Changed(f"the files of {draft} changed after the page was shown")
    if says == Says.CHANGES and not note.strip():
        raise NoNote("write which changes you want: that is what the others read")


@transaction.atomic
def say(*, draft: Draft, says: Says, by: Actor, proof: Proof, fingerprint: str, note: str = "") -> Approval:
    """Approve exactly the files that the fingerprint names, or want changes to them; it replaces what was said before.

    Raises ProofRefused, NotYours, NotEditable, Changed, NoNote; then nothing is changed.
    """
    draft = Draft.objects.lock(draft)
    proof.demand(purpose(draft, says, fingerprint))
    members.demand(project=draft.project, user=proof.user, act=Act.APPROVE)
    check(draft=draft, says=says, fingerprint=fingerprint, note=note)
    Approval.objects.standing().filter(draft=draft, user=proof.user).update(withdrawn_at=timezone.now())
    row = Approval.objects.create(
        draft=draft,
        user=proof.user,
        says=says,
        fingerprint=fingerprint,
        note=note.strip()[:LONGEST_NOTE],
        method=proof.method,
    )
    Draft.objects.filter(pk=draft.pk).update(approvals_said=F("approvals_said") + 1)
    draft.bump()
    _tell(draft, row)
    audit.record(
        _EVENTS[says],
        on=draft,
        by=by,
        digest=fingerprint,
        method=proof.method,
        note=row.note,
        approval=row.pk,
    )
    return row


def _tell(draft: Draft, row: Approval) -> None:
    told = {"by": str(row.user), "note": row.note}
    if row.says == Says.YES:
        hooks.emit(hooks.Event.APPROVED, draft=draft, **told)
        ready.ask(draft=draft)
        return
    hooks.emit(hooks.Event.CHANGES_WANTED, draft=draft, **told)
    letter = letters.changes_wanted(draft, by=str(row.user), note=row.note)
    mail.tell(News.CHANGES_WANTED, project=draft.project, letter=letter, but=row.user)


@transaction.atomic
def withdraw(*, approval: Approval, by: Actor, proof: Proof) -> None:
    """Take one's own approval, or wish for changes, back. Raises ProofRefused, NotEditable, NotWithdrawn."""
    draft = Draft.objects.lock(approval.draft)
    proof.demand(withdraw_purpose(draft, approval))
    draft.must_be_editable()
    own = Approval.objects.standing().filter(pk=approval.pk, user=proof.user)
    if own.update(withdrawn_at=timezone.now()) == 0:
        raise NotWithdrawn("it is not yours, is void, or was taken back before")
    draft.bump()
    ready.ask(draft=draft)
    audit.record(
        Event.WITHDRAWN,
        on=draft,
        by=by,
        digest=approval.fingerprint,
        says=approval.says,
        approval=approval.pk,
        method=proof.method,
    )


def void(*, draft: Draft) -> dict[str, Any]:
    """Make void what was said of other files than are in the draft now; part of each act that changes them.

    Returns what the act's event says of it: ``approvals_void`` with the names, or nothing.
    """
    if not draft.approvals_said:
        return {}
    rows = list(Approval.objects.standing().filter(draft=draft).select_related("user").order_by("pk"))
    fingerprint = draft.fingerprint()
    gone = [row for row in rows if row.fingerprint != fingerprint]
    if not gone:
        return {}
    Approval.objects.filter(pk__in=[row.pk for row in gone]).update(voided_at=timezone.now())
    names = [str(row.user) for row in gone]
    changed = since.in_words(since.differences(draft, gone[-1].fingerprint))
    letter = letters.approvals_void(draft, names=names, changed=changed)
    mail.tell(News.APPROVALS_VOID, project=draft.project, letter=letter, also=[row.user for row in gone])
    hooks.emit(hooks.Event.APPROVALS_VOID, draft=draft, approvals=names, changed=changed)
    return {"approvals_void": names}


def on_record(draft: Draft) -> list[dict[str, Any]]:
    """Return the approvals of the files that are published, as the event of publishing and the receipt keep them.

    Each says whether it ``counted`` towards the project's number, and if not, ``why``.
    """
    asked = Opinions(
        draft=draft,
        fingerprint=draft.publishing_fingerprint,
        uploaders=uploaders([draft]).get(draft.pk, frozenset()),
        publisher=draft.publishing_by_id,
    )
    rows = Approval.objects.standing().filter(
        draft=draft, says=Says.YES, fingerprint=draft.publishing_fingerprint
    )
    return [
        {
            "id": str(row.user_id),
            "name": str(row.user),
            "at": row.at.isoformat(),
            "method": row.method,
            "note": row.note,
            **_counted(asked.standing(row)),
        }
        for row in rows.with_roles().select_related("user").order_by("pk")
    ]


def _counted(standing: Standing) -> dict[str, Any]:
    return {"counted": True} if standing == Standing.COUNTS else {"counted": False, "why": str(standing)}


def first_given(draft: Draft) -> bool:
    """Say whether anybody's yes stands: from then on upload credentials change no file any more."""
    return Approval.objects.standing().filter(draft=draft, says=Says.YES).exists()
