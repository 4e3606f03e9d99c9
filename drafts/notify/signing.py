"""Signatures of messages as Standard Webhooks 1.0 has them: HMAC-SHA256 over id, time and body, in base64."""

import base64
import hmac
import secrets
from collections.abc import Sequence

_PREFIX = "whsec_"
_SECRET_BYTES = 32


def new_secret() -> str:
    """Return a secret as receivers are told it: ``whsec_`` and 256 random bits in base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii")


def headers(secret_texts: Sequence[str], *, message_id: str, moment: int, body: bytes) -> dict[str, str]:
    """Return the headers of a message: its id, its time in Unix seconds, one signature for each secret."""
    content = b".".join([message_id.encode(), str(moment).encode(), body])
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(moment),
        "webhook-signature": " ".join(f"v1,{_signature(secret, content)}" for secret in secret_texts),
    }


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    return base64.b64encode(hmac.digest(key, content, "sha256")).decode("ascii")
