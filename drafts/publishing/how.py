"""How a draft came to be published beside by whom: in which train, by which standing order, at which time."""

from typing import Any

from accounts.models import AuditEvent
from drafts.models import Draft

NAMES = ("train", "order", "schedule")


def said(draft: Draft) -> dict[str, Any]:
    """Return what the event of publishing says of it, under ``NAMES``; nothing of a draft that one click published now."""
    return {**_train(draft), **_order(draft), **_schedule(draft)}


def _train(draft: Draft) -> dict[str, Any]:
    train = draft.train
    if train is None:
        return {}
    told = {"id": train.pk, "label": train.label, "fingerprint": train.publishing_fingerprint}
    return {"train": told}


def _order(draft: Draft) -> dict[str, Any]:
    order = draft.publishing_order
    if order is None:
        return {}
    told = {"id": order.pk, "given-by": str(order.given_by), "given-at": order.given_at.isoformat()}
    return {"order": told}


def _schedule(draft: Draft) -> dict[str, Any]:
    """Say when a person decided to publish at a time, and at which: it stands in the event of that decision."""
    if draft.publishing_decided_at is None:
        return {}
    subject = draft.audit_subject
    rows = AuditEvent.objects.filter(
        scope=subject.scope, on_kind=subject.kind, on_id=subject.id, event="draft:scheduled"
    )
    decided = rows.order_by("seq").last()
    at = decided.details["at"] if decided is not None else ""
    return {"schedule": {"at": at, "decided-at": draft.publishing_decided_at.isoformat()}}
