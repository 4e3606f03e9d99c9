"""The files inside a wheel or sdist, each read once and hashed, and the bytes of one of them by range."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import zips
from .errors import BadDistribution, Code, shown
from .gunzip import Gunzip
from .inflate import chunks
from .limits import Limits
from .names import FileType
from .tars import Tar

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from .archives import Readable
    from .names import FileName

_DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Member:
    """One file in an archive: path, size in bytes, permission bits (0 where the archive has none), SHA-256 in hex.

    ``sha256`` is empty where the bytes cannot be read as declared. ``compressed`` is what the member takes in a wheel,
    in bytes; in a sdist members are not compressed one by one, and it is 0.
    """

    path: str
    size: int
    mode: int
    sha256: str
    compressed: int = 0


@dataclass(frozen=True, slots=True)
class Walked:
    """One member, as many of its first bytes as were asked for, and in a sentence why it could not be read whole."""

    member: Member
    head: bytes
    problem: str = ""


def nothing(path: str, size: int) -> int:
    """Ask for no bytes of any member."""
    del path, size
    return 0


def walk(
    file: Readable,
    name: FileName,
    *,
    wanted: Callable[[str, int], int] = nothing,
    limits: Limits = _DEFAULT_LIMITS,
) -> Iterator[Walked]:
    """Yield every file of a distribution in archive order, reading each byte once, never a member into memory.

    ``wanted``: how many first bytes of a member of this path and declared size are kept for the caller. A member of a
    wheel that cannot be read as declared has a ``problem``. Raises BadDistribution where reading cannot go on.
    """
    for path, size, mode, compressed, pieces in _pieces(file, name, limits):
        digest, head, left, problem = hashlib.sha256(), bytearray(), wanted(path, size), ""
        try:
            for piece in pieces:
                digest.update(piece)
                if left > len(head):
                    head += piece[: left - len(head)]
        except BadDistribution as error:
            if name.filetype is not FileType.WHEEL:
                raise  # a tar is one stream: there is nothing behind the fault
            problem = error.message
        sha256 = "" if problem else digest.hexdigest()
        yield Walked(Member(path, size, mode, sha256, compressed), bytes(head), problem)


def streams(
    file: Readable, name: FileName, paths: Container[str], *, limits: Limits = _DEFAULT_LIMITS
) -> Iterator[tuple[Member, Iterator[bytes]]]:
    """Yield these members (without a digest) in archive order, each with its bytes in pieces, to be taken before the next.

    Raises BadDistribution, at the latest after the last piece of a member that is not as declared.
    """
    for path, size, mode, compressed, pieces in _pieces(file, name, limits):
        if path in paths:
            yield Member(path, size, mode, "", compressed), pieces


def read_range(
    file: Readable, name: FileName, path: str, *, start: int, length: int, limits: Limits = _DEFAULT_LIMITS
) -> bytes:
    """Return at most ``length`` bytes of one member from ``start`` on; fewer only where it ends.

    What stands behind them is not read, so its CRC-32 is looked at only where the range reaches the member's end.
    Raises BadDistribution, KeyError where there is no such member.
    """
    for _, pieces in streams(file, name, {path}, limits=limits):
        return _cut(pieces, start, length)
    raise KeyError(path)


def _cut(pieces: Iterable[bytes], start: int, length: int) -> bytes:
    position, kept = 0, bytearray()
    for piece in pieces:
        kept += piece[max(start - position, 0) : max(start + length - position, 0)]
        position += len(piece)
        if len(kept) >= length:
            break
    return bytes(kept)


def _pieces(
    file: Readable, name: FileName, limits: Limits
) -> Iterator[tuple[str, int, int, int, Iterator[bytes]]]:
    if name.filetype is FileType.WHEEL:
        return _of_wheel(file, limits)
    return _of_sdist(file, limits)


def _of_wheel(file: Readable, limits: Limits) -> Iterator[tuple[str, int, int, int, Iterator[bytes]]]:
    archive = zips.read_zip(file, limits)
    for entry in archive.entries:
        if not entry.name.endswith("/"):
            mode = stat.S_IMODE(entry.mode)
            yield entry.name, entry.size, mode, entry.compressed, chunks(archive, entry)


def _of_sdist(file: Readable, limits: Limits) -> Iterator[tuple[str, int, int, int, Iterator[bytes]]]:
    size = file.seek(0, 2)
    file.seek(0)
    tar = Tar(Gunzip(file, limits.inflated(size)), limits)
    for member in tar:
        if member.refused:
            raise BadDistribution(
                Code.TAR_SPECIAL_FILE,
                f"The member '{shown(member.name)}' is neither a regular file nor a folder.",
            )
        if not member.name.endswith("/"):
            yield member.name, member.size, stat.S_IMODE(member.mode), 0, tar.chunks(member)
