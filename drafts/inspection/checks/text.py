"""The text of single members: characters that hide, letters that look like others, keys and tokens."""

import re
from collections.abc import Iterator

from drafts.dist.errors import shown
from drafts.inspection.checks.subject import Found, Opened
from drafts.inspection.codes import Code

PROBE = 8 * 1024  # bytes in which a NUL means that a member is no text
SOURCES = (
    ".bat", ".c", ".cc", ".cfg", ".cpp", ".cs", ".css", ".cu", ".cxx", ".f90", ".go", ".h", ".hpp", ".ini", ".ipynb",
    ".java", ".js", ".json", ".jsx", ".lua", ".mjs", ".pl", ".ps1", ".pth", ".pxd", ".pxi", ".py", ".pyi", ".pyw",
    ".pyx", ".rb", ".rs", ".sh", ".toml", ".ts", ".tsx", ".yaml", ".yml",
)  # fmt: skip

# Bidirectional controls, zero-width spaces and tags anywhere; joiners where they touch ASCII, so not in emoji and
# not in the scripts that need them.
_HIDDEN = re.compile(
    "[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufff9-\ufffb\U000e0001-\U000e007f]"
    "|(?<!^)\ufeff|(?<=[!-~])[\u200c\u200d]|[\u200c\u200d](?=[!-~])"
)
# Letters of other scripts that are drawn like Latin ones.
_ALIKE = "АВЕЅІЈКМНОРСТУХаеорсухіјѕһԁԛԝԌΑΒΕΖΗΙΚΜΝΟΡΤΥΧοϲϳՕօⅼ" + "".join(
    chr(code) for code in (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
)
_MIXED = re.compile(f"[A-Za-z_][{_ALIKE}]|[{_ALIKE}][A-Za-z_]")  # of fixed length: the time is linear
_AROUND = 20  # characters to each side that belong to a word at most

# What is looked for first, the whole shape, what it is.
_SECRETS = (
    (
        b"PRIVATE KEY",
        re.compile(
            rb"-----BEGIN (?:[A-Z]+ ){0,3}PRIVATE KEY-----\s+[A-Za-z0-9+/]{32}|-----BEGIN PGP PRIVATE KEY BLOCK-----\s"
        ),
        "a private key",
    ),
    (b"pypi-AgE", re.compile(rb"pypi-AgE[A-Za-z0-9_-]{60}"), "an upload token of a package index"),
    (b"pcu_", re.compile(rb"\bpcu_[A-Za-z0-9_-]{32}"), "an upload token of Presscheck"),
    (b"ghp_", re.compile(rb"\bghp_[A-Za-z0-9]{36}"), "a GitHub token"),
    (b"ghs_", re.compile(rb"\bghs_[A-Za-z0-9]{36}"), "a GitHub token"),
    (b"github_pat_", re.compile(rb"\bgithub_pat_[A-Za-z0-9_]{50}"), "a GitHub token"),
    (b"glpat-", re.compile(rb"\bglpat-[A-Za-z0-9_-]{20}"), "a GitLab token"),
    (b"AKIA", re.compile(rb"\bAKIA[0-9A-Z]{16}\b"), "an access key of Amazon's cloud"),
    (b"xoxb-", re.compile(rb"\bxoxb-[0-9]{8,20}-[A-Za-z0-9-]{16}"), "a Slack token"),
    (b"sk_live_", re.compile(rb"\bsk_live_[A-Za-z0-9]{24}"), "a Stripe key"),
    (b'"private_key_id"', re.compile(rb'"private_key_id"\s*:\s*"[0-9a-f]{40}"'), "a key of Google's cloud"),
)  # fmt: skip


def is_text(opened: Opened) -> bool:
    """Say whether a member is searched as text."""
    return b"\0" not in opened.head[:PROBE]


def hidden(opened: Opened) -> Iterator[Found]:
    """No character in names and sources hides or reorders what stands around it."""
    if match := _HIDDEN.search(opened.path):
        yield Found(
            Code.HIDDEN_CHARACTERS, f"The name of '{shown(opened.path)}' has {_named(match[0])}.", opened.path
        )
    for number, line in _lines(opened):
        if match := _HIDDEN.search(line):
            text = f"Line {number} of '{shown(opened.path)}' has {_named(match[0])}."
            yield Found(Code.HIDDEN_CHARACTERS, text, opened.path, number)


def look_alikes(opened: Opened) -> Iterator[Found]:
    """No word in names and sources mixes Latin letters with others that are drawn like them."""
    if match := _MIXED.search(opened.path):
        yield Found(
            Code.LOOK_ALIKE_LETTERS,
            f"The name of '{shown(opened.path)}' has {_word(match)}, with letters of two scripts.",
            opened.path,
        )
    for number, line in _lines(opened):
        if match := _MIXED.search(line):
            text = f"Line {number} of '{shown(opened.path)}' has {_word(match)}, with letters of two scripts."
            yield Found(Code.LOOK_ALIKE_LETTERS, text, opened.path, number)


def credentials(opened: Opened) -> Iterator[Found]:
    """No member holds a private key or a token; the finding says where, and never what."""
    for start, shape, what in _SECRETS:
        for match in shape.finditer(opened.head) if start in opened.head else ():
            number = opened.head.count(b"\n", 0, match.start()) + 1
            text = (
                f"Line {number} of '{shown(opened.path)}' looks like {what}: revoke it, and build without it."
            )
            yield Found(Code.LEAKED_CREDENTIAL, text, opened.path, number)


def searched(opened: Opened) -> Iterator[Found]:
    """Text was searched to its end."""
    if not opened.is_whole and opened.path.endswith(SOURCES):
        yield Found(
            Code.NOT_SEARCHED,
            f"Only the first {len(opened.head)} of {opened.member.size} bytes of '{shown(opened.path)}' were searched.",
            opened.path,
        )


def _lines(opened: Opened) -> Iterator[tuple[int, str]]:
    """Yield the lines of a source that are not ASCII alone: in the others there is nothing to find."""
    if opened.head.isascii() or not opened.path.endswith(SOURCES):
        return
    for number, line in enumerate(opened.head.split(b"\n"), 1):
        if not line.isascii():
            text = line.decode("utf-8", "replace")
            yield number, text.removeprefix("\ufeff") if number == 1 else text


def _named(char: str) -> str:
    return f"the hidden character U+{ord(char):04X}"


def _word(match: re.Match[str]) -> str:
    """Return the word around a match, with what is not ASCII spelled out."""
    start = end = match.start()
    while start > max(match.start() - _AROUND, 0) and _is_letter(match.string[start - 1]):
        start -= 1
    while end < min(match.end() + _AROUND, len(match.string)) and _is_letter(match.string[end]):
        end += 1
    spelled = (char if char.isascii() else f"<U+{ord(char):04X}>" for char in match.string[start:end])
    return f"'{''.join(spelled)}'"


def _is_letter(char: str) -> bool:
    return char.isalnum() or char == "_"
