"""Digests as tools write them: names of algorithms, lengths, hexadecimal and Base64."""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

# Label without case and punctuation -> {hexadecimal digits: algorithm}. A length that does not fit is no digest.
ALGORITHMS: dict[str, dict[int, str]] = {
    "md5": {32: "md5"},
    "sha1": {40: "sha1"},
    "sha": {40: "sha1"},
    "sha2": {56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"},
    "sha512256": {64: "sha512_256"},
    "sha2512256": {64: "sha512_256"},
    "sha512224": {56: "sha512_224"},
    "sha2512224": {56: "sha512_224"},
    "blake2": {64: "blake2b_256", 128: "blake2b"},
    "blake2b": {64: "blake2b_256", 128: "blake2b"},
    "blake2b256": {64: "blake2b_256"},
    "blake2256": {64: "blake2b_256"},
    "blake2b512": {128: "blake2b"},
    "blake2512": {128: "blake2b"},
    "blake2s": {64: "blake2s"},
    "blake2s256": {64: "blake2s"},
    "sm3": {64: "sm3"},
    "rmd160": {40: "ripemd160"},
    "ripemd160": {40: "ripemd160"},
}
for _bits in (224, 256, 384, 512):
    ALGORITHMS[f"sha{_bits}"] = ALGORITHMS[f"sha2{_bits}"] = {_bits // 4: f"sha{_bits}"}
    ALGORITHMS[f"sha3{_bits}"] = {_bits // 4: f"sha3_{_bits}"}

LABEL = (
    r"(?:sha[-_ ]?(?:(?:2[-_/])?512[-_/](?:224|256)|(?:2[-_/]?|3[-_/])?(?:224|256|384|512)|[12](?![0-9]))"
    r"|md5|blake[-_]?2[bs]?(?:[-_]?(?:256|512)(?![0-9]))?|sm3|rmd160|ripemd-?160)"
)
HEX = r"[0-9A-Fa-f]{32,128}(?![0-9A-Fa-f])"

_LENGTHS = {32: "md5", 40: "sha1", 56: "sha224", 64: "sha256", 96: "sha384", 128: "sha512"}
_STRONG = (64, 96, 128)
_HEX_ONLY = re.compile(r"[0-9A-Fa-f]+")
_PUNCTUATION = str.maketrans("", "", "-_/ ")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{22,86}={0,2}")

# A digest inside other text: a label, what may stand between it and the digits, then digits that are no part
# of a longer word, path or key ("pip-linux-4997...").
_IN_TEXT = re.compile(
    rf"(?<![A-Za-z0-9])(?P<label>{LABEL})(?:[-_ ]?(?:digest|hash|sum|checksum))?"
    rf"[\"'`*)\]]{{0,3}}\s{{0,3}}(?:[:=|,]|is)?\s{{0,40}}[\"'`*(]{{0,3}}(?P<labelled>{HEX})(?![A-Za-z0-9_/+-])"
    rf"|(?<![A-Za-z0-9_/+#&?%*.-])(?P<bare>{HEX})(?![A-Za-z0-9_/+*-])",
    re.IGNORECASE,
)


class Spot(NamedTuple):
    """A digest and where in its line it stands; `labelled` says whether its algorithm was written there."""

    start: int
    algorithm: str
    digest: str
    labelled: bool


def named_algorithm(label: str, digest: str) -> str | None:
    """Return the algorithm that `label` means for a digest of this length, None when they do not fit."""
    return ALGORITHMS.get(label.lower().translate(_PUNCTUATION), {}).get(len(digest))


def bare_algorithm(digest: str) -> str | None:
    """Return the algorithm that a digest of this length most likely has: 64 digits are `sha256`."""
    return _LENGTHS.get(len(digest))


def is_hex(text: str) -> bool:
    """Tell whether `text` is nothing but a digest in hexadecimal, in either case."""
    return len(text) in _LENGTHS and _HEX_ONLY.fullmatch(text) is not None


def is_strong_hex(text: str) -> bool:
    """Tell whether `text` is a digest that no git object id or MD5 can be mistaken for."""
    return len(text) in _STRONG and is_hex(text)


def spelled_out(text: str) -> str | None:
    """Return the lower-case digits of hexadecimal written plainly, in pairs (`ab:cd`, `ab cd`) or as Base64."""
    if is_hex(text):
        return text.lower()
    pairs = text.replace(":", " ").split(" ")
    if all(len(pair) == 2 for pair in pairs) and is_hex("".join(pairs)):  # noqa: PLR2004 - a pair
        return "".join(pairs).lower()
    if _BASE64.fullmatch(text):
        try:
            return base64.b64decode(text, validate=True).hex()
        except (binascii.Error, ValueError):
            return None
    return None


def in_text(text: str) -> list[Spot]:
    """Return the digests inside `text`, in order; those without a label only where they are 64 digits or more."""
    spots = []
    for match in _IN_TEXT.finditer(text):
        label, digest = match["label"], (match["labelled"] or match["bare"]).lower()
        algorithm = named_algorithm(label, digest) if label else bare_algorithm(digest)
        if algorithm and (label or len(digest) in _STRONG):
            spots.append(Spot(match.start(), algorithm, digest, label is not None))
    return spots
