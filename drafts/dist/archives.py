"""What wheels and source distributions have in common as archives: something to read, and members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class Readable(Protocol):
    """A binary file opened for reading that can seek."""

    def read(self, size: int = -1, /) -> bytes: ...
    def seek(self, offset: int, whence: int = 0, /) -> int: ...


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
    """What reading an archive yields: its core metadata, if it could be read, and its members in archive order."""

    metadata: bytes | None
    members: tuple[Member, ...]
