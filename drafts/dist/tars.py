"""Gzip-compressed tar archives (RFC 1952, POSIX pax) read as a stream, strictly and within limits."""

from __future__ import annotations

import tarfile
import zlib
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from .errors import BadDistribution, Code, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .archives import Limits, Readable

_CHUNK = 64 * 1024
_BLOCK = tarfile.BLOCKSIZE
_ZEROS = bytes(_BLOCK)
_FILES = {tarfile.REGTYPE, tarfile.AREGTYPE}
_LINKS = {tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.GNUTYPE_LONGLINK}
_EXTENDED = {tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME}
_MAX_EXTENDED = 64 * 1024  # bytes of one pax header or GNU long name
_MAX_LENGTH_DIGITS = 5
_USUAL_RECORDS, _RECORD_COST = 5, 64  # more records than usual count like long names: they cost time


class TarMember(NamedTuple):
    """One file or folder of a tar; folders end with ``/``. Size in bytes."""

    name: str
    size: int
    mode: int


class Gunzip:
    """The bytes inside a gzip file of exactly one member, counted against a limit."""

    def __init__(self, file: Readable, limit: int) -> None:
        self._file = file
        self._inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        self._limit = limit
        self._left = limit
        self._buffer = b""
        self._taken = 0  # bytes of the buffer

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
        data = self._inflater.unconsumed_tail or self._file.read(_CHUNK)
        try:
            inflated = self._inflater.decompress(data, _CHUNK)
        except zlib.error as error:
            raise BadDistribution(Code.NOT_GZIP, f"The file is not a sound gzip file: {error}.") from error
        if self._inflater.eof and (self._inflater.unused_data or self._file.read(1)):
            raise BadDistribution(Code.TRAILING_BYTES, "There are bytes after the end of the gzip data.")
        if not data and not inflated and not self._inflater.eof:
            raise BadDistribution(Code.NOT_GZIP, "The gzip file ends before its data does.")
        return inflated

    def _count(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise BadDistribution(
                Code.INFLATES_TOO_MUCH, f"The archive inflates to more than {self._limit} bytes."
            )


class Tar:
    """A tar read once, from its first block to its last."""

    def __init__(self, stream: Gunzip, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._unread = 0  # blocks of the current member's data, in bytes
        self._members = 0
        self._names_size = 0

    def __iter__(self) -> Iterator[TarMember]:
        """Yield members in order. Raises BadDistribution for anything but plain files and folders."""
        long_name: str | None = None
        while (header := self._next_header()) is not None:
            if header.type in _EXTENDED:
                name = self._read_extended(header)
                if name == "" or (name is not None and long_name is not None):
                    _bad_tar("a member has an empty name or two long ones")
                long_name = name or long_name
                continue
            yield self._member(header, long_name or header.name)
            self._skip()
            long_name = None
        if long_name is not None:
            _bad_tar("it ends after a long name, without the member")

    def read(self, member: TarMember) -> bytes:
        """Return the data of the member just yielded; the caller has looked at its size."""
        data = self._stream.read(member.size)
        self._unread -= len(data)
        if len(data) != member.size:
            _bad_tar("it ends in the middle of a member")
        return data

    def _next_header(self) -> tarfile.TarInfo | None:
        block = self._stream.read(_BLOCK)
        if block == _ZEROS:
            self._finish()
            return None
        try:
            header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except (tarfile.HeaderError, ValueError) as error:
            raise BadDistribution(
                Code.BAD_TAR, f"The tar archive does not hold together: {error}. Build the sdist again."
            ) from error
        if header.size < 0:
            _bad_tar("a member has a negative size")
        self._unread = -(-header.size // _BLOCK) * _BLOCK
        return header

    def _member(self, header: tarfile.TarInfo, name: str) -> TarMember:
        self._members += 1
        self._count_names(len(name))
        if header.type in _LINKS:
            raise BadDistribution(Code.TAR_LINK, f"The member '{shown(name)}' is a link; sdists hold none.")
        if header.type == tarfile.DIRTYPE and not header.size:
            return TarMember(name.rstrip("/") + "/", 0, header.mode)
        if header.type not in _FILES:
            raise BadDistribution(
                Code.TAR_SPECIAL_FILE, f"The member '{shown(name)}' is neither a regular file nor a folder."
            )
        if name.endswith("/"):
            _bad_tar("a file's name ends with '/'")
        return TarMember(name, header.size, header.mode)

    def _read_extended(self, header: tarfile.TarInfo) -> str | None:
        """Return the long name that an extended header brings, if it does."""
        if header.size > _MAX_EXTENDED:
            _bad_tar("an extended header is longer than 64 KiB")
        self._count_names(max(header.size, _BLOCK // 2))
        data = self._stream.read(header.size)
        if len(data) != header.size:
            _bad_tar("it ends in the middle of a header")
        self._unread -= len(data)
        self._skip()
        if header.type == tarfile.GNUTYPE_LONGNAME:
            return data.partition(b"\0")[0].decode("utf-8", "surrogateescape")
        records = list(_pax_records(data))
        self._count_names(_RECORD_COST * max(len(records) - _USUAL_RECORDS, 0))
        fields = dict(records)
        if any(key == "size" or key.startswith("GNU.sparse.") for key in fields):
            # one reader would believe the pax header, another the plain one
            _bad_tar("a pax header changes the size of a member")
        path = fields.get("path")
        if path is not None and header.type == tarfile.XGLTYPE:
            _bad_tar("a global header gives all members one name")
        return path

    def _skip(self) -> None:
        while self._unread:
            part = self._stream.read(min(self._unread, _CHUNK))
            if not part:
                _bad_tar("it ends in the middle of a member")
            self._unread -= len(part)

    def _finish(self) -> None:
        if self._stream.read(_BLOCK) != _ZEROS:
            _bad_tar("it does not end with two empty blocks")
        while rest := self._stream.read(_CHUNK):
            if rest.strip(b"\0"):
                raise BadDistribution(
                    Code.TRAILING_BYTES, "There are bytes after the end of the tar archive."
                )

    def _count_names(self, size: int) -> None:
        self._names_size += size
        if self._members <= self._limits.members and self._names_size <= self._limits.directory:
            return
        raise BadDistribution(
            Code.TOO_MANY_MEMBERS,
            f"The archive has more than {self._limits.members} members or too long names.",
        )


def _pax_records(data: bytes) -> Iterator[tuple[str, str]]:
    """Walk the records of a pax header (POSIX.1-2001): ``LENGTH KEY=VALUE`` and a line feed."""
    position = 0
    while position < len(data):
        space = data.find(b" ", position, position + _MAX_LENGTH_DIGITS + 1)
        digits = data[position : max(space, position)]
        end = position + int(digits) if digits.isdigit() else position
        key, equals, value = data[space + 1 : end].partition(b"=")
        if end > len(data) or not equals or not value.endswith(b"\n"):
            _bad_tar("a pax header is malformed")
        yield key.decode("utf-8", "surrogateescape"), value[:-1].decode("utf-8", "surrogateescape")
        position = end


def _bad_tar(what: str) -> NoReturn:
    raise BadDistribution(
        Code.BAD_TAR, f"The tar archive does not hold together: {what}. Build the sdist again."
    )
