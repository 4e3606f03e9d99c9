"""The server's receipt keys: made when the first is needed, replaced and revoked by an operator."""

import base64
import logging
from enum import StrEnum

from cryptography.fernet import InvalidToken
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from drafts import secrets
from drafts.models import ReceiptKey
from drafts.publishing.receipt.envelope import PublicKey, key_id, spelled

log = logging.getLogger(__name__)


class Event(StrEnum):
    """What can happen to a receipt key."""

    MADE = "receipt-key:made"
    REVOKED = "receipt-key:revoked"


class NoSuchKey(Exception):
    """The server has no receipt key of that id."""


def listed() -> list[PublicKey]:
    """Return every key there ever was, oldest first, as anybody may see them."""
    return [
        PublicKey(
            id=row.key_id,
            public=base64.b64decode(row.public),
            valid_from=spelled(row.valid_from),
            until=spelled(row.until) if row.until else "",
            revoked=spelled(row.revoked_at) if row.revoked_at else "",
            reason=row.revoked_reason,
        )
        for row in ReceiptKey.objects.order_by("valid_from", "pk")
    ]


def current() -> tuple[ReceiptKey, Ed25519PrivateKey]:
    """Return the key that signs today, locked until the caller's transaction ends; made where there is none."""
    row = _locked()
    if row is None:
        try:
            with transaction.atomic():
                return _made(Actor.system())
        except IntegrityError:  # another worker made one at the same moment
            row = ReceiptKey.objects.select_for_update().get(until=None)
    try:
        sealed = secrets.open_receipt_key(row.private_sealed)
    except InvalidToken:
        log.warning(
            "the receipt key %s cannot be opened, because the secret key was replaced: a new one is made", row
        )
        row.end(timezone.now())
        return _made(Actor.system())
    return row, Ed25519PrivateKey.from_private_bytes(sealed)


@transaction.atomic
def rotate(*, by: Actor) -> ReceiptKey:
    """Let a new key sign from now on. What older ones signed stays good."""
    before = _locked()
    if before is not None:
        before.end(timezone.now())
    return _made(by)[0]


@transaction.atomic
def revoke(*, key: str, reason: str, by: Actor) -> ReceiptKey:
    """Take a key's word away for good, also for what it signed before; the next receipt gets a new one. Raises NoSuchKey.

    Who has the key can write any moment into a receipt, so that nothing of it can be told apart.
    """
    row = ReceiptKey.objects.select_for_update().filter(key_id=key).first()
    if row is None:
        raise NoSuchKey(f"there is no receipt key {key}")
    if row.revoked_at is None:
        now = timezone.now()
        if row.until is None:
            row.end(now)
        row.revoked_at, row.revoked_reason = now, reason[:300]
        row.save(update_fields=["revoked_at", "revoked_reason"])
        audit.record(Event.REVOKED, on=row, by=by, reason=row.revoked_reason)
    return row


def _locked() -> ReceiptKey | None:
    return ReceiptKey.objects.select_for_update().filter(until=None).first()


def _made(by: Actor) -> tuple[ReceiptKey, Ed25519PrivateKey]:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    row = ReceiptKey.objects.create(
        key_id=key_id(public),
        public=base64.b64encode(public).decode(),
        private_sealed=secrets.seal_receipt_key(private.private_bytes_raw()),
    )
    audit.record(Event.MADE, on=row, by=by, public=row.public)
    return row, private
