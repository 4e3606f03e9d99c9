"""One member of a ZIP archive, piece by piece: memory does not grow with it, and no declared size is trusted."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from . import zips
from .errors import BadDistribution, Code, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .archives import Readable
    from .zips import Entry, Zip

_CHUNK = 256 * 1024


def chunks(archive: Zip, entry: Entry) -> Iterator[bytes]:
    """Yield a member's bytes. Raises BadDistribution, at the latest after the last piece, unless length and CRC-32 hold.

    At most as many bytes as the directory declares are yielded.
    """
    if entry.flags & zips.ENCRYPTED or entry.method not in {zips.STORED, zips.DEFLATED}:
        raise _bad(entry, "is encrypted, or neither stored nor deflated")
    header = zips.read_local_header(archive, entry)
    packed = _packed(archive.file, entry, entry.offset + header.length)
    plain = _inflated(entry, packed) if entry.method == zips.DEFLATED else packed
    size, crc = 0, 0
    for piece in plain:
        size, crc = size + len(piece), zlib.crc32(piece, crc)
        if size > entry.size:
            raise _bad(entry, f"is longer than the {entry.size} bytes that are declared")
        yield piece
    if size != entry.size:
        raise _bad(entry, f"has {size} bytes where {entry.size} are declared")
    if crc != entry.claims.crc:
        raise _bad(entry, "does not have the CRC-32 that is declared")


def _packed(file: Readable, entry: Entry, position: int) -> Iterator[bytes]:
    left = entry.compressed
    while left:
        file.seek(position)
        piece = file.read(min(_CHUNK, left))
        if not piece:
            raise _bad(entry, "is cut off by the archive's end")
        position, left = position + len(piece), left - len(piece)
        yield piece


def _inflated(entry: Entry, packed: Iterator[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    try:
        for piece in packed:
            waiting = piece
            while waiting and not inflater.eof:
                yield inflater.decompress(waiting, _CHUNK)
                waiting = inflater.unconsumed_tail
            if inflater.unused_data or (waiting and inflater.eof):
                raise _bad(entry, "has bytes after its end")
        while not inflater.eof:
            rest = inflater.decompress(inflater.unconsumed_tail, _CHUNK)
            if not rest:
                raise _bad(entry, "does not end where its header says")
            yield rest
    except zlib.error as error:
        raise _bad(entry, f"cannot be inflated: {error}") from error


def _bad(entry: Entry, what: str) -> BadDistribution:
    return BadDistribution(Code.BAD_MEMBER_DATA, f"The member '{shown(entry.name)}' {what}.")
