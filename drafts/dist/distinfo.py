"""The files of a wheel's ``.dist-info`` that say how it is installed: WHEEL and RECORD."""

from __future__ import annotations

import csv
import io
import re
from email.parser import HeaderParser
from typing import TYPE_CHECKING

from .errors import Code, Refusal, shown
from .limits import MAX_RECORD_LINE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

_VERSION_1 = re.compile(r"1\.[0-9]{1,4}")
_ONCE = ("Wheel-Version", "Root-Is-Purelib", "Build")
_DIGEST = re.compile(r"(?:[A-Za-z0-9_-]+=[A-Za-z0-9_=-]+)?")
_SIZE = re.compile(r"[0-9]{0,20}")
_COLUMNS = 3


def wheel_file(data: bytes) -> Iterator[Refusal]:
    """WHEEL is UTF-8, declares version 1 of the binary distribution format, and says each thing once."""
    try:
        fields = HeaderParser().parsestr(data.decode("utf-8"))
    except UnicodeDecodeError:
        yield Refusal(Code.BAD_WHEEL_FILE, "WHEEL is not UTF-8. Build the wheel again.")
        return
    for field in _ONCE:
        if len(fields.get_all(field, ())) > 1:
            yield Refusal(Code.BAD_WHEEL_FILE, f"WHEEL has the field {field} more than once.")
    version = fields.get("Wheel-Version", "").strip()
    if not _VERSION_1.fullmatch(version):
        yield Refusal(
            Code.BAD_WHEEL_FILE, f"WHEEL declares the Wheel-Version '{shown(version)}'; expected 1.0."
        )


def record_file(data: bytes, most_rows: int) -> Iterator[Refusal]:
    """RECORD is UTF-8 and a table of path, digest and size, one member on each of ``most_rows`` lines at most."""
    for number, line in enumerate(io.BytesIO(data), 1):
        wrong = _wrong_row(line)
        if wrong:
            yield Refusal(Code.BAD_RECORD, f"Line {number} of RECORD {wrong}. Build the wheel again.")
            return
        if number > most_rows:
            yield Refusal(
                Code.BAD_RECORD, f"RECORD has more than {most_rows} lines; so many members are not read."
            )
            return
    if not data.strip():
        yield Refusal(Code.BAD_RECORD, "RECORD is empty; it lists every member with digest and size.")


def _wrong_row(line: bytes) -> str | None:
    if len(line) > MAX_RECORD_LINE_BYTES:
        return f"is longer than {MAX_RECORD_LINE_BYTES} bytes"
    try:
        rows = list(csv.reader([line.decode("utf-8")], strict=True))
    except (UnicodeDecodeError, csv.Error):
        return "is not UTF-8 text with commas (CSV)"
    for row in rows:
        if row and (len(row) != _COLUMNS or not row[0]):
            return "does not have the columns path, digest and size"
        if row and not (_DIGEST.fullmatch(row[1]) and _SIZE.fullmatch(row[2])):
            return "has no digest like sha256=... or no size in bytes"
    return None
