"""Gzip files (RFC 1952) read as a stream: one member, nothing hidden in its header, nothing after it."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from .errors import BadDistribution, Code

if TYPE_CHECKING:
    from .archives import Readable

_CHUNK = 64 * 1024
_HEADER = 10  # bytes before the optional fields
_EXTRA, _COMMENT, _RESERVED = 0x04, 0x10, 0xE0  # bits of the fourth byte


class Gunzip:
    """The bytes inside a gzip file of exactly one member, counted against a limit.

    A file name in the header (gzip and old build back-ends write it) and a checksum of the header are read over.
    """

    def __init__(self, file: Readable, limit: int) -> None:
        self._file = file
        self._inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        self._limit = limit
        self._left = limit
        self._buffer = b""
        self._taken = 0  # bytes of the buffer
        self._opened = False

    def read(self, size: int) -> bytes:
        """Return ``size`` bytes, fewer only at the end. Raises BadDistribution."""
        parts = []
        while size and self._fill():
            part = self._buffer[self._taken : self._taken + size]
            self._taken += len(part)
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _fill(self) -> bool:
        while self._taken == len(self._buffer) and not self._inflater.eof:
            self._buffer, self._taken = self._inflate(), 0
            self._count(len(self._buffer))
        return self._taken < len(self._buffer)

    def _inflate(self) -> bytes:
        data = self._inflater.unconsumed_tail or self._next()
        try:
            inflated = self._inflater.decompress(data, _CHUNK)
        except zlib.error as error:
            raise BadDistribution(Code.NOT_GZIP, f"The file is not a sound gzip file: {error}.") from error
        if self._inflater.eof and (self._inflater.unused_data or self._file.read(1)):
            raise BadDistribution(
                Code.TRAILING_BYTES,
                "There are bytes after the end of the gzip data. Build the sdist again; it is one gzip member.",
            )
        if not data and not inflated and not self._inflater.eof:
            raise BadDistribution(
                Code.NOT_GZIP, "The gzip file ends before its data does. Send the whole file again."
            )
        return inflated

    def _next(self) -> bytes:
        data = self._file.read(_CHUNK)
        if not self._opened:
            self._opened = True
            _refuse_rare_header(data[:_HEADER])
        return data

    def _count(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise BadDistribution(
                Code.INFLATES_TOO_MUCH, f"The archive inflates to more than {self._limit} bytes."
            )


def _refuse_rare_header(header: bytes) -> None:
    if (
        len(header) == _HEADER
        and header.startswith(b"\x1f\x8b")
        and header[3] & (_EXTRA | _COMMENT | _RESERVED)
    ):
        raise BadDistribution(
            Code.GZIP_FEATURE,
            "The gzip header has a comment, an extra field or reserved bits, where bytes can hide. "
            "Build the sdist again.",
        )
