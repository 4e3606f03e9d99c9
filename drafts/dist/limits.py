"""How much of a file is read before it is refused: counts and sizes, so that a file has one answer everywhere."""

from __future__ import annotations

from dataclasses import dataclass

KIB, MIB = 1024, 1024 * 1024

# Any archive.
MAX_PATH_BYTES = 1024  # of one member's name, in UTF-8; macOS opens no longer path
MAX_PART_BYTES = 255  # of one folder or file in it; no file system takes more
# ZIP.
MAX_EXTRA_FIELDS = 32  # of one header; tools write four at most
DEFLATE_RATIO = 1032  # most bytes that one byte of a deflate stream (RFC 1951) can stand for
# Tar.
MAX_EXTENDED_BYTES = 64 * KIB  # of one pax header or GNU long name
# The text files of .dist-info.
MAX_WHEEL_FILE_BYTES = 64 * KIB
MAX_RECORD_LINE_BYTES = 4 * KIB
MAX_METADATA_LINES = 20_000  # of the header block; the largest real ones have some thousand Requires-Dist
MAX_METADATA_FIELDS = 100  # different fields; the standard knows 33
MAX_METADATA_VALUE = 64 * KIB  # characters of any one value but the description and the licence text
MAX_METADATA_ERRORS = 20  # sentences about one METADATA
MAX_REFUSALS_OF_A_KIND = 5  # a hundred thousand sentences help nobody


# What opening one distribution adds to a process's memory at most, in bytes, with the limits below. Nothing in
# the program looks at it: the tests open files made to exhaust it inside a fence of this size.
MEMORY = 192 * MIB


@dataclass(frozen=True, slots=True)
class Limits:
    """What an operator's tests may make smaller. All sizes in bytes, ``members`` and ``ratio`` are counts."""

    members: int = 100_000
    directory: int = 16 * MIB  # ZIP central directory, or all member names and extended headers of a tar
    metadata: int = 1 * MIB
    record: int = 16 * MIB
    free: int = 64 * MIB
    ratio: int = 50

    def inflated(self, size: int) -> int:
        """Most bytes that an archive of ``size`` bytes may inflate to."""
        return max(self.free, self.ratio * size)
