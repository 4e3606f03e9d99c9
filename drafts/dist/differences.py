"""Text differences with budgets: unified, at most so many lines in and out, and it says what was cut."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import islice, takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_LINES = 2000  # of each text, beyond what both begin and end with
MOST_SHOWN = 1500
LONGEST_LINE = 400
_CONTEXT = 3


class Side(StrEnum):
    """Which text a line of a difference is from."""

    BOTH = "both"
    OLD = "old"
    NEW = "new"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number in each text where it stands, and the text without its end."""

    side: Side
    text: str
    old: int | None = None
    new: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """Two texts held against each other; ``cut`` says in a sentence what is not shown."""

    lines: tuple[Line, ...]
    cut: str = ""


def difference(old: str, new: str) -> Difference:
    """Compare two texts line by line, in time that is bounded whatever they hold."""
    left, right = old.splitlines(), new.splitlines()
    head = sum(1 for _ in takewhile(lambda two: two[0] == two[1], zip(left, right, strict=False)))
    rest = min(len(left), len(right)) - head
    ends = zip(reversed(left), reversed(right), strict=False)
    tail = sum(1 for _ in takewhile(lambda two: two[0] == two[1], islice(ends, rest)))
    first = max(0, head - _CONTEXT)
    last = max(0, tail - _CONTEXT)
    some_left, some_right = left[first : len(left) - last], right[first : len(right) - last]
    cut = ""
    if max(len(some_left), len(some_right)) > MOST_LINES:
        cut = f"The texts differ over more than {MOST_LINES} lines: only the first of them are compared."
        some_left, some_right = some_left[:MOST_LINES], some_right[:MOST_LINES]
    found = list(islice(_lines(some_left, some_right, first), MOST_SHOWN + 1))
    if len(found) > MOST_SHOWN:
        cut = f"{cut} Only the first {MOST_SHOWN} lines of the difference are shown.".strip()
    return Difference(tuple(found[:MOST_SHOWN]), cut)


def _lines(left: Sequence[str], right: Sequence[str], first: int) -> Iterator[Line]:
    begins = True
    for group in SequenceMatcher(None, left, right).get_grouped_opcodes(_CONTEXT):
        old, new = group[0][1] + first, group[0][3] + first
        if not begins or old or new:
            yield Line(Side.GAP, f"lines {old + 1} and {new + 1}" if old != new else f"line {old + 1}")
        begins = False
        for tag, a, b, c, d in group:
            if tag == "equal":
                for at, text in enumerate(left[a:b]):
                    yield Line(Side.BOTH, _short(text), a + at + first + 1, c + at + first + 1)
                continue
            for at, text in enumerate(left[a:b]):
                yield Line(Side.OLD, _short(text), old=a + at + first + 1)
            for at, text in enumerate(right[c:d]):
                yield Line(Side.NEW, _short(text), new=c + at + first + 1)


def _short(text: str) -> str:
    if len(text) <= LONGEST_LINE:
        return text
    return f"{text[:LONGEST_LINE]} … {len(text) - LONGEST_LINE} more characters"
