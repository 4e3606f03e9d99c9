"""What Windows prints: certutil, and PowerShell's Get-FileHash as a list and as a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drafts.evidence.logs.digests import HEX, LABEL, bare_algorithm, is_hex, named_algorithm, spelled_out
from drafts.evidence.logs.filenames import base_name, distributions_in
from drafts.evidence.logs.logged import Found

if TYPE_CHECKING:
    from drafts.evidence.logs.noise import Page

_CERTUTIL = re.compile(rf"(?P<label>{LABEL}) hash of (?:file )?(?P<name>[^\s].{{0,4096}}):", re.IGNORECASE)
_CERTUTIL_ELSEWHERE = re.compile(rf"(?P<label>{LABEL})[- ]?hash\b.{{0,4096}}:", re.IGNORECASE)
_TABLE_ROW = re.compile(rf"(?P<label>[A-Z0-9]{{3,12}}) {{2,16}}(?P<digest>{HEX}) {{1,128}}(?P<path>\S.*)")
_PROPERTY = re.compile(r"(?P<key>Algorithm|Hash|Path) {1,16}: (?P<value>.*)")
_INDENT = " " * 12


def certutil(page: Page, index: int) -> list[Found] | None:
    """Read `SHA256 hash of NAME:` and below it the digest; old versions put blanks between its bytes.

    The sentence is translated with the system, so any that speaks of a hash and names a distribution will do.
    """
    line = page.text(index).strip()
    if _CERTUTIL.fullmatch(line):
        below = page.text(index + 1).strip()
        return _certutil_pair(line, below) if " " in below else None
    return _certutil_pair(page.text(index - 1).strip(), line) if is_hex(line) else None


def _certutil_pair(heading: str, line: str) -> list[Found] | None:
    english = _CERTUTIL.fullmatch(heading)
    match = english or _CERTUTIL_ELSEWHERE.fullmatch(heading)
    digest = spelled_out(line)
    if digest is None or match is None:
        return None
    names = distributions_in(heading)
    name = english["name"] if english else names[-1].filename if names else ""
    algorithm = named_algorithm(match["label"], digest)
    return [Found(base_name(name), algorithm, digest)] if algorithm and name else None


def file_hash_table(page: Page, index: int) -> list[Found] | None:
    """Read a row `SHA256  DIGEST  PATH`; a path that was cut (`...`) leaves the digest without a name."""
    match = _TABLE_ROW.fullmatch(page.text(index).strip())
    algorithm = match and named_algorithm(match["label"], match["digest"])
    if not match or not algorithm:
        return None
    return [Found(base_name(match["path"]), algorithm, match["digest"].lower())]


def file_hash_list(page: Page, index: int) -> list[Found] | None:
    """Read `Algorithm : …`, `Hash : …`, `Path : …` on lines of their own, values wrapped at the console's width."""
    match = _PROPERTY.match(page.text(index))
    if match is None or match["key"] != "Hash":
        return None
    digest = _value(page, index, "Hash")
    if not is_hex(digest):
        return None
    label, path = "", ""
    for i in range(index - 3, index):
        label = _value(page, i, "Algorithm") or label
    for i in range(index + 1, index + 6):
        if not page.text(i).strip() or path:
            break
        path = _value(page, i, "Path")
    algorithm = named_algorithm(label, digest) if label else bare_algorithm(digest)
    return [Found(base_name(path), algorithm, digest.lower())] if algorithm else []


def _value(page: Page, index: int, key: str) -> str:
    """Return a property's value with the lines that continue it; empty when this is not that property."""
    match = _PROPERTY.match(page.text(index))
    if match is None or match["key"] != key:
        return ""
    value = match["value"]
    for i in range(index + 1, index + 9):
        more = page.text(i)
        if not more.startswith(_INDENT) or _PROPERTY.match(more):
            break
        value += more.strip()
    return value.strip()
