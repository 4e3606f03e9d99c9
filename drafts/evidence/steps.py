"""Which step of a job a line of its log belongs to, by the headings that CI systems put between steps."""

import re
from bisect import bisect_right
from collections.abc import Sequence

_LONGEST = 200
_HEADING = re.compile(
    r"##\[group\]Run (?P<github>.{1,300})"
    r"|##\[section\]Starting: (?P<azure>.{1,300})"
    r"|section_start:\d{1,20}:(?P<gitlab>[A-Za-z0-9_.-]{1,200})"
    r"|^\s{0,4}(?:---|\+\+\+) (?P<buildkite>\S.{0,300})"
    r"|^\[Pipeline\] \{ \((?P<jenkins>.{1,300})\)"
)


class Steps:
    """The headings of one log, by line."""

    def __init__(self, lines: Sequence[str]) -> None:
        """Read all headings, once."""
        self._at: list[int] = []
        self._titles: list[str] = []
        for number, line in enumerate(lines, start=1):
            if found := _HEADING.search(line):
                self._at.append(number)
                self._titles.append(" ".join(str(found[str(found.lastgroup)]).split())[:_LONGEST])

    def of(self, line: int) -> str:
        """Return the title of the step that a line belongs to; empty where the log names none before it."""
        before = bisect_right(self._at, line)
        return self._titles[before - 1] if before else ""
