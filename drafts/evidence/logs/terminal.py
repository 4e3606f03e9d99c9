"""What a terminal leaves to be seen of a text, and what it swallows: evidence has to be seen to count."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

# Each pattern of this module begins with one set of characters, and looks back at which it was: so searches are quick.

# Strings that go to the terminal and not to the screen (OSC, APC, DCS, PM, SOS); a line's end closes one here.
_BEGUN = (
    r"(?:(?<=\x1b)[\]_P^X]|(?<=[\x90\x98\x9d-\x9f]))"
    r"(?:\d{0,4};)?(?P<told>[^\x07\x1b\x90\x98\x9c-\x9f\n]*)(?:\x07|\x1b\\|\x9c)?"
)
_STRING = re.compile(rf"[\x1b\x90\x98\x9d-\x9f]{_BEGUN}")
_HEX_RUN = re.compile(r"[0-9A-Fa-f]{32}")

# Marks that show a line in another order than it is written in.
_BIDI = "\u061c\u200f\u202a-\u202e\u2066-\u2069"

# What may take text off the screen: returns, backspaces, cursor moves, erasure, concealed text and coloured ground.
_TOUCHES = re.compile(
    rf"[\r\b\x1b\x9b{_BIDI}](?:(?<=\r)(?![\r\n]|\Z)|(?<=[\b{_BIDI}])|(?<=\x1b)[Mc]"
    r"|(?:(?<=\x1b)\[|(?<=\x9b))(?:[12]K|[23]J|\d{0,8}[ADFGZ]|[\d;]{0,16}[Hf]"
    r"|(?:[\d:;]{0,64}[;:])?0?(?:8|4[0-8]|10[0-7])[;:m]))"
)
_EVENT = re.compile(
    rf"[\r\b\x1b\x90\x98\x9b\x9d-\x9f{_BIDI}]"
    rf"(?:(?P<back>(?<=\r)(?!\r*\Z)|(?<=\x08))|(?P<bidi>(?<=[{_BIDI}]))|(?<=\x1b)(?P<single>[Mc])"
    r"|(?:(?<=\x1b)\[|(?<=\x9b))(?P<numbers>[\d:;]{0,64})(?P<end>[A-Za-z])"
    rf"|{_BEGUN})"
)
# Colours, and what makes a line more than text and colours.
_COLOURS = re.compile(r"\x1b\[([\d:;]{0,64})m")
_MORE = re.compile(
    rf"[\r\b\x1b\x90\x98\x9b\x9d-\x9f{_BIDI}](?:(?<=\r)(?![\r\n]|\Z)|(?<=\x1b)(?!\[[\d:;]{{0,64}}m)|(?<![\r\x1b]))"
)
_LEFT = frozenset("DGHZf")
_FOREGROUND = {*range(30, 38), *range(90, 98)}
_BACKGROUND = {*range(40, 48), *range(100, 108)}
_LONGEST_MOVE = 6  # digits


def revealed(text: str) -> str:
    """Return `text` with the strings for the terminal that may hold digests as entries of their lines."""
    return _with_strings(text, lambda told: f"\r{told}\r")


def _with_strings(text: str, instead: Callable[[str], str]) -> str:
    """Replace the strings for the terminal that may hold digests."""
    if "\x1b" not in text and text.isascii():
        return text
    return _STRING.sub(
        lambda match: instead(match["told"]) if _HEX_RUN.search(match["told"]) else match[0], text
    )


def shown(text: str) -> str:
    """Return what stays to be seen, with as many lines as `text` has; in doubt it is not seen.

    Not seen is what is concealed or has its ground's colour, what a carriage return, a backspace or a cursor move
    goes back over, what is erased, and any line with marks that change the order of what is read.
    """
    text = _with_strings(text, lambda _: "")
    if _TOUCHES.search(text) is None:
        return text
    screen, begun = _Screen(), 0
    if _MORE.search(text) is None:
        return text if screen.draw(text) else "\n".join(screen.lines)
    while (more := _MORE.search(text, begun)) is not None:
        start = max(begun, text.rfind("\n", begun, more.start()) + 1)
        if start > begun:
            screen.draw(text[begun : start - 1])
        end = text.find("\n", start)
        begun = (end if end >= 0 else len(text)) + 1
        screen.write(text[start : begun - 1])
    if begun <= len(text):
        screen.draw(text[begun:])
    return "\n".join(screen.lines)


@lru_cache(maxsize=1024)
def _codes(numbers: str) -> tuple[int, ...]:
    """Return the numbers of a control; a log has few that differ."""
    return tuple(int(code[-_LONGEST_MOVE:] or 0) for code in numbers.replace(":", ";").split(";"))


class _Pen(NamedTuple):
    """How the next characters will look: concealed or not, and in which colours."""

    concealed: bool = False
    foreground: object = None
    background: object = None
    is_seen: bool = True

    def with_codes(self, numbers: str) -> _Pen:
        """Follow "select graphic rendition" (ECMA-48, 8.3.117; colours of ISO 8613-6)."""
        codes, at, pen = _codes(numbers), 0, self
        while at < len(codes):
            pen, taken = pen._with_code(codes[at], codes[at + 1 : at + 5])
            at += taken
        is_seen = not pen.concealed and (pen.foreground is None or pen.foreground != pen.background)
        return pen._replace(is_seen=is_seen)

    def _with_code(self, code: int, following: tuple[int, ...]) -> tuple[_Pen, int]:
        """Follow one code; says how many it was, with those that belong to it."""
        if code == 0:
            return _Pen(), 1
        if code in {8, 28}:
            return self._replace(concealed=code == 8), 1  # noqa: PLR2004 - "concealed characters"
        if code in _FOREGROUND or code == 39:  # noqa: PLR2004 - default colour
            return self._replace(foreground=code if code in _FOREGROUND else None), 1
        if code in _BACKGROUND or code == 49:  # noqa: PLR2004 - default colour
            return self._replace(background=code - 10 if code in _BACKGROUND else None), 1
        if code in {38, 48} and following:
            size = {2: 4, 5: 2}.get(following[0], 1)
            colour = tuple(following[:size])
            is_ground = code == 48  # noqa: PLR2004 - extended background
            pen = self._replace(background=colour) if is_ground else self._replace(foreground=colour)
            return pen, 1 + size
        return self, 1


@lru_cache(maxsize=4096)
def _drawn(pen: _Pen, numbers: str) -> _Pen:
    """Return how a pen draws after a control; a log has few that differ."""
    return pen.with_codes(numbers)


def _after(pen: _Pen, line: str, begun: int) -> _Pen:
    """Return how a pen draws after what is left of a line."""
    for event in _EVENT.finditer(line, begun):
        if event["end"] == "m":
            pen = _drawn(pen, event["numbers"])
    return pen


def _not_concealed(text: str, pen: _Pen) -> tuple[str, bool, _Pen]:
    """Return what is seen of lines without other controls than colours, whether that is all, and the pen after them."""
    left, is_whole = [], True
    for at, piece in enumerate(_COLOURS.split(text)):
        if at % 2:  # between two pieces of text stand the numbers of a control
            pen = _drawn(pen, piece)
        elif pen.is_seen:
            left.append(piece)
        elif piece:
            left.append("\n" * piece.count("\n"))
            is_whole = False
    return "".join(left), is_whole, pen


class _Screen:
    """Lines as they stand after everything was written, from top to bottom."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._pen = _Pen()
        self._standing: list[int] = []  # lines that were not taken off again; each is at most once

    def draw(self, text: str) -> bool:
        """Write lines that hold no other controls than colours; tells whether all of it is seen."""
        seen, is_whole, self._pen = _not_concealed(text, self._pen)
        begun = len(self.lines)
        self.lines += seen.split("\n")
        self._standing += range(begun, len(self.lines))
        return is_whole

    def write(self, line: str) -> None:
        """Write one line, and take off what it takes off."""
        index, pen = len(self.lines), self._pen
        has_control = "\x1b" in line or "\x9b" in line
        if _TOUCHES.search(line) or not pen.is_seen or (has_control and pen.background is not None):
            line = self._left_of(index, line)
        elif has_control:
            self._pen = _after(pen, line, 0)
        self.lines.append(line)
        self._standing.append(index)

    def _left_of(self, index: int, line: str) -> str:
        left: list[str] = []
        begun, pen = 0, self._pen
        for event in _EVENT.finditer(line):
            if pen.is_seen:
                left.append(line[begun : event.start()])
            begun, kind = event.end(), event.lastgroup
            if kind == "end" and event["end"] == "m":
                pen = _drawn(pen, event["numbers"])
            elif kind == "bidi":
                self._pen = _after(pen, line, begun)
                return ""
            elif kind != "told" and self._goes_back(index, event):
                left.clear()
        self._pen = pen
        if pen.is_seen:
            left.append(line[begun:])
        return "".join(left)

    def _goes_back(self, index: int, event: re.Match[str]) -> bool:
        """Follow one control; tells whether what stands before it on the line is not seen any more."""
        end, numbers = event["end"], event["numbers"] or ""
        if end in {"A", "F"} or event["single"] == "M":
            self._take_off(index - max(1, int(numbers[-_LONGEST_MOVE:]) if numbers.isdigit() else 1))
            return True
        if (end == "J" and numbers in {"2", "3"}) or event["single"] == "c":
            self._take_off(0)
            return True
        return event["back"] is not None or end in _LEFT or (end == "K" and numbers in {"1", "2"})

    def _take_off(self, top: int) -> None:
        while self._standing and self._standing[-1] >= top:
            self.lines[self._standing.pop()] = ""
