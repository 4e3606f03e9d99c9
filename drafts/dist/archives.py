"""What wheels and source distributions have in common as archives: members, their names, and limits."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from .errors import Code, Refusal, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MIB = 1024 * 1024
MOST_SHOWN = 5  # of one kind of refusal: a hundred thousand sentences help nobody
_DRIVE = re.compile(r"[A-Za-z]:")
_WINDOWS_DEVICE = re.compile(
    r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$)(?:\..*)?", re.IGNORECASE
)


class Readable(Protocol):
    """A binary file opened for reading that can seek."""

    def read(self, size: int = -1, /) -> bytes: ...
    def seek(self, offset: int, whence: int = 0, /) -> int: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of an archive is read before it is refused. All sizes in bytes."""

    members: int = 100_000
    directory: int = 32 * MIB  # ZIP central directory, or all member names of a tar
    metadata: int = 1 * MIB
    record: int = 16 * MIB
    free: int = 64 * MIB
    ratio: int = 50

    def inflated(self, size: int) -> int:
        """Most bytes that an archive of ``size`` bytes may inflate to."""
        return max(self.free, self.ratio * size)


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of an archive as its header declares it: path, size in bytes, permission bits (or 0)."""

    name: str
    size: int
    mode: int = 0

    @property
    def is_folder(self) -> bool:
        return self.name.endswith("/")


@dataclass(frozen=True, slots=True)
class Contents:
    """What reading an archive yields: the bytes of its core metadata, and its members in archive order."""

    metadata: bytes
    members: tuple[Member, ...]


def first_few(refusals: Iterable[Refusal]) -> list[Refusal]:
    """Return the first refusals of one kind, so that an answer stays readable."""
    return list(islice(refusals, MOST_SHOWN))


def unsafe_names(names: Iterable[str]) -> Iterator[Refusal]:
    """Refuse names that would leave the folder they are unpacked in, or that no system agrees on."""
    for name in names:
        reason = _unsafe(name)
        if reason:
            yield Refusal(Code.BAD_MEMBER_NAME, f"The member '{shown(name)}' {reason}.")


def unportable_names(names: Iterable[str]) -> Iterator[Refusal]:
    """Refuse names that cannot be seen in full or that Windows cannot write."""
    for name in names:
        parts = name.rstrip("/").split("/")
        if not name.isprintable():
            reason = "has a character in its name that cannot be printed"
        elif any(_WINDOWS_DEVICE.fullmatch(part) for part in parts):
            reason = "has a name that Windows reserves for a device"
        elif any(part.endswith((".", " ")) for part in parts if part not in {".", ".."}):
            reason = "has a name that ends with a dot or a space, which Windows drops"
        else:
            continue
        yield Refusal(Code.BAD_MEMBER_NAME, f"The member '{shown(name)}' {reason}.")


def duplicate_names(names: Iterable[str], *, fold_case: bool) -> Iterator[Refusal]:
    """Refuse a name that occurs twice; with ``fold_case`` also two that differ only in case or Unicode form."""
    seen: dict[str, str] = {}
    for name in names:
        path = name.rstrip("/")
        key = unicodedata.normalize("NFC", path).casefold() if fold_case else path
        if key in seen:
            yield Refusal(Code.DUPLICATE_MEMBER, _twice(seen[key], name))
        seen[key] = name


def _twice(first: str, second: str) -> str:
    if first.rstrip("/") == second.rstrip("/"):
        return f"The member '{shown(second)}' occurs twice."
    return f"The members '{shown(first)}' and '{shown(second)}' are one file where case does not count."


def _unsafe(name: str) -> str | None:
    if name.startswith("/") or _DRIVE.match(name):
        return "has an absolute path"
    if "\\" in name:
        return "has a backslash in its name; paths use '/'"
    parts = name.removesuffix("/").split("/")
    if ".." in parts:
        return "climbs out of its folder with '..'"
    if "" in parts or "." in parts:
        return "has an empty or '.' part in its path"
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in name):
        return "has a control character or undecodable byte in its name"
    return None
