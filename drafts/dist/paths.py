"""Names of members: which would leave their folder, which no system agrees on, which two are one file."""

from __future__ import annotations

import itertools
import re
import unicodedata
from typing import TYPE_CHECKING

from .errors import Code, Refusal, shown
from .limits import MAX_PART_BYTES, MAX_PATH_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DRIVE = re.compile(r"[A-Za-z]:")
_RESERVED_SIGNS = frozenset('<>:"|?*')
_WINDOWS_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(?:\..*)?", re.IGNORECASE | re.DOTALL
)


def bad_names(names: Iterable[str], *, everywhere: bool) -> Iterator[Refusal]:
    """Refuse names that would leave the folder they are unpacked in, or that no system can write.

    With ``everywhere`` also names that cannot be seen in full or that Windows cannot write.
    """
    for name in names:
        reason = _unsafe(name) or (_unportable(name) if everywhere else None)
        if reason:
            yield Refusal(Code.BAD_MEMBER_NAME, f"The member '{shown(name)}' {reason}.")


def duplicate_names(names: Iterable[str], *, fold_case: bool) -> Iterator[Refusal]:
    """Refuse a name that occurs twice, or as a file and as a folder.

    With ``fold_case`` two names that differ only in case or Unicode form are one (Unicode 3.13, canonical
    caseless matching).
    """
    seen: dict[str, str] = {}
    for name in names:
        path = name.rstrip("/")
        key = _folded(path) if fold_case else path
        if key in seen:
            yield Refusal(Code.DUPLICATE_MEMBER, _twice(seen[key], name))
        seen[key] = name
    yield from _files_as_folders(seen)


def _files_as_folders(members: dict[str, str]) -> Iterator[Refusal]:
    # NUL sorts before everything, so what lies in a folder stands right behind it
    paths = sorted((path.replace("/", "\0"), name) for path, name in members.items())
    for (path, name), (below, inside) in itertools.pairwise(paths):
        if below.startswith(f"{path}\0") and not name.endswith("/"):
            yield Refusal(
                Code.DUPLICATE_MEMBER,
                f"The member '{shown(name)}' is a file, and '{shown(inside)}' lies in it as in a folder.",
            )


def _folded(path: str) -> str:
    if path.isascii():
        return path.lower()
    decomposed = unicodedata.normalize("NFD", path).casefold()
    return unicodedata.normalize("NFD", decomposed)


def _twice(first: str, second: str) -> str:
    if first.rstrip("/") == second.rstrip("/"):
        return f"The member '{shown(second)}' occurs twice."
    return (
        f"The members '{shown(first)}' and '{shown(second)}' are one file where case or the form of "
        "letters does not count."
    )


def _unsafe(name: str) -> str | None:
    if name.startswith("/") or _DRIVE.match(name):
        return "has an absolute path; paths are relative"
    if "\\" in name:
        return "has a backslash in its name; paths use '/'"
    parts = name.removesuffix("/").split("/")
    if ".." in parts:
        return "climbs out of its folder with '..'"
    if "" in parts or "." in parts:
        return "has an empty or '.' part in its path"
    if not name.isprintable() and any(unicodedata.category(char) in {"Cc", "Cs"} for char in name):
        return "has a control character or undecodable byte in its name"
    return _too_long(name, parts)


def _too_long(name: str, parts: list[str]) -> str | None:
    if len(name.encode()) > MAX_PATH_BYTES:
        return f"has a path of more than {MAX_PATH_BYTES} bytes"
    if any(len(part.encode()) > MAX_PART_BYTES for part in parts):
        return f"has a name of more than {MAX_PART_BYTES} bytes in its path"
    return None


def _unportable(name: str) -> str | None:
    parts = name.rstrip("/").split("/")
    if not name.isprintable():
        return "has a character in its name that cannot be printed"
    if not _RESERVED_SIGNS.isdisjoint(name):
        return 'has one of the characters < > : " | ? * in its name, which Windows reserves'
    if any(_WINDOWS_DEVICE.fullmatch(part) for part in parts):
        return "has a name that Windows reserves for a device"
    if any(part.endswith((".", " ")) for part in parts if part not in {".", ".."}):
        return "has a name that ends with a dot or a space, which Windows drops"
    return None
