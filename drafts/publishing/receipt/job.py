"""The job that writes a receipt: enqueued by the transaction that publishes, so that none is lost.

All it says comes from the event of publishing, which nobody can change, so that it is the same whenever it is written.
"""

import base64
import hashlib
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.mail import Letter
from accounts.models import AuditCheckpoint, AuditEvent
from drafts.models import Draft, Job, Receipt, ReceiptKey, Role
from drafts.notify.mail import News, tell
from drafts.publishing import checkpoints, how
from drafts.publishing.publish import Event as Publishing
from drafts.publishing.receipt import keys
from drafts.publishing.receipt.envelope import PREDICATE_TYPE, STATEMENT_TYPE, seal, spelled


class Event(StrEnum):
    """What a receipt leaves on record."""

    SIGNED = "draft:receipt"


def work(job: Job) -> None:
    """Sign the receipt of a published draft; one that has its receipt keeps it."""
    with transaction.atomic():
        draft = Draft.objects.lock(Draft.objects.get(pk=job.subject_id))
        job.finish()
        event = _published(draft)
        if event is None or Receipt.objects.filter(draft=draft).exists():
            return
        row, private = keys.current()
        signed_at = max(timezone.now(), row.valid_from)
        checkpoint = checkpoints.make()
        said = statement(draft, event, row, spelled(signed_at))
        said["predicate"]["checkpoint"] = {"number": checkpoint.number, "sha256": checkpoint.sha256}
        envelope = seal(said, private)
        Receipt.objects.create(draft=draft, key=row, envelope=envelope, signed_at=signed_at)
        draft.bump()
        digest = hashlib.sha256(base64.b64decode(envelope["payload"])).hexdigest()
        audit.record(
            Event.SIGNED,
            on=draft,
            by=Actor.system(),
            digest=digest,
            key=row.key_id,
            checkpoint=checkpoint.number,
        )
        tell(News.CHECKPOINT, project=draft.project, letter=_letter(draft, checkpoint), roles=[Role.OWNER])


def _letter(draft: Draft, checkpoint: AuditCheckpoint) -> Letter:
    return Letter(
        f"The receipt of {draft} is signed",
        (
            f"{draft} is published, and its receipt can be downloaded from the page below.",
            "Keep the next line: with it you can show later that the record of this server was not rewritten before that moment.",
            checkpoints.line(checkpoint),
        ),
        f"{draft.project.path}drafts/{draft.version}/",
        "Look at the release",
    )


def _published(draft: Draft) -> AuditEvent | None:
    subject = draft.audit_subject
    events = AuditEvent.objects.filter(on_kind=subject.kind, on_id=subject.id, event=Publishing.PUBLISHED)
    return events.order_by("seq").last()


def statement(draft: Draft, event: AuditEvent, key: ReceiptKey, signed_at: str) -> dict[str, Any]:
    """Return what a receipt says, as an in-toto statement."""
    said = event.details
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": name, "digest": {"sha256": sha256}} for name, sha256 in sorted(said["files"].items())
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "server": settings.PRESSCHECK_URL,
            "project": draft.project.name,
            "version": draft.version,
            "publishedAt": spelled(event.at),
            "publishedBy": {"kind": event.actor_kind, "id": event.actor_id, "name": event.actor_label},
            "uploadedBy": said["uploaders"],
            "fingerprint": event.digest,
            "note": said.get("note", ""),
            "evidence": said["evidence"],
            "approvals": said.get("approvals", []),
            **({"approvalsNeeded": said["approvals_needed"]} if "approvals_needed" in said else {}),
            "accepted": said.get("accepted", []),
            **{name: said[name] for name in ("upstream", *how.NAMES) if name in said},
            "audit": {"scope": event.scope, "seq": event.seq, "hash": event.hash},
            "key": key.key_id,
            "signedAt": signed_at,
        },
    }
