"""Sidecars: files beside a file, which hold its digest and carry its name in their own."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from drafts.evidence.logs.digests import HEX, is_strong_hex, named_algorithm
from drafts.evidence.logs.filenames import base_name
from drafts.evidence.logs.logged import Found, Logged

if TYPE_CHECKING:
    from drafts.evidence.logs.noise import Page

_SIDECAR = r"(?P<name>[^\s:=\"'<>]{1,1024}?)\.(?P<label>sha(?:1|224|256|384|512)|md5|b2|blake2b?)(?:sums?)?(?:\.txt)?"
_SIDECAR_NAME = re.compile(_SIDECAR, re.IGNORECASE)
_SIDECAR_LINE = re.compile(rf"{_SIDECAR}: ?(?P<digest>{HEX})(?: .*)?", re.IGNORECASE)
_SIDECAR_HEAD = re.compile(rf"(?:.{{0,200}}[ \t])?{_SIDECAR}(?: <==|:)?", re.IGNORECASE)
_BUNDLE = re.compile(r"(?P<name>[^\s:=\"'<>]{1,1024}?)\.sigstore(?:\.json)?", re.IGNORECASE)
_SHORT = {"b2": "blake2b"}


def sidecar(page: Page, index: int) -> list[Found] | None:
    """Read what stands in `NAME.sha256`, where the log says that it was printed from there.

    So write `grep . *.sha256` (`NAME.sha256:DIGEST`), `head *.sha256` (`==> NAME.sha256 <==` above it) and a
    step that echoes its command (`cat dist/NAME.sha256` above it).
    """
    line = page.text(index).strip()
    match = _SIDECAR_LINE.fullmatch(line) if ":" in line else None
    digest = match["digest"] if match else line
    if match is None and is_strong_hex(line):
        match = _SIDECAR_HEAD.fullmatch(page.text(index - 1).strip()[-1400:])
    if match is None:
        return None
    algorithm = _algorithm(match["label"], digest)
    return [Found(base_name(match["name"]), algorithm, digest.lower())] if algorithm else None


def named(logged: list[Logged], called: str) -> list[Logged]:
    """Give the one digest without a name to the file that `called`, the name of what was read, is the sidecar of.

    Where there are several, nothing says which of them it is, and all stay without a name.
    """
    name = base_name(called) or ""
    sidecar = _SIDECAR_NAME.fullmatch(name) or _BUNDLE.fullmatch(name)
    nameless = [one for one in logged if one.filename is None and not one.hidden]
    if sidecar is None or len(nameless) != 1:
        return logged
    one = nameless[0]
    label = sidecar.groupdict().get("label")
    algorithm = _algorithm(label, one.digest) if label else one.algorithm
    if algorithm is None:
        return logged
    its = replace(one, filename=sidecar["name"], algorithm=algorithm)
    return [its if other is one else other for other in logged]


def _algorithm(label: str, digest: str) -> str | None:
    return named_algorithm(_SHORT.get(label.lower(), label), digest)
