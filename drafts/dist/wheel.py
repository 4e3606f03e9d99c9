"""Wheels: one function for each rule about the archive, and the three files of ``.dist-info``."""

from __future__ import annotations

import csv
import io
from email.parser import HeaderParser
from itertools import chain
from typing import TYPE_CHECKING

from . import zips
from .archives import Contents, Limits, Member, duplicate_names, first_few, unportable_names, unsafe_names
from .errors import BadDistribution, Code, Refusal, refuse_if_any, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .archives import Readable
    from .names import FileName
    from .zips import Entry, Zip

_REQUIRED = ("WHEEL", "METADATA", "RECORD")
_KNOWN_FLAGS = zips.ENCRYPTED | zips.DATA_DESCRIPTOR | zips.UTF8 | zips.DEFLATE_LEVEL
_UNICODE_PATH, _UNICODE_COMMENT = 0x7075, 0x6375
_MAX_WHEEL_FILE = 64 * 1024
_RECORD_COLUMNS = 3


def read_wheel(file: Readable, name: FileName, limits: Limits) -> Contents:
    """Read a wheel's members and METADATA, nothing else inflated but WHEEL and RECORD. Raises BadDistribution."""
    archive = zips.read_zip(file, limits)
    found = chain.from_iterable(first_few(check(archive)) for check in CHECKS)
    refuse_if_any(chain(found, inflates_too_much(archive, limits), dist_info(archive, name)))
    inside = {
        entry.name: entry for entry in archive.entries if entry.name.startswith(f"{name.stem}.dist-info/")
    }
    wheel, metadata, record = (inside[f"{name.stem}.dist-info/{required}"] for required in _REQUIRED)
    refuse_if_any(
        chain(
            wheel_file(zips.read_member(archive, wheel, _MAX_WHEEL_FILE)),
            record_file(zips.read_member(archive, record, limits.record)),
        )
    )
    if metadata.size > limits.metadata:
        raise BadDistribution(
            Code.METADATA_TOO_LARGE,
            f"METADATA is {metadata.size} bytes long; at most {limits.metadata} are read.",
        )
    members = tuple(Member(entry.name, entry.size, entry.mode) for entry in archive.entries)
    return Contents(zips.read_member(archive, metadata, limits.metadata), members)


def member_names(archive: Zip) -> Iterator[Refusal]:
    """Names are UTF-8, printable, relative, and writable everywhere."""
    for entry in archive.entries:
        if not entry.raw_name.isascii() and not entry.flags & zips.UTF8:
            yield Refusal(
                Code.BAD_MEMBER_NAME, f"The member '{shown(entry.name)}' does not say that its name is UTF-8."
            )
    names = [entry.name for entry in archive.entries]
    yield from unsafe_names(names)
    yield from unportable_names(names)


def members_once(archive: Zip) -> Iterator[Refusal]:
    """No two members have one name, also where case does not count."""
    yield from duplicate_names((entry.name for entry in archive.entries), fold_case=True)


def compression(archive: Zip) -> Iterator[Refusal]:
    """Members are stored or deflated, in the clear, and stored ones are as long as they are."""
    for entry in archive.entries:
        if entry.flags & zips.ENCRYPTED:
            yield Refusal(Code.ZIP_ENCRYPTED, f"The member '{shown(entry.name)}' is encrypted.")
        elif entry.method not in {zips.STORED, zips.DEFLATED}:
            yield Refusal(
                Code.ZIP_FEATURE, f"The member '{shown(entry.name)}' is neither stored nor deflated."
            )
        elif entry.method == zips.STORED and entry.size != entry.compressed:
            yield Refusal(Code.ZIP_FRAMING, f"The member '{shown(entry.name)}' is stored with two sizes.")


def streamed(archive: Zip) -> Iterator[Refusal]:
    """Sizes stand before the data, not after it."""
    for entry in archive.entries:
        if entry.flags & zips.DATA_DESCRIPTOR:
            yield Refusal(
                Code.ZIP_DATA_DESCRIPTOR,
                f"The size of '{shown(entry.name)}' stands after its data: your builder wrote to a pipe.",
            )


def rare_features(archive: Zip) -> Iterator[Refusal]:
    """No comments on members, no second names in extra fields, no flags that wheels have no use for."""
    for entry in archive.entries:
        if entry.has_comment:
            yield Refusal(Code.ZIP_COMMENT, f"The member '{shown(entry.name)}' has a comment.")
        if any(kind in {_UNICODE_PATH, _UNICODE_COMMENT} for kind, _ in zips.extra_fields(entry.extra)):
            yield Refusal(
                Code.ZIP_FEATURE, f"The member '{shown(entry.name)}' has a second name in an extra field."
            )
        if entry.flags & ~_KNOWN_FLAGS:
            yield Refusal(
                Code.ZIP_FEATURE,
                f"The member '{shown(entry.name)}' uses a ZIP feature that is not supported.",
            )


def framing(archive: Zip) -> Iterator[Refusal]:
    """From the first byte to the directory there are members back to back, each as the directory declares it."""
    position = 0
    for entry in sorted(archive.entries, key=lambda entry: entry.offset):
        name = shown(entry.name)
        if entry.offset != position:
            yield Refusal(
                Code.ZIP_FRAMING, f"The member '{name}' does not begin where the one before it ends."
            )
            return
        if entry.flags & zips.DATA_DESCRIPTOR:
            return  # its local header declares nothing; that has its own refusal
        try:
            header = zips.read_local_header(archive, entry)
        except BadDistribution as error:
            yield from error.refusals
            return
        if header[:6] != _declared(entry):
            yield Refusal(Code.ZIP_FRAMING, f"The member '{name}' is described in two ways in the archive.")
            return
        position += header.length + entry.compressed
    if position != archive.start:
        yield Refusal(Code.ZIP_FRAMING, "There are bytes between the archive's members and its directory.")


def inflates_too_much(archive: Zip, limits: Limits) -> Iterator[Refusal]:
    """Declared sizes stay under the limits in total."""
    total = sum(entry.size for entry in archive.entries)
    if total > limits.inflated(archive.size):
        yield Refusal(
            Code.INFLATES_TOO_MUCH,
            f"The archive of {archive.size} bytes inflates to {total}; "
            f"at most {limits.inflated(archive.size)} are accepted.",
        )


def dist_info(archive: Zip, name: FileName) -> Iterator[Refusal]:
    """There is one ``.dist-info``, spelled as in the file name, with WHEEL, METADATA and RECORD."""
    expected = f"{name.stem}.dist-info"
    tops = {entry.name.partition("/")[0] for entry in archive.entries}
    folders = sorted(top for top in tops if top.casefold().endswith(".dist-info"))
    if folders != [expected]:
        found = ", ".join(f"'{shown(folder)}'" for folder in folders[:3]) or "none"
        yield Refusal(
            Code.BAD_DIST_INFO, f"A wheel has exactly one folder '{expected}' at its top; found: {found}."
        )
        return
    present = {entry.name for entry in archive.entries}
    for required in _REQUIRED:
        if f"{expected}/{required}" not in present:
            yield Refusal(Code.MISSING_MEMBER, f"The wheel lacks '{expected}/{required}'.")


def wheel_file(data: bytes) -> Iterator[Refusal]:
    """WHEEL is UTF-8 and declares version 1 of the binary distribution format."""
    text = _decoded(data)
    version = HeaderParser().parsestr(text).get("Wheel-Version", "") if text is not None else ""
    if version.strip().partition(".")[0] != "1":
        yield Refusal(
            Code.BAD_WHEEL_FILE, f"WHEEL declares the Wheel-Version '{shown(version)}'; expected 1.0."
        )


def record_file(data: bytes) -> Iterator[Refusal]:
    """RECORD is UTF-8 and a table of path, digest and size."""
    text = _decoded(data)
    rows = csv.reader(io.StringIO(text or "", newline=""))
    try:
        sound = bool(text) and all(len(row) == _RECORD_COLUMNS and row[0] for row in rows if row)
    except csv.Error:
        sound = False
    if not sound:
        yield Refusal(Code.BAD_RECORD, "RECORD is not a UTF-8 table (CSV) of path, digest and size.")


def _declared(entry: Entry) -> tuple[bytes, int, int, int, int, int]:
    return entry.raw_name, entry.flags, entry.method, entry.crc, entry.compressed, entry.size


def _decoded(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


CHECKS: tuple[Callable[[Zip], Iterator[Refusal]], ...] = (
    member_names,
    members_once,
    compression,
    streamed,
    rare_features,
    framing,
)
