"""What CI systems, terminals and copying put around a line, and how to take it off again."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

# Bidirectional marks, zero-width characters and controls other than tab: invisible, so no part of a name.
_INVISIBLE: dict[int, str | None] = {
    **dict.fromkeys([*range(9), 0xB, 0xC, *range(0xE, 0x20), *range(0x7F, 0xA0)]),
    **dict.fromkeys([0xAD, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F)]),
    **dict.fromkeys([*range(0x2060, 0x2070), 0xFEFF]),
    0xA0: " ",
}

# ECMA-48 control sequences and control strings. Each class excludes what begins the next sequence, so that an
# unterminated one cannot be scanned twice. It begins with one set of characters, so that the search is quick.
_ANSI = re.compile(
    r"[\x1b\x9b\x9d](?:(?:(?<=\x1b)\[|(?<=\x9b))[0-?]{0,64}[ -/]{0,4}[@-~]"
    r"|(?:(?<=\x1b)[\]_P^X]|(?<=\x9d))[^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\|\x9c)"
    r"|(?<=\x1b)[ -/]{0,2}[0-~]?)"
)
# Colours and the like, and whatever else begins a control (ECMA-48, 5.3 and 5.4).
_COLOUR = re.compile(r"\x1b\[[0-9;:]{0,64}m")
_CONTROLS = re.compile(r"[\x80-\x9f]")
# What remains of them where the escape character was lost or spelled out, as in text copied from a web page.
_REMAINS = re.compile(
    r"(?:\^\[|\u241b|\ufffd|\\x1b|\\u001b|\\033|\\e)?\[(?:[0-9;]{1,16}[mGKJ]|[mK](?![A-Za-z\]]))|_bk;t=\d{13}"
)
_SECTION = re.compile(
    r"section_(?:start|end):\d{1,16}:[\w.-]{1,128}(?:\[[a-z_]{1,32}=[^\]]{0,256}\])?(?:\x1b?\[0K)?"
)

MOMENT = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
# Each also matches at the line's end: what was blank stays blank, with or without its trailing blank. Beside each stand
# the characters that it begins with, or a tab for one that holds a tab: most lines are spared most of them.
_DIGITS, _LETTERS = "0123456789", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PREFIXES = tuple(
    (begins, re.compile(pattern))
    for begins, pattern in (
        ("\t", rf"[^\t]{{0,200}}\t[^\t]{{0,200}}\t(?={MOMENT}(?:[ \t]|$))"),  # gh run view --log
        (
            _DIGITS,
            rf"{MOMENT}(?:[ \t][0-9a-f]{{2}}[OE](?:[ +]|$)|[ \t]|$)",
        ),  # GitHub, GitLab, Azure, docker logs -t
        ("[", r"\[[^\[\]\"'{}]{1,80}\]:?(?:[ \t]|$|(?=\[))"),  # Jenkins, Buildkite, AppVeyor
        (_DIGITS, r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: {1,2}|\t|$)"),  # Jenkins' timestamper
        ("s", r"(?:stdout|stderr) [FP](?: |$)"),  # container runtimes, after the moment
        ("\t", r"[^\t]{1,64}\t\d\d-[A-Z][a-z]{2}-\d{4} \d\d:\d\d:\d\d(?:\t|$)"),  # Bamboo
        ("#", r"#\d{1,5}(?: \d{1,6}\.\d{1,3})?(?: |$)"),  # docker buildx --progress=plain
        (_DIGITS, r"\d{1,6}\.\d{1,3}(?: |$)"),  # the same, in its summary of a failed step
        (
            _LETTERS,  # docker compose
            r"(?!(?i:sha|md5|blake)|\S{1,40}\.(?:whl|gz|zip)[ \t])[A-Za-z][\w.-]{0,39} {0,32}\|(?: |$)",
        ),
        (
            "#:",
            r"##\[[a-z]{1,16}\]|::[a-z-]{1,16}(?: [^:]{0,200})?::",
        ),  # commands and groups of GitHub and Azure
        (">", r"(?:> ?){1,16}"),  # quoted in Markdown or mail
    )
)
_WITHOUT_TAB = tuple((begins, prefix) for begins, prefix in _PREFIXES if begins != "\t")
_BEGINNINGS = frozenset(char for begins, _ in _WITHOUT_TAB for char in begins)
# A line of a checksum file: nothing stands around it.
BARE = re.compile(r"[0-9A-Fa-f]{64} [ *][A-Za-z0-9._+!-]{1,255}")
_MOST_PREFIXES = 8
_LEAST_LINE = 8  # characters; UTF-16 without its mark has a NUL for each

_GITLAB = re.compile(rf"{MOMENT} (?P<stream>[0-9a-f]{{2}}[OE])(?P<more>[ +])")


def decoded(data: bytes | str) -> str:
    """Return any bytes as text: UTF-16 by its byte order mark, else UTF-8; NUL characters dropped.

    Where no line feed ends lines, carriage returns do, or the few NUL characters that there are (`sha256sum -z`).
    """
    if isinstance(data, bytes):
        for mark, encoding in _BOMS:
            if data.startswith(mark):
                data = data[len(mark) :].decode(encoding, "replace")
                break
        else:
            data = data.decode("utf-8", "replace")
    if "\n" in data:
        return data.replace("\0", "")
    between = "\n" if data.count("\0") * _LEAST_LINE < len(data) else ""
    return data.replace("\0", between).replace("\r", "\n")


class Page:
    """A log as lines with their numbers; noise is taken off a line when somebody reads it.

    A carriage return inside a line begins a further entry with the same number: a progress bar is one line
    to whoever looks for it by number.
    """

    __slots__ = ("_clean", "numbers", "raw")

    def __init__(self, text: str, numbers: Sequence[int] = ()) -> None:
        """Split what `joined` returned into lines, without reading any."""
        self.raw = text.split("\n")
        self.numbers = numbers or range(1, len(self.raw) + 1)
        if "\r" in text:
            self._split_at_carriage_returns()
        self._clean: dict[int, str] = {}

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self.raw)

    def text(self, index: int) -> str:
        """Return an entry without noise but with its indentation; empty beyond the first and the last."""
        if not 0 <= index < len(self.raw):
            return ""
        known = self._clean.get(index)
        if known is None:
            known = self._clean[index] = cleaned(self.raw[index])
        return known

    def above(self, index: int, skip: Callable[[str], bool], limit: int) -> str:
        """Return the nearest stripped text above `index` that `skip` does not pass over, within `limit` lines."""
        for i in range(index - 1, max(index - limit, 0) - 1, -1):
            text = self.text(i).strip()
            if not skip(text):
                return text
        return ""

    def _split_at_carriage_returns(self) -> None:
        raw: list[str] = []
        numbers: list[int] = []
        for number, line in zip(self.numbers, self.raw, strict=True):
            parts = line.rstrip("\r").split("\r")
            raw += parts
            numbers += [number] * len(parts)
        self.raw, self.numbers = raw, numbers


def joined(text: str) -> tuple[str, Sequence[int]]:
    """Put together what GitLab's runner cut: a `+` after the stream continues that stream's last line.

    Returns the text, and the number that each of its lines begins at.
    """
    raw = text.split("\n")
    if "O+" not in text and "E+" not in text:
        return text, range(1, len(raw) + 1)
    parts: dict[int, list[str]] = {}
    last: dict[str, int] = {}
    for i, line in enumerate(raw):
        match = _GITLAB.match(line)
        if match and match["more"] == "+" and match["stream"] in last:
            parts[last[match["stream"]]].append(line[match.end() :])
            continue
        parts[i] = [line]
        if match:
            last[match["stream"]] = i
    lines = ["".join(line.rstrip("\r") for line in more[:-1]) + more[-1] for more in parts.values()]
    return "\n".join(lines), [i + 1 for i in parts]


def without_colours(text: str) -> str:
    """Return a text without colours, in one search, where no other control is in it; any other text as it is.

    Such a text is then read as one that was printed without colours. Its last line may have been cut, and then stays.
    """
    if "\x1b" not in text:
        return text
    whole, end, last = text.rpartition("\n")
    plain, colours = _COLOUR.subn("", whole)
    is_plain = colours == whole.count("\x1b") and (whole.isascii() or not _CONTROLS.search(whole))
    if not is_plain:
        return text
    plain_last, colours = _COLOUR.subn("", last)
    return plain + end + (plain_last if colours == last.count("\x1b") else last)


def cleaned(line: str) -> str:
    """Return one line without escape sequences, invisible characters and the prefixes of CI systems."""
    if BARE.fullmatch(line):
        return line
    line = line.rstrip()
    if "section_" in line:
        line = _SECTION.sub("", line)
    if "\x1b" in line or not line.isascii():
        line = _ANSI.sub("", line)
    if not line.isprintable():
        line = line.translate(_INVISIBLE)
    if "[" in line or "_bk;t=" in line:
        line = _REMAINS.sub("", line)
    return _without_prefixes(line).rstrip()


def _without_prefixes(line: str) -> str:
    start, tab = 0, "\t" in line
    prefixes = _PREFIXES if tab else _WITHOUT_TAB
    for _ in range(_MOST_PREFIXES):
        before, first = start, line[start : start + 1]
        if not tab and first not in _BEGINNINGS:
            break
        for begins, prefix in prefixes:
            if begins == "\t" or first in begins:
                match = prefix.match(line, start)
                if match:
                    start = match.end()
                    first = line[start : start + 1]
        if start == before or BARE.fullmatch(line, start):
            break
    return line[start:]
