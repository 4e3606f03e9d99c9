"""Making a checkpoint: with each receipt, and once a day. One after another, under the lock of the key that signs."""

import logging
import secrets
from datetime import timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor, Subject
from accounts.models import AuditChain, AuditCheckpoint
from drafts.publishing.checkpoints import form
from drafts.publishing.checkpoints.form import Heads
from drafts.publishing.receipt import keys
from drafts.publishing.receipt.envelope import seal, spelled

log = logging.getLogger(__name__)

_DAY = timedelta(hours=23, minutes=30)


class Event(StrEnum):
    """What the day's checkpoint leaves on record; one that goes with a receipt is named in the receipt's event."""

    SIGNED = "audit:checkpoint"


def line(checkpoint: AuditCheckpoint) -> str:
    """Return a checkpoint's name as people keep it; ``verify_audit --against`` reads it again."""
    return f"Checkpoint {checkpoint.number}: {checkpoint.sha256}"


def daily() -> AuditCheckpoint | None:
    """Walk all chains and sign their heads, in full, unless that was done within a day."""
    if _is_done():
        return None
    found = list(audit.verify())
    for one in found:
        log.error("the record does not hold: %s #%d: %s", one.scope, one.seq, one.reason)
    return _sign(sorted({one.scope for one in found}))


def _is_done() -> bool:
    newest = AuditCheckpoint.objects.exclude(broken=None).order_by("-number").first()
    return newest is not None and newest.at > timezone.now() - _DAY


@transaction.atomic
def _sign(broken: list[str]) -> AuditCheckpoint | None:
    keys.current()  # the lock: of two schedulers one finds the other's
    if _is_done():
        return None
    made = make(full=True, broken=broken)
    subject = Subject(audit.SITE, "checkpoint", str(made.number), str(made))
    audit.record(Event.SIGNED, on=subject, by=Actor.system(), digest=made.sha256, broken=broken)
    return made


def make(*, full: bool = False, broken: list[str] | None = None) -> AuditCheckpoint:
    """Sign the heads of all chains as they are. Part of a transaction, which holds no chain's head yet.

    ``broken``: the chains that did not hold, where they were all walked right before.
    The key's lock is held until that ends: so numbers have no gap, and no head is ever older than in the one before.
    """
    key, private = keys.current()
    last = AuditCheckpoint.objects.order_by("-number").first()
    heads = _heads()
    before = {} if last is None else standing(last)
    full, salt = full or last is None, secrets.token_hex(32)
    moved = {scope: head for scope, head in heads.items() if before.get(scope) != head}
    number, previous = (last.number + 1, last.sha256) if last else (1, "")
    at, root = max(timezone.now(), key.valid_from), form.root(heads, salt)
    said = form.statement(
        number=number,
        at=spelled(at),
        previous=previous,
        root=root,
        server=settings.PRESSCHECK_URL,
        key=key.key_id,
    )
    envelope = seal(said, private, form.PAYLOAD_TYPE)
    return AuditCheckpoint.objects.create(
        number=number,
        at=at,
        full=full,
        heads=heads if full else moved,
        salt=salt,
        root=root,
        previous=previous,
        sha256=form.digest(envelope),
        envelope=envelope,
        broken=broken,
    )


def _heads() -> Heads:
    return {
        scope: [seq, digest] for scope, seq, digest in AuditChain.objects.values_list("scope", "seq", "hash")
    }


def standing(checkpoint: AuditCheckpoint) -> Heads:
    """Return the heads of all chains as a checkpoint saw them: the full one before it, and what moved since."""
    rows = AuditCheckpoint.objects.filter(number__lte=checkpoint.number)
    begins = rows.filter(full=True).order_by("-number").values_list("number", flat=True).first() or 0
    heads: Heads = {}
    for row in rows.filter(number__gte=begins).order_by("number"):
        heads = dict(row.heads) if row.full else heads | row.heads
    return heads
