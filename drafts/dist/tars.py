"""Tar archives (POSIX pax, GNU, old) read as a stream, strictly: where readers differ, the archive is refused."""

from __future__ import annotations

import re
import tarfile
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from .errors import BadDistribution, Code, shown
from .limits import KIB, MAX_EXTENDED_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .gunzip import Gunzip
    from .limits import Limits

_CHUNK = 64 * 1024
_BLOCK = tarfile.BLOCKSIZE
_ZEROS = bytes(_BLOCK)
_FILES = {tarfile.REGTYPE, tarfile.AREGTYPE}
_LINKS = {tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.GNUTYPE_LONGLINK}
_EXTENDED = {tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME}
_MAX_LENGTH_DIGITS = 5
_USUAL_RECORDS, _RECORD_COST = 5, 64  # more records than usual count like long names: they cost time

# Where the fields stand whose reading depends on the reader.
_SIZE_FIELD = slice(124, 136)
_MAGIC_FIELD = slice(257, 263)
_PREFIX_FIELD = slice(345, 500)
_STAR_FIELD = slice(508, 512)
_OCTAL = re.compile(rb" *[0-7]+[ \0]*")  # int() would take signs, underscores and 0o as well
_BASE_256 = (b"\x80", b"\xff")  # positive, negative
_POSIX_MAGIC = b"ustar\0"
_CHARSETS = {"ISO-IR 10646 2000 UTF-8", "BINARY"}
_REAL_SIZE, _SPARSE = "SCHILY.realsize", "GNU.sparse."


class TarMember(NamedTuple):
    """One member of a tar; folders end with ``/``. Size in bytes; ``refused`` where it is no file or folder."""

    name: str
    size: int
    mode: int
    refused: Code | None = None


class _Said(NamedTuple):
    """What extended headers say of the next member: its name, its size in decimal."""

    name: str | None = None
    size: str | None = None


_NOTHING = _Said()


class Tar:
    """A tar read once, from its first block to its last."""

    def __init__(self, stream: Gunzip, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._unread = 0  # blocks of the current member's data, in bytes
        self._members = 0
        self._names_size = 0

    def __iter__(self) -> Iterator[TarMember]:
        """Yield members in order, links and devices marked as refused. Raises BadDistribution."""
        said, awaited = _NOTHING, False
        while (header := self._next_header()) is not None:
            awaited = header.type in _EXTENDED
            if awaited:
                said = _joined(said, self._read_extended(header))
                continue
            if said.size not in {None, str(header.size)}:
                # one reader would believe the pax header, another the plain one
                bad_tar("a pax header changes the size of a member")
            yield self._member(header, said.name or header.name)
            self._skip()
            said = _NOTHING
        if awaited:  # Python's reader fails there, whatever the header says
            bad_tar("it ends after an extended header, without the member")

    def read(self, member: TarMember) -> bytes:
        """Return the data of the member just yielded; the caller has looked at its size."""
        data = self._stream.read(member.size)
        self._unread -= len(data)
        if len(data) != member.size:
            bad_tar("it ends in the middle of a member")
        return data

    def chunks(self, member: TarMember) -> Iterator[bytes]:
        """Yield the data of the member just yielded, piece by piece."""
        left = member.size
        while left:
            data = self._stream.read(min(left, _CHUNK))
            if not data:
                bad_tar("it ends in the middle of a member")
            self._unread -= len(data)
            left -= len(data)
            yield data

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
            bad_tar("a member has a negative size")
        _refuse_disputed(block)
        self._unread = -(-header.size // _BLOCK) * _BLOCK
        return header

    def _member(self, header: tarfile.TarInfo, name: str) -> TarMember:
        self._members += 1
        self._count_names(len(name))
        if header.type in _FILES:
            if name.endswith("/"):
                bad_tar("a file's name ends with '/'")
            return TarMember(name, header.size, header.mode)
        if header.type == tarfile.DIRTYPE and not header.size:
            return TarMember(name.rstrip("/") + "/", 0, header.mode)
        refused = Code.TAR_LINK if header.type in _LINKS else Code.TAR_SPECIAL_FILE
        if header.size or header.type in tarfile.GNU_TYPES:
            # readers differ about whether data follows
            raise BadDistribution(refused, special_file(name, refused))
        return TarMember(name, 0, header.mode, refused)

    def _read_extended(self, header: tarfile.TarInfo) -> _Said:
        """Return what an extended header says of the member that follows."""
        if header.size > MAX_EXTENDED_BYTES:
            bad_tar(f"an extended header is longer than {MAX_EXTENDED_BYTES // KIB} KiB")
        self._count_names(max(header.size, _BLOCK // 2))
        data = self._stream.read(header.size)
        if len(data) != header.size:
            bad_tar("it ends in the middle of a header")
        self._unread -= len(data)
        self._skip()
        if header.type == tarfile.GNUTYPE_LONGNAME:
            return _Said(data.partition(b"\0")[0].decode("utf-8", "surrogateescape"))
        records = list(_pax_records(data))
        self._count_names(_RECORD_COST * max(len(records) - _USUAL_RECORDS, 0))
        return _pax_header(records, everywhere=header.type == tarfile.XGLTYPE)

    def _skip(self) -> None:
        while self._unread:
            part = self._stream.read(min(self._unread, _CHUNK))
            if not part:
                bad_tar("it ends in the middle of a member")
            self._unread -= len(part)

    def _finish(self) -> None:
        if self._stream.read(_BLOCK) != _ZEROS:
            bad_tar("it does not end with two empty blocks")
        while rest := self._stream.read(_CHUNK):
            if rest.strip(b"\0"):
                raise BadDistribution(
                    Code.TRAILING_BYTES,
                    "There are bytes after the end of the tar archive. Build the sdist again.",
                )

    def _count_names(self, size: int) -> None:
        self._names_size += size
        if self._members <= self._limits.members and self._names_size <= self._limits.directory:
            return
        raise BadDistribution(
            Code.TOO_MANY_MEMBERS,
            f"The archive has more than {self._limits.members} members or too long names.",
        )


def special_file(name: str, code: Code) -> str:
    """Say in a sentence that a member is a link, or something else that is no file and no folder."""
    if code is Code.TAR_LINK:
        return f"The member '{shown(name)}' is a link; sdists hold none. Pack the file that it points to."
    return f"The member '{shown(name)}' is neither a regular file nor a folder."


def bad_tar(what: str) -> NoReturn:
    """Refuse a tar whose parts do not fit together, or that two readers would read in two ways."""
    raise BadDistribution(
        Code.BAD_TAR, f"The tar archive does not hold together: {what}. Build the sdist again."
    )


def _refuse_disputed(block: bytes) -> None:
    """Refuse headers that tar, libarchive and tarfile read differently: odd numbers, half a name elsewhere."""
    number = block[_SIZE_FIELD]
    if not number.startswith(_BASE_256) and not _OCTAL.fullmatch(number):
        bad_tar("a member's size is not an octal number")
    star = block[_STAR_FIELD] == b"tar\0"
    if block[_PREFIX_FIELD].strip(b"\0") and (block[_MAGIC_FIELD] != _POSIX_MAGIC or star):
        bad_tar("a member has the first half of its name in a header of a format that has no such field")


def _joined(said: _Said, more: _Said) -> _Said:
    """Put together what several extended headers say of one member; none may speak of what another did."""
    if more.name == "" or any(
        one is not None and two is not None for one, two in zip(said, more, strict=True)
    ):
        bad_tar("a member has an empty name or two long ones")
    return _Said(said.name or more.name, said.size or more.size)


def _pax_header(records: list[tuple[str, str]], *, everywhere: bool) -> _Said:
    fields = dict(records)
    if any(key == _REAL_SIZE or key.startswith(_SPARSE) for key in fields):
        bad_tar("a pax header changes the size of a member")
    if fields.get("hdrcharset", "BINARY") not in _CHARSETS:
        bad_tar("a pax header spells names in another encoding than UTF-8")
    said = [key for key, _ in records if key in {"path", "size"}]
    if len(said) != len(set(said)):
        bad_tar("a member has an empty name or two long ones")
    if said and everywhere:
        bad_tar(f"a global header gives all members one {'name' if 'path' in said else 'size'}")
    return _Said(fields.get("path"), fields.get("size"))


def _pax_records(data: bytes) -> Iterator[tuple[str, str]]:
    """Walk the records of a pax header (POSIX.1-2001): ``LENGTH KEY=VALUE`` and a line feed."""
    position = 0
    while position < len(data):
        space = data.find(b" ", position, position + _MAX_LENGTH_DIGITS + 1)
        digits = data[position : max(space, position)]
        if not digits.isdigit():  # also where no space follows: without a length there is no next record
            bad_tar("a pax header is malformed")
        end = position + int(digits)
        key, equals, value = data[space + 1 : end].partition(b"=")
        if end > len(data) or not equals or not value.endswith(b"\n"):
            bad_tar("a pax header is malformed")
        yield key.decode("utf-8", "surrogateescape"), value[:-1].decode("utf-8", "surrogateescape")
        position = end
