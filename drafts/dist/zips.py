"""ZIP archives (APPNOTE 6.3) read strictly: the end records, the central directory, one member's bytes."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from .errors import BadDistribution, Code, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .archives import Limits, Readable

STORED, DEFLATED = 0, 8
ENCRYPTED, DATA_DESCRIPTOR, UTF8 = 0x1, 0x8, 0x800
DEFLATE_LEVEL = 0x6  # a hint about how hard the compressor tried

_END = struct.Struct("<4s4H2LH")
_END_SIGNATURE = b"PK\x05\x06"
_LOCATOR = struct.Struct("<4sLQL")
_LOCATOR_SIGNATURE = b"PK\x06\x07"
_END_64 = struct.Struct("<4sQ2H2L4Q")
_END_64_SIGNATURE = b"PK\x06\x06"
_END_64_REST = _END_64.size - 12  # what the record says of its own length
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_CENTRAL_SIGNATURE = b"PK\x01\x02"
_LOCAL = struct.Struct("<4s5H3L2H")
_LOCAL_SIGNATURE = b"PK\x03\x04"
_FULL_16, _FULL_32 = 0xFFFF, 0xFFFFFFFF
_ZIP64_EXTRA = 0x0001
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One member as the central directory declares it; sizes and offset in bytes."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    offset: int
    extra: bytes
    has_comment: bool
    mode: int


@dataclass(frozen=True, slots=True)
class Zip:
    """An archive whose end records and central directory could be read; ``start`` is where the latter begins."""

    file: Readable
    size: int
    start: int
    entries: tuple[Entry, ...]


class LocalHeader(NamedTuple):
    """What stands before a member's data: the claims that must equal the central directory's."""

    raw_name: bytes
    flags: int
    method: int
    crc: int
    compressed: int
    size: int
    length: int


class _End(NamedTuple):
    position: int
    members: int
    directory_size: int
    directory_start: int


def read_zip(file: Readable, limits: Limits) -> Zip:
    """Read an archive's directory. Raises BadDistribution for what is no archive or leaves no firm ground."""
    size = file.seek(0, 2)
    end = _read_end(file, size)
    if end.members > limits.members:
        raise BadDistribution(
            Code.TOO_MANY_MEMBERS,
            f"The archive has {end.members} members; at most {limits.members} are read.",
        )
    if end.directory_size > limits.directory:
        raise BadDistribution(
            Code.TOO_MANY_MEMBERS,
            f"The archive's directory is {end.directory_size} bytes long; at most {limits.directory} are read.",
        )
    if end.directory_start + end.directory_size != end.position:
        _framing("the central directory does not end where the end record begins")
    directory = _read_at(file, end.directory_start, end.directory_size)
    entries = tuple(_central_headers(directory))
    if len(entries) != end.members:
        _framing(f"its end record counts {end.members} members, its directory holds {len(entries)}")
    return Zip(file, size, end.directory_start, entries)


def read_local_header(archive: Zip, entry: Entry) -> LocalHeader:
    """Read the header before a member's data. Raises BadDistribution where there is none."""
    fixed = _read_at(archive.file, entry.offset, _LOCAL.size)
    signature, _, flags, method, _, _, crc, compressed, size, name_length, extra_length = _LOCAL.unpack(fixed)
    if signature != _LOCAL_SIGNATURE:
        _framing(f"there is no member where the directory says that '{shown(entry.name)}' begins")
    variable = _read_at(archive.file, entry.offset + _LOCAL.size, name_length + extra_length)
    raw_name, extra = variable[:name_length], variable[name_length:]
    size, compressed = _widen(extra, size, compressed)
    return LocalHeader(raw_name, flags, method, crc, compressed, size, _LOCAL.size + len(variable))


def extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """Walk a header's extra fields as ``(id, data)``. Raises BadDistribution when they do not add up."""
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        position += 4
        if position + length > len(extra):
            _framing("an extra field is longer than its header allows")
        yield kind, extra[position : position + length]
        position += length
    if extra[position:].strip(b"\0"):  # some tools align with up to three zero bytes
        _framing("bytes follow the extra fields of a header")


def read_member(archive: Zip, entry: Entry, limit: int) -> bytes:
    """Inflate one member in memory, trusting no declared size. Raises BadDistribution.

    At most ``limit`` bytes are returned; length and CRC-32 must be as declared.
    """
    if entry.size > limit:
        _bad_data(entry, f"is {entry.size} bytes long; at most {limit} are read")
    if entry.compressed > limit + limit // 1000 + _CHUNK:  # deflate adds 5 bytes to 16 KiB it cannot shrink
        _bad_data(entry, f"is compressed to {entry.compressed} bytes, more than it may hold")
    header = read_local_header(archive, entry)
    data = _read_at(archive.file, entry.offset + header.length, entry.compressed)
    if entry.method == DEFLATED:
        data = _inflate(entry, data)
    elif entry.method != STORED:
        _bad_data(entry, "is neither stored nor deflated")
    if len(data) != entry.size:
        _bad_data(entry, f"is declared with {entry.size} bytes but has another length")
    if zlib.crc32(data) != entry.crc:
        _bad_data(entry, "does not have the CRC-32 that its header declares")
    return data


def _inflate(entry: Entry, data: bytes) -> bytes:
    inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    try:
        # one byte more than declared, so that a longer stream shows
        inflated = inflater.decompress(data, entry.size + 1)
    except zlib.error as error:
        raise BadDistribution(
            Code.BAD_MEMBER_DATA, f"The member '{shown(entry.name)}' cannot be inflated: {error}."
        ) from error
    if len(inflated) <= entry.size and (not inflater.eof or inflater.unused_data):
        _bad_data(entry, "does not end where its header says")
    return inflated


def _read_end(file: Readable, size: int) -> _End:
    position = size - _END.size
    if position < 0:
        raise BadDistribution(Code.NOT_A_ZIP, "The file is too short to be a ZIP archive.")
    tail = _read_at(file, position, _END.size)
    signature, disk, start_disk, count_here, count, length, start, comment = _END.unpack(tail)
    if signature != _END_SIGNATURE or comment:
        _explain_missing_end(file, size)
    numbers = (disk, start_disk, count_here, count, length, start)
    if position >= _LOCATOR.size + _END_64.size:
        locator = _read_at(file, position - _LOCATOR.size, _LOCATOR.size)
        if locator.startswith(_LOCATOR_SIGNATURE):
            position -= _LOCATOR.size + _END_64.size
            numbers = _read_end_64(file, position, locator, numbers)
    disk, start_disk, count_here, count, length, start = numbers
    if disk or start_disk or count_here != count:
        _framing("it claims to span several disks")
    return _End(position, count, length, start)


def _read_end_64(
    file: Readable, position: int, locator: bytes, short: tuple[int, ...]
) -> tuple[int, int, int, int, int, int]:
    _, locator_disk, where, disks = _LOCATOR.unpack(locator)
    record = _END_64.unpack(_read_at(file, position, _END_64.size))
    signature, rest, _, _, *wide = record
    if (signature, rest) != (_END_64_SIGNATURE, _END_64_REST) or where != position:
        _framing("its ZIP64 end record is not where its locator says")
    if locator_disk or disks > 1:
        _framing("it claims to span several disks")
    full = (_FULL_16, _FULL_16, _FULL_16, _FULL_16, _FULL_32, _FULL_32)
    if any(narrow not in (limit, value) for narrow, limit, value in zip(short, full, wide, strict=True)):
        _framing("its two end records disagree")
    disk, start_disk, count_here, count, length, start = wide
    return disk, start_disk, count_here, count, length, start


def _explain_missing_end(file: Readable, size: int) -> NoReturn:
    reach = min(size, _FULL_16 + _END.size)
    if _END_SIGNATURE in _read_at(file, size - reach, reach):
        raise BadDistribution(
            Code.ZIP_COMMENT,
            "The archive has a comment or bytes after its end record; a wheel ends with that record.",
        )
    raise BadDistribution(Code.NOT_A_ZIP, "The file is not a ZIP archive: it has no end record.")


def _central_headers(directory: bytes) -> Iterator[Entry]:
    position = 0
    while position < len(directory):
        if position + _CENTRAL.size > len(directory):
            _framing("its directory ends in the middle of a header")
        fixed = _CENTRAL.unpack_from(directory, position)
        if fixed[0] != _CENTRAL_SIGNATURE:
            _framing("its directory holds something that is no header")
        lengths = fixed[10:13]
        position += _CENTRAL.size
        variable = directory[position : position + sum(lengths)]
        position += sum(lengths)
        if position > len(directory):
            _framing("its directory ends in the middle of a header")
        yield _entry(fixed, variable)


def _entry(fixed: tuple[Any, ...], variable: bytes) -> Entry:
    _, _, _, flags, method, _, _, crc, compressed, size, *lengths, disk, _, attributes, offset = fixed
    name_length, extra_length, comment_length = lengths
    if disk:
        _framing("it claims to span several disks")
    raw_name = variable[:name_length]
    extra = variable[name_length : name_length + extra_length]
    size, compressed, offset = _widen(extra, size, compressed, offset)
    name = raw_name.decode("utf-8", "surrogateescape")
    mode = attributes >> 16
    return Entry(
        name, raw_name, flags, method, crc, compressed, size, offset, extra, comment_length > 0, mode
    )


def _widen(extra: bytes, *narrow: int) -> tuple[int, ...]:
    """Replace each full 32-bit field by its 64-bit value from the ZIP64 extra field, in their fixed order."""
    wide = b"".join(data for kind, data in extra_fields(extra) if kind == _ZIP64_EXTRA)
    if narrow.count(_FULL_32) * 8 > len(wide):
        _framing("a header lacks the ZIP64 sizes that it announces")
    values = iter(struct.unpack_from(f"<{narrow.count(_FULL_32)}Q", wide))
    return tuple(next(values) if field == _FULL_32 else field for field in narrow)


def _read_at(file: Readable, position: int, size: int) -> bytes:
    file.seek(position)
    parts = []
    while size:
        part = file.read(min(size, _CHUNK))
        if not part:
            _framing("it ends in the middle of a record")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _framing(what: str) -> NoReturn:
    raise BadDistribution(
        Code.ZIP_FRAMING, f"The ZIP archive does not hold together: {what}. Build the wheel again."
    )


def _bad_data(entry: Entry, what: str) -> NoReturn:
    raise BadDistribution(Code.BAD_MEMBER_DATA, f"The member '{shown(entry.name)}' {what}.")
