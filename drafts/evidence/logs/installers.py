"""Installers' messages about a wrong digest: what they got is a file's digest, what they expected is not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drafts.evidence.logs.digests import HEX, bare_algorithm, named_algorithm
from drafts.evidence.logs.filenames import base_name, distributions_in
from drafts.evidence.logs.logged import Found

if TYPE_CHECKING:
    from drafts.evidence.logs.noise import Page

_PIP_GOT = re.compile(rf"Got {{1,16}}(?P<digest>{HEX})")
_PIP_EXPECTED = re.compile(r"Expected {1,16}(?:or|[a-z0-9]{2,12}) {1,4}[0-9A-Fa-f]{32,128}")
_UV_DIGEST = re.compile(rf"(?P<label>[a-z0-9]{{2,12}}):(?P<digest>{HEX})")
_UV_MISMATCH = re.compile(r"Hash mismatch for ")
_MOST_EXPECTED = 1000
_UV_LOOK = 8


def pip_got(page: Page, index: int) -> list[Found] | None:
    """Read pip's `Got DIGEST`, below `Expected sha256 DIGEST` and `REQUIREMENT from URL:`."""
    line = page.text(index).strip()
    if _PIP_EXPECTED.fullmatch(line):
        return []
    match = _PIP_GOT.fullmatch(line)
    if match is None:
        return None
    heading = page.above(index, lambda text: _PIP_EXPECTED.fullmatch(text) is not None, _MOST_EXPECTED)
    names = distributions_in(heading) if heading.endswith(":") else []
    algorithm = bare_algorithm(match["digest"])
    name = base_name(names[0].filename) if names else None
    return [Found(name, algorithm, match["digest"].lower())] if algorithm else []


def uv_computed(page: Page, index: int) -> list[Found] | None:
    """Read uv's `sha256:DIGEST` below `Computed:`; the same below `Expected:` says nothing."""
    match = _UV_DIGEST.fullmatch(page.text(index).strip())
    if match is None:
        return None
    heading = page.above(index, lambda text: _UV_DIGEST.fullmatch(text) is not None, _UV_LOOK)
    algorithm = named_algorithm(match["label"], match["digest"])
    if heading == "Expected:":
        return []
    if heading != "Computed:" or algorithm is None:
        return None
    about = page.above(index, lambda text: _UV_MISMATCH.search(text) is None, _UV_LOOK)
    names = distributions_in(about)
    return [Found(base_name(names[0].filename) if names else None, algorithm, match["digest"].lower())]
