"""Telling lines that only hold a git object id or the like from lines that may give a file's MD5 or SHA-1.

Logs are full of forty hexadecimal digits. Offering each such line to every form takes most of the time that reading
takes, so what no form could take is put away first, by marks that every form needs beside so short a digest.
"""

from __future__ import annotations

import re

from drafts.evidence.logs.digests import is_hex

_SHORT = re.compile(r"[0-9A-Fa-f]{32,}")
_LONG = re.compile(r"[0-9A-Fa-f]{56}")  # SHA-224 and longer: for the forms to say what it is
# A distribution's name, an algorithm's (or what is nearly one), installers' words, what encodes or escapes text.
_MARKS = (".whl", ".tar.gz", "sha", "md5", "rmd", "ripemd", "hash", "got ", "\\u", "payload",
          "statement", "subject")  # fmt: skip


def is_chatter(line: str) -> bool:
    """Tell whether a raw line that holds 32 hexadecimal digits gives no file's digest, whatever stands around it.

    In doubt it may: where cleaning could bring together what stands apart, and where the digest ends the line.
    """
    if (
        _LONG.search(line)
        or not line.isascii()
        or not line.isprintable()
        or "[" in line
        or "section_" in line
    ):
        return False
    return not _has_mark(line) and all(
        line[found.end() : found.end() + 2] not in {"", " ", "  ", " *"} for found in _SHORT.finditer(line)
    )


def is_clean_chatter(text: str) -> bool:
    """Tell the same of a line whose noise was taken off; nothing but a digest belongs to the heading above it."""
    if _LONG.search(text) or is_hex(text.strip()):
        return False
    return not _has_mark(text) and all(
        text[found.end() : found.end() + 2] not in {"  ", " *"} for found in _SHORT.finditer(text)
    )


def _has_mark(line: str) -> bool:
    lower = line.lower()
    return any(mark in lower for mark in _MARKS)
