"""A receipt's form: an in-toto statement in a DSSE envelope, signed with Ed25519. Pure: bytes and keys in, words out."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

if TYPE_CHECKING:
    from collections.abc import Mapping

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:x-presscheck:receipt:v1"


class NotGenuine(Exception):
    """The receipt is not what a server's key signed, or the key does not count; the text says what is wrong."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key as a server publishes it; moments as ``spelled``, empty where there is none."""

    id: str
    public: bytes
    valid_from: str
    until: str = ""
    revoked: str = ""
    reason: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> PublicKey:
        """Read an entry of ``/.well-known/presscheck.json``. Raises KeyError, ValueError."""
        return cls(
            id=values["id"],
            public=base64.b64decode(values["public_key"], validate=True),
            valid_from=values["from"],
            until=values["until"] or "",
            revoked=values["revoked"] or "",
            reason=values.get("reason", ""),
        )

    @property
    def values(self) -> dict[str, str | None]:
        """Return it as ``/.well-known/presscheck.json`` has it."""
        return {
            "id": self.id,
            "algorithm": "ed25519",
            "public_key": base64.b64encode(self.public).decode(),
            "from": self.valid_from,
            "until": self.until or None,
            "revoked": self.revoked or None,
            "reason": self.reason,
        }


def spelled(moment: datetime) -> str:
    """Write a moment in UTC, always as long, so that later ones are greater as text."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def key_id(public: bytes) -> str:
    """Return the name of a key: the first 32 digits of SHA-256 over its 32 bytes."""
    return hashlib.sha256(public).hexdigest()[:32]


def covered(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """Return what a signature covers (DSSE, "pre-authentication encoding")."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def seal(
    statement: dict[str, Any], key: Ed25519PrivateKey, payload_type: str = PAYLOAD_TYPE
) -> dict[str, Any]:
    """Return the envelope of a statement, which is written as RFC 8785 says."""
    payload = rfc8785.dumps(statement)
    name = key_id(key.public_key().public_bytes_raw())
    return {
        "payloadType": payload_type,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [
            {"keyid": name, "sig": base64.b64encode(key.sign(covered(payload, payload_type))).decode()}
        ],
    }


def opened(text: bytes | str, keys: Mapping[str, PublicKey]) -> dict[str, Any]:
    """Return the statement of a receipt whose signature and key are good. Raises NotGenuine."""
    key, statement = unsealed(text, keys)
    _must_count(key, statement)
    return statement


def unsealed(
    text: bytes | str, keys: Mapping[str, PublicKey], payload_type: str = PAYLOAD_TYPE, what: str = "receipt"
) -> tuple[PublicKey, dict[str, Any]]:
    """Return the key of an envelope, and what it signed, when the signature is good. Raises NotGenuine."""
    try:
        envelope = json.loads(text)
        payload = base64.b64decode(envelope["payload"], validate=True)
        (signature,) = envelope["signatures"]
        name, signed = signature["keyid"], base64.b64decode(signature["sig"], validate=True)
        kind = envelope["payloadType"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise NotGenuine(f"This is not a {what}: a {what} is a DSSE envelope with one signature.") from error
    if kind != payload_type:
        raise NotGenuine(f"This envelope holds something else than a {what}: {kind}.")
    key = keys.get(name) if isinstance(name, str) else None
    if key is None:
        raise NotGenuine(f"The server has no key {name}.")
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signed, covered(payload, payload_type))
    except (InvalidSignature, ValueError) as error:
        raise NotGenuine(
            f"The signature is not of the key {key.id}: the {what} was changed, or is forged."
        ) from error
    return key, json.loads(payload)


def _must_count(key: PublicKey, statement: Mapping[str, Any]) -> None:
    """Raise NotGenuine unless the statement is a receipt and its moment is within the key's time."""
    if statement.get("_type") != STATEMENT_TYPE or statement.get("predicateType") != PREDICATE_TYPE:
        raise NotGenuine("What was signed is not a receipt.")
    must_be_in_time(key, str(statement["predicate"]["signedAt"]))


def must_be_in_time(key: PublicKey, signed_at: str, what: str = "receipt") -> None:
    """Raise NotGenuine when a key was revoked, or signed nothing at that moment."""
    if key.revoked:
        raise NotGenuine(f"The key {key.id} was revoked at {key.revoked}: {key.reason or 'no reason given'}.")
    if signed_at < key.valid_from:
        raise NotGenuine(
            f"The {what} is of {signed_at}, and the key {key.id} signed nothing before {key.valid_from}."
        )
    if key.until and signed_at > key.until:
        raise NotGenuine(
            f"The {what} is of {signed_at}, and the key {key.id} signed nothing after {key.until}."
        )
