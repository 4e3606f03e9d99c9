"""Attestations that come with a file (PEP 740): their shape, and the digest that stands for them in a fingerprint."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST = 8
MOST_BYTES = 512 * 1024


class BadAttestations(Exception):
    """What was sent is not an array of attestation objects of version 1; the text says where it is not."""


def parse(data: bytes | str) -> tuple[dict[str, Any], ...]:
    """Read a JSON array of 1 to 8 attestation objects, at most 512 KiB. Raises BadAttestations.

    Only the shape is looked at (PEP 740, "Attestation objects"): no signature is verified.
    """
    if len(data) > MOST_BYTES:
        raise BadAttestations(f"The attestations are larger than {MOST_BYTES} bytes.")
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadAttestations("The attestations are not JSON.") from error
    if not isinstance(found, list) or not 1 <= len(found) <= MOST:
        raise BadAttestations(f"The attestations must be a JSON array of 1 to {MOST} objects.")
    for number, one in enumerate(found, 1):
        for wrong in _wrong(one):
            raise BadAttestations(f"Attestation {number}: {wrong}.")
    return tuple(found)


def digest(attestations: Sequence[dict[str, Any]]) -> str:
    """Return SHA-256, in hex, over the array as JSON with sorted keys and without white space, in ASCII."""
    text = json.dumps(list(attestations), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _wrong(one: object) -> Iterator[str]:
    if not isinstance(one, dict):
        yield "it is not an object"
        return
    if one.get("version") != 1 or isinstance(one.get("version"), bool):
        yield "its version is not 1"
    material, envelope = one.get("verification_material"), one.get("envelope")
    if not isinstance(material, dict) or not _is_base64(material.get("certificate")):
        yield "verification_material.certificate is not base64"
    elif not _are_objects(material.get("transparency_entries")):
        yield "verification_material.transparency_entries is not an array of objects with at least one"
    if not isinstance(envelope, dict):
        yield "envelope is not an object"
        return
    for key in ("statement", "signature"):
        if not _is_base64(envelope.get(key)):
            yield f"envelope.{key} is not base64"


def _is_base64(value: object) -> bool:
    if not isinstance(value, str) or not value:
        return False
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _are_objects(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)
