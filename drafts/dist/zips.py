"""ZIP archives (APPNOTE 6.3) read strictly: the central directory, local headers, one member's bytes."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from .errors import BadDistribution, Code, shown
from .limits import DEFLATE_RATIO, KIB, MAX_EXTRA_FIELDS
from .zipends import FULL_32, bad_framing, read_at, read_end

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .archives import Readable
    from .limits import Limits

STORED, DEFLATED = 0, 8
ENCRYPTED, DATA_DESCRIPTOR, UTF8 = 0x1, 0x8, 0x800
DEFLATE_LEVEL = 0x6  # a hint about how hard the compressor tried

_CENTRAL = struct.Struct("<4s6H3L5H2L")
_CENTRAL_SIGNATURE = b"PK\x01\x02"
_LOCAL = struct.Struct("<4s5H3L2H")
_LOCAL_SIGNATURE = b"PK\x03\x04"
_ZIP64_EXTRA = 0x0001


class Claims(NamedTuple):
    """What both headers of a member say of it, and must say alike; sizes in bytes, times as MS-DOS writes them."""

    raw_name: bytes
    flags: int
    method: int
    time: int
    date: int
    crc: int
    compressed: int
    size: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One member as the central directory declares it; ``offset`` in bytes, ``needs`` the version times ten."""

    name: str
    claims: Claims
    offset: int
    extra: bytes
    has_comment: bool
    mode: int
    needs: int

    @property
    def flags(self) -> int:
        return self.claims.flags

    @property
    def method(self) -> int:
        return self.claims.method

    @property
    def compressed(self) -> int:
        return self.claims.compressed

    @property
    def size(self) -> int:
        return self.claims.size


@dataclass(frozen=True, slots=True)
class Zip:
    """An archive whose end records and central directory could be read; ``start`` is where the latter begins."""

    file: Readable
    size: int
    start: int
    entries: tuple[Entry, ...]


class LocalHeader(NamedTuple):
    """What stands before a member's data, and how many bytes it takes."""

    claims: Claims
    extra: bytes
    length: int


def read_zip(file: Readable, limits: Limits) -> Zip:
    """Read an archive's directory. Raises BadDistribution for what is no archive or leaves no firm ground."""
    size = file.seek(0, 2)
    end = read_end(file, size)
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
        bad_framing("the central directory does not end where the end record begins")
    directory = read_at(file, end.directory_start, end.directory_size)
    entries = tuple(_central_headers(directory))
    if len(entries) != end.members:
        bad_framing(f"its end record counts {end.members} members, its directory holds {len(entries)}")
    return Zip(file, size, end.directory_start, entries)


def read_local_header(archive: Zip, entry: Entry) -> LocalHeader:
    """Read the header before a member's data. Raises BadDistribution where there is none."""
    fixed = read_at(archive.file, entry.offset, _LOCAL.size)
    signature, _, flags, method, time, date, crc, compressed, size, *lengths = _LOCAL.unpack(fixed)
    if signature != _LOCAL_SIGNATURE:
        bad_framing(f"there is no member where the directory says that '{shown(entry.name)}' begins")
    variable = read_at(archive.file, entry.offset + _LOCAL.size, sum(lengths))
    raw_name, extra = variable[: lengths[0]], variable[lengths[0] :]
    size, compressed = _widen(extra, size, compressed)
    claims = Claims(raw_name, flags, method, time, date, crc, compressed, size)
    return LocalHeader(claims, extra, _LOCAL.size + len(variable))


def extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """Walk a header's extra fields as ``(id, data)``. Raises BadDistribution when they do not add up."""
    position = count = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        position += 4
        count += 1
        if position + length > len(extra):
            bad_framing("an extra field is longer than its header allows")
        if count > MAX_EXTRA_FIELDS:
            bad_framing(f"a header has more than {MAX_EXTRA_FIELDS} extra fields")
        yield kind, extra[position : position + length]
        position += length
    if extra[position:].strip(b"\0"):  # some tools align with up to three zero bytes
        bad_framing("bytes follow the extra fields of a header")


def impossible_sizes(entry: Entry) -> str | None:
    """Say why a member's two sizes cannot both be true of its method, if they cannot (RFC 1951)."""
    if entry.method == STORED and entry.size != entry.compressed:
        return f"is stored, but declared with {entry.compressed} and with {entry.size} bytes"
    if entry.method == DEFLATED and entry.size > DEFLATE_RATIO * entry.compressed:
        return f"is declared with {entry.size} bytes, more than its {entry.compressed} can inflate to"
    # deflate adds 5 bytes to 16 KiB that it cannot shrink
    if entry.compressed > entry.size + entry.size // 1000 + 64 * KIB:
        return f"takes {entry.compressed} bytes, though it is declared with {entry.size}"
    return None


def read_member(archive: Zip, entry: Entry, limit: int) -> bytes:
    """Inflate one member of possible sizes in memory, trusting none of them. Raises BadDistribution.

    At most ``limit`` bytes are returned; length and CRC-32 must be as declared.
    """
    if entry.size > limit:
        _bad_data(entry, f"is {entry.size} bytes long; at most {limit} are read")
    header = read_local_header(archive, entry)
    data = read_at(archive.file, entry.offset + header.length, entry.compressed)
    if entry.method == DEFLATED:
        data = _inflate(entry, data)
    if len(data) != entry.size:
        _bad_data(entry, f"is declared with {entry.size} bytes but has another length")
    if zlib.crc32(data) != entry.claims.crc:
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


def _central_headers(directory: bytes) -> Iterator[Entry]:
    position = 0
    while position < len(directory):
        if position + _CENTRAL.size > len(directory):
            bad_framing("its directory ends in the middle of a header")
        fixed = _CENTRAL.unpack_from(directory, position)
        if fixed[0] != _CENTRAL_SIGNATURE:
            bad_framing("its directory holds something that is no header")
        lengths = fixed[10:13]
        position += _CENTRAL.size
        variable = directory[position : position + sum(lengths)]
        position += sum(lengths)
        if position > len(directory):
            bad_framing("its directory ends in the middle of a header")
        yield _entry(fixed, variable)


def _entry(fixed: tuple[Any, ...], variable: bytes) -> Entry:
    _, _, needs, flags, method, time, date, crc, compressed, size, *lengths, disk, _, attributes, offset = (
        fixed
    )
    name_length, extra_length, comment_length = lengths
    if disk:
        bad_framing("it claims to span several disks")
    raw_name = variable[:name_length]
    extra = variable[name_length : name_length + extra_length]
    size, compressed, offset = _widen(extra, size, compressed, offset)
    name = raw_name.decode("utf-8", "surrogateescape")
    claims = Claims(raw_name, flags, method, time, date, crc, compressed, size)
    return Entry(name, claims, offset, extra, comment_length > 0, attributes >> 16, needs & 0xFF)


def _widen(extra: bytes, *narrow: int) -> tuple[int, ...]:
    """Replace each full 32-bit field by its 64-bit value from the ZIP64 extra field, in their fixed order.

    The extra field holds what is announced and no more: readers differ in what they make of the rest.
    """
    fields = [data for kind, data in extra_fields(extra) if kind == _ZIP64_EXTRA]
    announced = 8 * narrow.count(FULL_32)
    wide = fields[0] if fields else b""
    if len(wide) < announced:
        bad_framing("a header lacks the ZIP64 sizes that it announces")
    if len(fields) > 1 or len(wide) > announced:
        bad_framing("a header has ZIP64 sizes that it does not announce")
    values = iter(struct.unpack(f"<{announced // 8}Q", wide))
    return tuple(next(values) if field == FULL_32 else field for field in narrow)


def _bad_data(entry: Entry, what: str) -> NoReturn:
    raise BadDistribution(Code.BAD_MEMBER_DATA, f"The member '{shown(entry.name)}' {what}.")
