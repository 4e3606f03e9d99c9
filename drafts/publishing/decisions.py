"""The acts on decisions: publish without an expected file, let environments move, accept late sources or files."""

from collections.abc import Sequence
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from drafts.models import Changed, Decision, DecisionKind, Draft
from drafts.publishing.policy import blockers

LONGEST_REASON = 2000


class Event(StrEnum):
    """What deciding leaves on record."""

    DECIDED = "draft:decided"
    REVOKED = "draft:decision-revoked"


class NoReason(Exception):
    """A decision without a reason; nothing was decided."""


@transaction.atomic
def decide(
    *, draft: Draft, kind: DecisionKind, what: Sequence[str], reason: str, by: Actor, user: User
) -> Decision:
    """Accept exactly what stands in the way now, with a reason. Raises NoReason, NotEditable, Changed."""
    draft = Draft.objects.lock(draft)
    draft.must_be_editable()
    reason = reason.strip()[:LONGEST_REASON]
    if not reason:
        raise NoReason("a decision needs a reason, which stays with the release")
    open_now = {one for blocker in blockers(draft) if blocker.decision == kind for one in blocker.what}
    if not what or not open_now.issuperset(what):
        raise Changed(f"what stands in the way of {draft} changed after the page was shown: look at it again")
    decision = Decision.objects.create(draft=draft, kind=kind, what=sorted(what), reason=reason, by=user)
    draft.bump()
    audit.record(Event.DECIDED, on=draft, by=by, kind=str(kind), what=decision.what, reason=reason)
    return decision


@transaction.atomic
def revoke(*, decision: Decision, by: Actor) -> bool:
    """Take a decision back: what it covered stands in the way again. False when it was taken back. Raises NotEditable."""
    draft = Draft.objects.lock(decision.draft)
    draft.must_be_editable()
    if Decision.objects.standing().filter(pk=decision.pk).update(revoked_at=timezone.now()) == 0:
        return False
    draft.bump()
    audit.record(
        Event.REVOKED, on=draft, by=by, kind=decision.kind, what=decision.what, reason=decision.reason
    )
    return True
