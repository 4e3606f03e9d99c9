"""Telling lines that only hold a git object id or the like from lines that may give a file's MD5 or SHA-1.

Logs are full of forty hexadecimal digits. Offering each such line to every form takes most of the time that reading
takes, so what no form could take is put away first, by marks that every form needs beside so short a digest.
"""

from __future__ import annotations

import re

from drafts.evidence.logs.digests import is_hex

_SHORT = re.compile(r"[0-9A-Fa-f]{32,}")
_LONG = 56  # digits of SHA-224, and more: for the forms to say what it is
# A distribution's name, an algorithm's (or what is nearly one), installers' words, what encodes or escapes text.
_MARKS = (".whl", ".tar.gz", "sha", "md5", "rmd", "ripemd", "hash", "got ", "\\u", "payload",
          "statement", "subject")  # fmt: skip


_BEFORE_A_NAME = frozenset({"  ", " *"})
_BEFORE_WHO_KNOWS = _BEFORE_A_NAME | {"", " "}


def is_chatter(line: str) -> bool:
    """Tell whether a raw line that holds 32 hexadecimal digits gives no file's digest, whatever stands around it.

    In doubt it may: where cleaning could bring together what stands apart, and where the digest ends the line.
    """
    if "[" in line or not line.isascii() or not line.isprintable() or "section_" in line:
        return False
    return _no_digest_of_a_file(line, _BEFORE_WHO_KNOWS)


def is_clean_chatter(text: str) -> bool:
    """Tell the same of a line whose noise was taken off; nothing but a digest belongs to the heading above it."""
    return not is_hex(text.strip()) and _no_digest_of_a_file(text, _BEFORE_A_NAME)


def _no_digest_of_a_file(line: str, before_a_name: frozenset[str]) -> bool:
    for found in _SHORT.finditer(line):
        start, end = found.span()
        if end - start >= _LONG or line[end : end + 2] in before_a_name:
            return False
    lower = line.lower()
    for mark in _MARKS:  # noqa: SIM110 - a generator takes twice the time
        if mark in lower:
            return False
    return True
