"""Text that a terminal would not show: it is read, and can speak against a file, but never for one."""

from __future__ import annotations

import hashlib

import pytest

from drafts.evidence.logs import parse

W = "foo-1.0-py3-none-any.whl"
A = hashlib.sha256(b"wheel").hexdigest()
B = hashlib.sha256(b"another").hexdigest()
TRUE = f"{B}  {W}"
FAKE = f"{A}  {W}"

HIDING = [
    ("concealed", "\x1b[8m{}\x1b[0m"),
    ("concealed and bold", "\x1b[1;08;31m{}\x1b[28m"),
    ("concealed since the line before", "\x1b[8mnothing\n{}\n\x1b[0m"),
    ("concealed by an eight-bit control", "\x9b8m{}\x9b0m"),
    ("black on black", "\x1b[30;40m{}\x1b[0m"),
    ("a bright colour on itself", "\x1b[101m\x1b[91m{}\x1b[39;49m"),
    ("one of 256 colours on itself", "\x1b[38;5;17m\x1b[48;5;17m{}\x1b[0m"),
    ("a true colour on itself", "\x1b[38:2:1:2:3m\x1b[48;2;1;2;3m{}\x1b[0m"),
    ("on a ground of the colour of the line before", "\x1b[31mx\n\x1b[41m{}\x1b[0m"),
    ("in the colour of the ground of the line before", "\x1b[41mx\n\x1b[31m{}\x1b[0m"),
    ("on such a ground, after a progress bar", "1%\r2%\n\x1b[31mx\n\x1b[41m{}\x1b[0m"),
    ("in such a colour, after a progress bar", "1%\r2%\n\x1b[41mx\n\x1b[31m{}\x1b[0m"),
    ("concealed in lines that end as on Windows", "\x1b[8mx\r\n{}\r\n\x1b[0m\r"),
    ("overwritten after a return", "{}\rDone."),
    ("erased after a return", "{}\r\x1b[K"),
    ("overwritten in the middle", "Wait\r{}\rDone."),
    ("erased with its line", "{}\x1b[2K"),
    ("erased up to the cursor", "{}\x1b[1Kdone"),
    ("overwritten by backspaces", "{}" + "\b" * 120 + "done"),
    ("overwritten after the cursor went left", "{}\x1b[120Ddone"),
    ("overwritten from a column", "{}\x1b[Gdone"),
    ("overwritten after the cursor was set", "{}\x1b[1;1Hdone"),
    ("overwritten after the cursor went up", "{}\n\x1b[1A\x1b[2Kdone"),
    ("overwritten after the cursor went up two lines", "{}\nx\n\x1b[2Fdone"),
    ("scrolled under", "{}\n\x1bMdone"),
    ("cleared away", "{}\nx\n\x1b[H\x1b[2Jdone"),
    ("reset away", "{}\nx\n\x1bcdone"),
    ("in the window's title", "\x1b]0;{}\x07"),
    ("in a title that never ends", "\x1b]0;{}"),
    ("in a very long title", "\x1b]0;{} " + "x" * 9000 + "\x07"),
    ("in a control string", "\x1bP{}\x1b\\"),
    ("in an application's string", "\x1b_{}\x1b\\"),
    ("in a privacy message of eight bits", "\x9e{}\x9c"),
    ("right to left", "\u202e{}\u202c"),
    ("in an isolate", "\u2067{}\u2069"),
    ("behind a right-to-left mark", "{}\u200f"),
    ("behind an Arabic letter mark", "\u061c{}"),
]
SHOWING = [
    ("plain", "{}"),
    ("coloured", "\x1b[1;38;5;8;48;2;40;8;3m{}\x1b[0m"),
    ("coloured by eight", "\x1b[38;5;8m{}\x1b[0m"),
    ("shown again", "\x1b[8mx\x1b[28m{}"),
    ("shown again on a later line", "\x1b[8mx\ny\x1b[m\n{}"),
    ("in a colour whose ground it was", "\x1b[30;40mx\x1b[39m{}\x1b[0m"),
    ("after a progress bar", "1%\r99%\r{}"),
    ("after lines that were overwritten", "1\n2\n\x1b[2A\x1b[2K{}"),
    ("with the rest of its line erased", "{}\x1b[0K\x1b[K"),
    ("with two returns at its end", "x\n{}\r\r\n"),
    ("in a hyperlink", "\x1b]8;;https://ci.example/\x07{}\x1b]8;;\x07"),
    ("in GitLab's section", "section_start:1560896352:build[collapsed=true]\r\x1b[0K{}\nx"),
    ("behind Buildkite's clock", "\x1b_bk;t=1697630539879\x07{}\r\n"),
    ("beside words in brackets", "took [8m 2s]\n{}"),
]


def said(text: str) -> list[tuple[str, bool]]:
    return [(one.digest, one.hidden) for one in parse(text)]


def rows(table):
    return [pytest.param(row[1], id=row[0]) for row in table]


@pytest.mark.parametrize("around", rows(HIDING))
def test_what_a_terminal_would_not_show_is_read_as_hidden(around):
    assert (A, True) in said(f"x\n{around.replace('{}', FAKE)}\ny\n")


@pytest.mark.parametrize("around", rows(HIDING))
def test_what_stands_after_it_is_still_seen(around):
    assert (B, False) in said(f"x\n{around.replace('{}', FAKE)}\n\x1b[0m\n{TRUE}\n")


@pytest.mark.parametrize("around", rows(SHOWING))
def test_what_a_terminal_shows_is_not_hidden(around):
    assert said(f"{around.replace('{}', FAKE)}\n") == [(A, False)]


def test_colours_inside_a_digest_of_the_last_line_do_no_harm():
    """It is true of each of a log's lines, whether its last one ends or not."""
    painted = f"{FAKE[:9]}\x1b[1m{FAKE[9:40]}\x1b[41m{FAKE[40:]}\x1b[0m"
    for text in (painted, f"{painted}\n", f"x\n{painted}"):
        assert said(text) == [(A, False)]


def test_a_pair_that_is_shown_anywhere_is_not_hidden():
    assert said(f"\x1b[8m{FAKE}\x1b[0m\n{FAKE}\n") == [(A, False)]


def test_a_name_that_is_concealed_does_not_name_what_is_shown():
    text = f"\x1b[8mdist/{W}\x1b[0m\n\nSHA256: {A}\n"
    assert [(one.filename, one.hidden) for one in parse(text)] == [(None, False), (W, True)]


def test_a_concealed_end_of_a_name_is_read_both_ways():
    text = f"{A}  {W}\x1b[8m.sig\x1b[0m\n"
    assert [(one.filename, one.hidden) for one in parse(text)] == [(W, False), (f"{W}.sig", True)]


def test_lines_keep_their_numbers_where_text_is_taken_off():
    text = f"\x1b[8mx\n{FAKE}\n\x1b[0m\n{TRUE}\r\n"
    assert [(one.line, one.hidden) for one in parse(text)] == [(2, True), (4, False)]
