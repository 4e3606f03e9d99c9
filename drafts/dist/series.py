"""Series: which versions belong together, by lines that each name leading numbers of a version.

A part of a line is a number (only this one), ``N`` (each number is a series of its own) or ``*`` (any number, the same
series): ``N.N`` makes every 1.2.x a series, ``4.2`` before ``*`` keeps one long-lived line apart from all else. The first
line that fits a version counts. It takes time in proportion to the lines, whatever they say.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.version import Version

MOST_LINES = 20
MOST_NUMBERS = 6
_EACH, _ANY = "N", "*"
_PART = re.compile(r"N|\*|0|[1-9][0-9]{0,9}")


class BadLine(ValueError):
    """The lines say no series; the text says which one, and why."""


def read(text: str) -> tuple[str, ...]:
    """Return the lines of a text as they are kept; blank ones are nothing. Raises BadLine."""
    found = tuple(dict.fromkeys(_line(line) for line in text.splitlines() if line.strip()))
    if len(found) > MOST_LINES:
        raise BadLine(f"There are {len(found)} lines of series; {MOST_LINES} are the most.")
    return found


def _line(text: str) -> str:
    shown = text.strip()[:60]
    parts = text.strip().upper().split(".")
    if len(parts) > MOST_NUMBERS:
        raise BadLine(f"The series “{shown}” has {len(parts)} parts; {MOST_NUMBERS} are the most.")
    for part in parts:
        if not _PART.fullmatch(part):
            raise BadLine(
                f"The series “{shown}”: “{part[:20]}” is no part of a version. Write numbers, N or *, with dots between"
                " them, such as 4.2 or N.N."
            )
    return ".".join(parts)


def series_of(version: Version, lines: Sequence[str]) -> tuple[int, ...]:
    """Return the series that a version belongs to: equal for versions of one series.

    Other epochs are other series; the versions of an epoch that no line fits are one series together.
    """
    for at, line in enumerate(lines):
        numbers = _fits(version, line.split("."))
        if numbers is not None:
            return (version.epoch, at, *numbers)
    return (version.epoch, len(lines))


def _fits(version: Version, parts: Sequence[str]) -> tuple[int, ...] | None:
    """Return the numbers that tell series of a line apart; None: the line does not fit. Missing numbers are 0."""
    release = (*version.release, *[0] * len(parts))
    numbers = []
    for number, part in zip(release, parts, strict=False):
        if part == _EACH:
            numbers.append(number)
        elif part not in (_ANY, str(number)):
            return None
    return tuple(numbers)
