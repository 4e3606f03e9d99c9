"""Signing what is told to other servers as Standard Webhooks says (version 1, symmetric): headers for one message."""

import base64
import binascii
import hmac
import secrets
from datetime import datetime

PREFIX = "whsec_"
_LEAST, _MOST = 24, 64  # bytes, as the specification recommends


class BadSecret(Exception):
    """It is no secret for signing; the text says what one looks like."""


def new_secret() -> str:
    """Return a new secret, as it is shown once."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode("ascii")


def key_of(secret: str) -> bytes:
    """Return the bytes that sign. Raises BadSecret."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSecret(f"A secret is {PREFIX} and Base64.") from error
    if not _LEAST <= len(key) <= _MOST:
        raise BadSecret(f"A secret has {_LEAST} to {_MOST} bytes, and this one has {len(key)}.")
    return key


def signature(secret: str, message_id: str, at: datetime, body: bytes) -> str:
    """Return the signature of one message. Raises BadSecret."""
    signed = b".".join([message_id.encode(), str(int(at.timestamp())).encode(), body])
    return "v1," + base64.b64encode(hmac.digest(key_of(secret), signed, "sha256")).decode("ascii")


def headers(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers that a message is sent with: a receiver knows it again by its id, and trusts it by the rest."""
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signature(secret, message_id, at, body),
    }
