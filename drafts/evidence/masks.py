"""Secrets that jobs print by accident, masked before a log is kept: known shapes only, lines stay where they are."""

import codecs
import re
from itertools import chain

MASK = "***"

# Each begins with letters that nothing else begins with, and takes no look back, so that a log is read once for each.
_WHOLE = re.compile(
    r"\b(?:"
    r"gh[oprsu]_[A-Za-z0-9]{30,255}"
    r"|github_pat_[A-Za-z0-9_]{30,255}"
    r"|gl(?:pat|ptt|dt|rt|cbt|soat|ft|agent)-[A-Za-z0-9_.-]{20,255}"
    r"|pypi-Ag[A-Za-z0-9_-]{40,1000}"
    r"|pc[uerh]_[A-Za-z0-9_-]{30,255}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,255}"
    r"|npm_[A-Za-z0-9]{30,255}"
    r"|AIza[A-Za-z0-9_-]{35}"
    r"|dckr_pat_[A-Za-z0-9_-]{20,255}"
    r"|hf_[A-Za-z0-9]{30,255}"
    r"|sk-[A-Za-z0-9_-]{32,255}"
    r"|eyJ[A-Za-z0-9_-]{10,4000}\.eyJ[A-Za-z0-9_-]{10,8000}\.[A-Za-z0-9_-]{10,2000}"
    r")"
)
# What stands before is kept, so that the line still says what was there.
_AFTER = re.compile(
    r"(?P<kept>(?:\b(?:authorization|private-token|job-token)['\"]?\s{0,4}[:=]\s{0,4}['\"]?(?:(?:basic|bearer|token)\s{1,4})?)"
    r"|(?:\baws_secret_access_key['\"]?\s{0,4}[:=]\s{0,4}['\"]?)"
    r"|(?:\b[a-z][a-z0-9+]{1,15}://[^\s/:@'\"]{0,100}:(?=[^\s/@'\"]{1,300}@)))"
    r"(?P<secret>[^\s'\"@*][^\s'\"@]{5,1000})",
    re.IGNORECASE,
)
_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_LINES = 120
_UTF16 = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def masked(data: bytes) -> tuple[bytes, int]:
    """Return the log with every secret of a known shape as ``***``, and how many there were.

    A log without one comes back as it is, byte for byte.
    """
    encoding = next((name for mark, name in _UTF16 if data.startswith(mark)), "utf-8")
    errors = "surrogateescape" if encoding == "utf-8" else "surrogatepass"
    try:
        text = data.decode(encoding, errors)
    except UnicodeDecodeError:  # half a character at the end of UTF-16
        text = data.decode(encoding, "ignore")
    text, whole = _WHOLE.subn(MASK, text)
    text, after = _AFTER.subn(rf"\g<kept>{MASK}", text)
    text, keys = _without_keys(text)
    found = whole + after + keys
    return (text.encode(encoding, errors), found) if found else (data, 0)


def _without_keys(text: str) -> tuple[str, int]:
    """Mask the lines between a private key's first and last, wherever the log's prefixes put them."""
    if not _KEY.search(text):
        return text, 0
    lines, inside, found = text.split("\n"), 0, 0
    for at, line in enumerate(lines):
        if begins := _KEY.search(line):
            inside, found = _KEY_LINES, found + 1
            lines[at] = line[: begins.end()] + MASK + (end[0] if (end := _KEY_END.search(line)) else "")
            inside = 0 if end else inside
        elif inside:
            inside = 0 if _KEY_END.search(line) else inside - 1
            lines[at] = line if not inside else MASK
    return "\n".join(chain(lines)), found
