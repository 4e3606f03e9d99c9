"""Structured text: JSON on one line or over many, in-toto statements and their envelopes, Base64 checksum lists."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import TYPE_CHECKING, Any

from drafts.evidence.logs.digests import bare_algorithm, in_text, is_hex, is_strong_hex, named_algorithm
from drafts.evidence.logs.filenames import base_name, distributions_in, is_distribution
from drafts.evidence.logs.logged import Found
from drafts.evidence.logs.noise import Page
from drafts.evidence.logs.one_line import coreutils, tagged

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME_KEYS = ("filename", "file_name", "file", "name", "path", "url", "uri", "subject", "artifact")
_HOLDS_DIGESTS = frozenset({"digest", "digests", "hash", "hashes", "checksum", "checksums", "archive_info"})
_ONE_DIGEST = frozenset({"digest", "hash", "checksum", "sum", "value"})
_SUFFIX = re.compile(r"[-_](?:digest|hash|sum|checksum)$")

_PAYLOAD = re.compile(
    r"[\"']?(?<![A-Za-z0-9])(?:payload|statement|(?i:(?:base64[-_])?(?:subjects|hashes)))[\"']?\s{0,4}[:=]\s{0,4}[\"']?"
    r"(?P<base64>[A-Za-z0-9+/_-]{80,}={0,2})"
)
PAYLOAD_KEYWORDS = ('"payload"', '"statement"', "hashes=", "hashes:", "subjects", "SUBJECTS", "HASHES")

_KEY_LINE = re.compile(
    r"(?P<dash>- )?[\"']?(?P<key>[^\s\"':=]{1,300})[\"']? {0,8}[:=](?: {1,8}[\"']?|[\"']|$)(?P<value>[^\"']*)"
)
_LINES_UP = 12
_ABOUT_METADATA = ""  # of the metadata file beside a wheel (PEP 658)
_LINES_DOWN = 16


def json_line(page: Page, index: int) -> list[Found] | None:
    """Read a line that is a JSON document: `{NAME: DIGEST}`, objects with a name and digests, statements."""
    text = page.text(index).strip()
    if not text.startswith(("{", "[")):
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return list(_in_document(document)) or None


def base64_payload(page: Page, index: int) -> list[Found] | None:
    """Read Base64 of an in-toto statement (`"payload"`, `"statement"`) or a checksum list (`hashes=` of SLSA)."""
    match = _PAYLOAD.search(page.text(index))
    return (list(_in_payload(match["base64"])) or None) if match else None


def _in_payload(encoded: str) -> Iterator[Found]:
    try:
        data = base64.b64decode(encoded.translate({45: "+", 95: "/"}) + "==")
    except (binascii.Error, ValueError):
        return
    text = data.decode("utf-8", "replace")
    if text.startswith("{"):
        try:
            yield from _in_document(json.loads(text), envelopes=False)
        except (ValueError, RecursionError):
            return
        return
    page = Page(text)
    for i in range(len(page)):
        yield from coreutils(page, i) or tagged(page, i) or ()


def _in_document(document: Any, *, envelopes: bool = True) -> Iterator[Found]:
    waiting: list[tuple[Any, str | None]] = [(document, None)]
    while waiting:
        node, name = waiting.pop()
        if isinstance(node, list):
            waiting += [(item, name) for item in reversed(node) if isinstance(item, dict | list)]
        elif isinstance(node, dict):
            yield from _in_message_digest(node.get("messageDigest"))
            own = _own_name(node) or name
            for key, value in node.items():
                if isinstance(value, str):
                    yield from _in_member(key, value, own, envelopes=envelopes)
                elif (
                    isinstance(value, dict | list) and "metadata" not in key and "expected" not in key.lower()
                ):
                    waiting.append((value, _name_for(key, own)))


def _own_name(node: dict[str, Any]) -> str | None:
    for key in _NAME_KEYS:
        value = node.get(key)
        if isinstance(value, str) and (name := _distribution_at_end(value)):
            return name
    return None


def _name_for(key: str, own: str | None) -> str | None:
    return _distribution_at_end(key) or (own if key in _HOLDS_DIGESTS else None)


def _distribution_at_end(text: str) -> str | None:
    """Return the distribution that a path or URL ends in, a fragment aside."""
    name = base_name(text.partition("#")[0].partition("?")[0])
    names = distributions_in(name) if name else []
    return (
        base_name(names[0].filename)
        if names and names[0].start == 0 and is_distribution(name or "")
        else None
    )


def _in_member(key: str, value: str, own: str | None, *, envelopes: bool) -> Iterator[Found]:
    if envelopes and key in {"payload", "statement"}:
        yield from _in_payload(value)
        return
    name = _distribution_at_end(key)
    if name is None and own is None:
        return
    label = _SUFFIX.sub("", key.lower())
    algorithm = named_algorithm(label, value) if is_hex(value) else None
    if algorithm:
        yield Found(own, algorithm, value.lower())
    elif name or key.lower() in _ONE_DIGEST:
        if is_strong_hex(value):
            yield Found(name or own, bare_algorithm(value) or "", value.lower())
        else:
            yield from (Found(name or own, s.algorithm, s.digest) for s in in_text(value) if s.labelled)


def _in_message_digest(node: Any) -> Iterator[Found]:
    """Read a Sigstore bundle's `messageDigest`: the digest of the signed file, which is not named."""
    if not isinstance(node, dict):
        return
    try:
        digest = base64.b64decode(str(node.get("digest")), validate=True).hex()
    except (binascii.Error, ValueError):
        return
    algorithm = named_algorithm(str(node.get("algorithm")), digest)
    if algorithm:
        yield Found(None, algorithm, digest)


def json_over_lines(page: Page, index: int) -> list[Found] | None:
    """Read `"sha256": "DIGEST"` in an object printed over several lines, in JSON, YAML or TOML.

    The name stands in a member above or below it, or is the key that the digests belong to.
    """
    spots = in_text(page.text(index))
    key = _KEY_LINE.match(page.text(index).strip())
    if not spots or not key or key["key"].isupper() or distributions_in(page.text(index)):
        return None
    name = _name_above(page, index)
    if name == _ABOUT_METADATA:
        return []
    name = name or _name_below(page, index)
    if name is None or not (spots[0].labelled or key["key"].lower() in _ONE_DIGEST):
        return None
    return [Found(name, s.algorithm, s.digest) for s in spots]


def _name_above(page: Page, index: int) -> str | None:
    inside = _indentation(page.text(index))
    begun = page.text(index).lstrip().startswith("- ")
    for i in range(index - 1, index - 1 - _LINES_UP, -1):
        text = page.text(i)
        indentation, stripped = _indentation(text), text.strip()
        key = _KEY_LINE.match(stripped)
        if begun or not stripped or (indentation < inside and key is None):
            return None
        if key and indentation <= inside:
            name = _distribution_at_end(key["key"]) if indentation < inside else None
            if indentation < inside and "metadata" in key["key"]:
                return _ABOUT_METADATA
            if name := name or _named_by(key):
                return name
            inside, begun = indentation, key["dash"] is not None
    return None


def _name_below(page: Page, index: int) -> str | None:
    inside = _indentation(page.text(index))
    for i in range(index + 1, index + 1 + _LINES_DOWN):
        text = page.text(i)
        indentation, stripped = _indentation(text), text.strip()
        if (
            not stripped
            or stripped.startswith(("]", "- "))
            or (stripped[0] in "{[" and indentation <= inside)
        ):
            return None
        inside = min(inside, indentation)
        key = _KEY_LINE.match(stripped)
        if key and indentation == inside and (name := _named_by(key)):
            return name
    return None


def _named_by(key: re.Match[str]) -> str | None:
    return _distribution_at_end(key["value"].rstrip(",")) if key["key"].lower() in _NAME_KEYS else None


def _indentation(text: str) -> int:
    """Return the column where a line's key begins; a list item's dash counts as indentation."""
    stripped = text.lstrip()
    return len(text) - len(stripped.removeprefix("- "))
