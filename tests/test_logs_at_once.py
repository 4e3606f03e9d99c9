"""Ways of reading a log that spare time say the same as the long way."""

from __future__ import annotations

import hashlib

import pytest

from drafts.evidence.logs import one_line, parse
from drafts.evidence.logs.noise import Page, without_colours

D = hashlib.sha256(b"wheel").hexdigest()
STAMP = "2025-06-05T04:43:58.3724525Z "
LINES = {
    "as sha256sum prints it": f"{D}  foo-1.0.tar.gz",
    "binary": f"{D} *foo-1.0.tar.gz",
    "in capitals": f"{D.upper()}  foo-1.0.tar.gz",
    "stamped": f"{STAMP}{D}  foo-1.0.tar.gz",
    "stamped by another": f"2025-06-05 04:43:58,372+02:00 {D}  foo-1.0.tar.gz",
    "standard input": f"{D}  -",
    "a name that was cut": f"{D}  foo-1.0...",
    "two dots": f"{D}  ..",
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES.keys())
def test_a_checksum_is_read_at_once_as_it_would_be(line):
    """It is true that the short way finds what the long way finds, and nothing else."""
    found = one_line.checksum(line)
    assert found is not None
    assert [found] == one_line.coreutils(Page(line), 0)


@pytest.mark.parametrize(
    "line",
    [
        f"{D}  dist/foo-1.0.tar.gz",
        f"{D}  a b",
        f"\\{D}  a",
        f"{D[:40]}  a",
        f"x {D}  a",
        f"{D}  a ",
        f"{D} a",
    ],
)
def test_whatever_else_takes_the_long_way(line):
    assert one_line.checksum(line) is None


COLOURS = {
    "colours alone": ("\x1b[1;36mx\x1b[0m\ny", "x\ny"),
    "a cut one in the last line": ("\x1b[1mx\x1b[m\n\x1b[3", "x\n\x1b[3"),
    "an erasure": ("\x1b[1mx\x1b[K\ny", None),
    "a title": ("\x1b[1mx\x1b]0;t\x07\ny", None),
    "a control of eight bits": ("\x1b[1mx\x9b8m\ny", None),
    "an escape alone": ("\x1b[1mx\x1b\ny", None),
}


@pytest.mark.parametrize(("text", "left"), COLOURS.values(), ids=COLOURS.keys())
def test_colours_go_at_once_where_nothing_else_is(text, left):
    """It is true that a text with any other control is left to be read line by line."""
    assert without_colours(text) == (text if left is None else left)


def test_a_coloured_log_says_what_it_says_without_colours():
    plain = f"{STAMP}Hashes:\n{STAMP}{D}  foo-1.0.tar.gz\n{STAMP}SHA256 (bar-1.0.tar.gz) = {D}\n{D[:40]} Change it\n"
    coloured = "\n".join(f"\x1b[36;1m{line}\x1b[0m" for line in plain.split("\n"))
    assert parse(coloured) == parse(plain)
    assert len(parse(plain)) == 2
