"""The end of a ZIP archive (APPNOTE 6.3, 4.3.14 to 4.3.16): where its directory lies, said once or twice alike."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from .errors import BadDistribution, Code

if TYPE_CHECKING:
    from .archives import Readable

_END = struct.Struct("<4s4H2LH")
_END_SIGNATURE = b"PK\x05\x06"
_LOCATOR = struct.Struct("<4sLQL")
_LOCATOR_SIGNATURE = b"PK\x06\x07"
_END_64 = struct.Struct("<4sQ2H2L4Q")
_END_64_SIGNATURE = b"PK\x06\x06"
_END_64_REST = _END_64.size - 12  # what the record says of its own length
FULL_16, FULL_32 = 0xFFFF, 0xFFFFFFFF
_CHUNK = 64 * 1024


class End(NamedTuple):
    """What the end records say: their own position, the directory's members, size and start in bytes."""

    position: int
    members: int
    directory_size: int
    directory_start: int


def read_end(file: Readable, size: int) -> End:
    """Read the end record of a file of ``size`` bytes, and the ZIP64 one if there is one. Raises BadDistribution."""
    position = size - _END.size
    if position < 0:
        raise BadDistribution(Code.NOT_A_ZIP, "The file is too short to be a ZIP archive.")
    tail = read_at(file, position, _END.size)
    signature, disk, start_disk, count_here, count, length, start, comment = _END.unpack(tail)
    if signature != _END_SIGNATURE or comment:
        _explain_missing_end(file, size)
    numbers = (disk, start_disk, count_here, count, length, start)
    if position >= _LOCATOR.size + _END_64.size:
        locator = read_at(file, position - _LOCATOR.size, _LOCATOR.size)
        if locator.startswith(_LOCATOR_SIGNATURE):
            position -= _LOCATOR.size + _END_64.size
            numbers = _read_end_64(file, position, locator, numbers)
    disk, start_disk, count_here, count, length, start = numbers
    if disk or start_disk or count_here != count:
        bad_framing("it claims to span several disks")
    return End(position, count, length, start)


def read_at(file: Readable, position: int, size: int) -> bytes:
    """Return exactly ``size`` bytes from ``position``. Raises BadDistribution where the file ends before."""
    file.seek(position)
    parts = []
    while size:
        part = file.read(min(size, _CHUNK))
        if not part:
            bad_framing("it ends in the middle of a record")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def bad_framing(what: str) -> NoReturn:
    """Refuse an archive whose parts do not fit together."""
    raise BadDistribution(
        Code.ZIP_FRAMING, f"The ZIP archive does not hold together: {what}. Build the wheel again."
    )


def _read_end_64(
    file: Readable, position: int, locator: bytes, short: tuple[int, ...]
) -> tuple[int, int, int, int, int, int]:
    _, locator_disk, where, disks = _LOCATOR.unpack(locator)
    record = _END_64.unpack(read_at(file, position, _END_64.size))
    signature, rest, _, _, *wide = record
    if (signature, rest) != (_END_64_SIGNATURE, _END_64_REST) or where != position:
        bad_framing("its ZIP64 end record is not where its locator says")
    if locator_disk or disks > 1:
        bad_framing("it claims to span several disks")
    full = (FULL_16, FULL_16, FULL_16, FULL_16, FULL_32, FULL_32)
    if any(narrow not in (limit, value) for narrow, limit, value in zip(short, full, wide, strict=True)):
        bad_framing("its two end records disagree")
    disk, start_disk, count_here, count, length, start = wide
    return disk, start_disk, count_here, count, length, start


def _explain_missing_end(file: Readable, size: int) -> NoReturn:
    reach = min(size, FULL_16 + _END.size)
    if _END_SIGNATURE in read_at(file, size - reach, reach):
        raise BadDistribution(
            Code.ZIP_COMMENT,
            "The archive has a comment or bytes after its end record; a wheel ends with that record.",
        )
    raise BadDistribution(Code.NOT_A_ZIP, "The file is not a ZIP archive: it has no end record.")
