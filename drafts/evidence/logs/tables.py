"""Tables that spread one file over several lines: rows in HTML with a cell a line, tables in TOML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drafts.evidence.logs.digests import in_text
from drafts.evidence.logs.filenames import base_name, distributions_in
from drafts.evidence.logs.logged import Found

if TYPE_CHECKING:
    from drafts.evidence.logs.noise import Page

_TAG = re.compile(r"<[a-z/!][^<>]{0,1000}>", re.IGNORECASE)
_CELL = re.compile(r"<t[dh][ >]", re.IGNORECASE)
_ROW_ENDS = re.compile(r"</?tr[ >]", re.IGNORECASE)
_MOST_CELLS = 12
_LONGEST_CELL = 2000

# At the end of a raw line: where it stands alone, a name in brackets is taken off as a CI system's prefix.
_TABLE = re.compile(r"(?:^|[\s\[])\[(?P<path>[\w.\"-]{1,200})\]\]?\s{0,8}\Z")
_NAMED = re.compile(r"(?:name|path|url) = \"(?P<value>[^\"]{1,2000})\"")
_MOST_KEYS = 16


def row_over_lines(page: Page, index: int) -> list[Found] | None:
    """Read a digest in a cell of an HTML row whose other lines name one distribution."""
    line = page.text(index)
    if len(line) > _LONGEST_CELL or not _CELL.search(line) or _ROW_ENDS.search(line):
        return None
    spots = in_text(_TAG.sub(" ", line))
    names = {base_name(name.filename) for name in distributions_in(_TAG.sub(" ", _row(page, index)))}
    if not spots or len(names) != 1:
        return None
    return [Found(names.pop(), spot.algorithm, spot.digest) for spot in spots]


def _row(page: Page, index: int) -> str:
    """Return the lines of the row that holds line `index`; empty when it does not begin and end near it."""
    top = next((i for i in range(index, index - _MOST_CELLS, -1) if _ROW_ENDS.search(page.text(i))), None)
    end = next((i for i in range(index, index + _MOST_CELLS) if _ROW_ENDS.search(page.text(i))), None)
    if top is None or end is None:
        return ""
    return " ".join(page.text(i)[:_LONGEST_CELL] for i in range(top, end + 1))


def toml_table(page: Page, index: int) -> list[Found] | None:
    """Read a digest in `[packages.sdist.hashes]` of a pylock.toml, whose name stands in the table above it."""
    spots = in_text(page.text(index))
    if not spots or distributions_in(page.text(index)):
        return None
    path, names = "", list[str]()
    for i in range(index - 1, index - 1 - _MOST_KEYS, -1):
        table = _TABLE.search(page.raw[i][-_LONGEST_CELL:]) if i >= 0 else None
        if table and path:
            whole = table["path"] == path and names
            return [Found(base_name(names[-1]), s.algorithm, s.digest) for s in spots] if whole else None
        if table:
            path, hashes, _ = table["path"].rpartition(".hashes")
            if not hashes:
                return None
        named = _NAMED.fullmatch(page.text(i).strip())
        if named:
            names += [name.filename for name in distributions_in(named["value"])[-1:]]
    return None
