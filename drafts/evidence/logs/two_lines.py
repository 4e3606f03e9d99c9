"""Forms that give a file's name on one line and its digests on lines below."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drafts.evidence.logs.digests import HEX, LABEL, bare_algorithm, is_strong_hex, named_algorithm
from drafts.evidence.logs.filenames import base_name, distributions_in, is_distribution, lone_path
from drafts.evidence.logs.logged import Found

if TYPE_CHECKING:
    from drafts.evidence.logs.noise import Page

_LABEL_LINE = re.compile(
    rf"(?:[-*\u2022] )?[*`|]{{0,3}} ?(?P<label>{LABEL})(?: (?:digest|hash|checksum|sum))?[*`]{{0,3}}"
    rf"(?P<between>\s{{0,40}}[:=|]?\s{{0,80}})[`\"']{{0,2}}(?P<digest>{HEX})[`\"']{{0,2}}[ \t|,]{{0,8}}(?:Copy)?",
    re.IGNORECASE,
)
_TABLE_HEAD = re.compile(r"(?:Algorithm|Hash digest|Digest|Hash|\s|\||-)*", re.IGNORECASE)
_HASHES_FOR = re.compile(r"(?:File )?hash(?:es)? (?:for|of) (?P<name>\S{1,300}?):?", re.IGNORECASE)
_PIP_HASH = re.compile(
    rf"--hash[= ](?P<label>[a-z0-9]{{2,12}}):(?P<digest>{HEX})(?P<more> {{0,8}}\\)?", re.IGNORECASE
)
_REQUIREMENT_LOOK = 16
_LABELS_LOOK = 8

_TAG = re.compile(r"<[a-z/!][^<>]{0,1000}>", re.IGNORECASE)


def labelled_below_name(page: Page, index: int) -> list[Found] | None:
    """Read `SHA256: DIGEST` below a line that is nothing but a path, as the publish action's `print-hash` prints.

    Other algorithms' lines and blank ones may stand between, or "Hashes for NAME" above. The name is the
    whole base name of the nearest path, so an attestation's digests stay the attestation's. `sha256:DIGEST`
    without a blank and without a name is how containers name images and layers: it says nothing.
    """
    match = _LABEL_LINE.fullmatch(page.text(index).strip())
    algorithm = match and named_algorithm(match["label"], match["digest"])
    if not match or not algorithm:
        return None
    above = page.above(index, _passed_over, _LABELS_LOOK)
    for_name = _HASHES_FOR.fullmatch(above)
    name = base_name(for_name["name"]) if for_name else lone_path(above)
    if match["between"] == ":" and not (name and is_distribution(name)):
        return []
    return [Found(name, algorithm, match["digest"].lower())]


def _passed_over(text: str) -> bool:
    return _LABEL_LINE.fullmatch(text) is not None or _TABLE_HEAD.fullmatch(text) is not None


def pip_hash(page: Page, index: int) -> list[Found] | None:
    r"""Read `NAME:` and below it `--hash=sha256:DIGEST`, as `pip hash` prints.

    Below a requirement that goes on over the line's end (`\`) the name is that of the requirement's file, and
    without one the digest is some dependency's and says nothing.
    """
    match = _PIP_HASH.fullmatch(page.text(index).strip())
    if match is None:
        return None
    algorithm = named_algorithm(match["label"], match["digest"])
    above = page.text(index - 1).strip()
    name = None
    if above.endswith("\\"):
        name = _file_of_requirement(page, index)
        if name is None:
            return []
    elif match["more"] is None:
        heading = page.above(index, lambda text: _PIP_HASH.fullmatch(text) is not None, 4)
        name = lone_path(heading) if heading.endswith(":") else None
    return [Found(name, algorithm, match["digest"].lower())] if algorithm else []


def _file_of_requirement(page: Page, index: int) -> str | None:
    for i in range(index - 1, index - 1 - _REQUIREMENT_LOOK, -1):
        text = page.text(i)
        if not text.endswith("\\"):
            return None
        if not text.lstrip().startswith("--hash"):
            names = distributions_in(text)
            return base_name(names[-1].filename) if names else None
    return None


def digest_below_name(page: Page, index: int) -> list[Found] | None:
    """Read a lone digest right below a line that is nothing but a distribution's name or path.

    So look a shell loop's output, cells of an HTML table, and the list of files copied from a release's page
    (`sha256:DIGEST` there).
    """
    line = _TAG.sub(" ", page.text(index)).strip(" \t`\"'*|")
    algorithm, digest = "", line
    match = _LABEL_LINE.fullmatch(line)
    if match:
        algorithm, digest = named_algorithm(match["label"], match["digest"]) or "", match["digest"]
    elif is_strong_hex(line):
        algorithm = bare_algorithm(line) or ""
    name = lone_path(_TAG.sub(" ", page.text(index - 1)).strip(" \t|")) if algorithm else None
    if name is None or not is_distribution(name):
        return None
    return [Found(name, algorithm, digest.lower())]
