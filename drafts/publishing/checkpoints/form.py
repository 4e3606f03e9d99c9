"""What a checkpoint says, and the digest of the heads that it speaks for. Pure: values in, bytes out."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import rfc8785

from drafts.publishing.receipt.envelope import PAYLOAD_TYPE as RECEIPT
from drafts.publishing.receipt.envelope import NotGenuine, PublicKey, must_be_in_time, opened, unsealed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PAYLOAD_TYPE = "application/vnd.presscheck.checkpoint+json"
TYPE = "urn:x-presscheck:checkpoint:v1"
Heads = dict[str, list[Any]]  # {scope: [seq, hash]}
_LINE = re.compile(r"[Cc]heckpoint\s+(\d{1,18}):?\s+([0-9a-f]{64})\b")


@dataclass(frozen=True, slots=True)
class Kept:
    """What somebody else kept: the name of a checkpoint, the place of an event, or both."""

    number: int = 0
    sha256: str = ""
    root: str = ""
    scope: str = ""
    seq: int = 0
    hash: str = ""


def root(heads: Heads, salt: str) -> str:
    """Return the SHA-256 of the salt and the heads, which are written as RFC 8785 says."""
    return hashlib.sha256(salt.encode("ascii") + rfc8785.dumps(heads)).hexdigest()


def statement(*, number: int, at: str, previous: str, root: str, server: str, key: str) -> dict[str, Any]:
    """Return what is signed. ``previous`` is the SHA-256 of the payload before, empty for the first."""
    return {
        "type": TYPE,
        "server": server,
        "number": number,
        "at": at,
        "previous": previous,
        "root": root,
        "key": key,
    }


def digest(envelope: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what an envelope signed: the checkpoint's name."""
    return hashlib.sha256(base64.b64decode(envelope["payload"])).hexdigest()


def read(text: str, keys: Mapping[str, PublicKey]) -> Iterator[Kept]:
    """Yield what a kept file holds: a receipt, a checkpoint, a list of them, or lines of a mail. Raises NotGenuine."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        yield from _lines(text)
        return
    many = found.get("checkpoints") if isinstance(found, dict) else None
    for one in many if isinstance(many, list) else [found]:
        yield _read(one, keys)


def _lines(text: str) -> Iterator[Kept]:
    found = [Kept(number=int(number), sha256=sha256) for number, sha256 in _LINE.findall(text)]
    if not found:
        raise NotGenuine(
            "This is no receipt, no checkpoint, no list of checkpoints, and no mail with a checkpoint's line."
        )
    yield from found


def _read(envelope: Any, keys: Mapping[str, PublicKey]) -> Kept:
    text = json.dumps(envelope)
    if isinstance(envelope, dict) and envelope.get("payloadType") == RECEIPT:
        said = opened(text, keys)["predicate"]
        place, named = said["audit"], said.get("checkpoint") or {}
        return Kept(
            number=named.get("number", 0),
            sha256=named.get("sha256", ""),
            scope=place["scope"],
            seq=place["seq"],
            hash=place["hash"],
        )
    return checkpoint(envelope, keys)


def checkpoint(envelope: Any, keys: Mapping[str, PublicKey], *, own: bool = False) -> Kept:
    """Return what a checkpoint says, when its signature and key are good; a server's ``own`` keys may be over.

    Raises NotGenuine.
    """
    key, said = unsealed(json.dumps(envelope), keys, PAYLOAD_TYPE, "checkpoint")
    if said.get("type") != TYPE:
        raise NotGenuine("What was signed is not a checkpoint.")
    if not own:
        must_be_in_time(key, str(said["at"]), "checkpoint")
    return Kept(number=said["number"], sha256=digest(envelope), root=said["root"])
