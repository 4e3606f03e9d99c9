"""Wheels: one function for each rule about the archive, and its ``.dist-info``."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from . import zips
from .archives import Contents, Member
from .distinfo import record_file, wheel_file
from .errors import BadDistribution, Code, Refusal, shown
from .limits import MAX_WHEEL_FILE_BYTES
from .paths import bad_names, duplicate_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .archives import Readable
    from .errors import Findings
    from .limits import Limits
    from .names import FileName
    from .zips import Entry, LocalHeader, Zip

_REQUIRED = ("WHEEL", "METADATA", "RECORD")
_KNOWN_FLAGS = zips.ENCRYPTED | zips.DATA_DESCRIPTOR | zips.UTF8 | zips.DEFLATE_LEVEL
_UNICODE_PATH, _UNICODE_COMMENT = 0x7075, 0x6375
_NEWEST_FORMAT = 63  # APPNOTE 6.3; zipfile, and so pip, opens nothing newer
# What a member's two headers must say alike, in the order of Claims.
_SAID_TWICE = ("name", "flags", "method", "time", "date", "CRC-32", "compressed size", "size")


def read_wheel(file: Readable, name: FileName, limits: Limits, findings: Findings) -> Contents:
    """Read a wheel's members and METADATA, nothing else inflated but WHEEL and RECORD.

    Raises BadDistribution where reading cannot go on; what else is wrong is added to ``findings``.
    """
    archive = zips.read_zip(file, limits)
    for check in CHECKS:
        findings.add(check(archive))
    firm = not any([findings.add(check(archive)) for check in GROUND])  # noqa: C419  each is asked, whatever the others found
    findings.add(inflates_too_much(archive, limits))
    complete = not findings.add(dist_info(archive, name))
    members = tuple(Member(entry.name, entry.size, entry.mode) for entry in archive.entries)
    if not (firm and complete):
        findings.refuse()
    return Contents(_read_dist_info(archive, name, limits, findings), members)


def _read_dist_info(archive: Zip, name: FileName, limits: Limits, findings: Findings) -> bytes | None:
    """Judge WHEEL and RECORD, and return METADATA, or None when it cannot be read."""
    folder = f"{name.stem}.dist-info"
    inside = {entry.name: entry for entry in archive.entries if entry.name.startswith(f"{folder}/")}
    wheel, metadata, record = (inside[f"{folder}/{required}"] for required in _REQUIRED)
    with findings.caught():
        findings.add(wheel_file(zips.read_member(archive, wheel, MAX_WHEEL_FILE_BYTES)))
    with findings.caught():
        findings.add(record_file(zips.read_member(archive, record, limits.record), 2 * limits.members))
    with findings.caught():
        if metadata.size <= limits.metadata:
            return zips.read_member(archive, metadata, limits.metadata)
        raise BadDistribution(
            Code.METADATA_TOO_LARGE,
            f"METADATA is {metadata.size} bytes long; at most {limits.metadata} are read.",
        )
    return None


def member_names(archive: Zip) -> Iterator[Refusal]:
    """Names are UTF-8, printable, relative, and writable everywhere."""
    for entry in archive.entries:
        if not entry.claims.raw_name.isascii() and not entry.flags & zips.UTF8:
            yield Refusal(
                Code.BAD_MEMBER_NAME, f"The member '{shown(entry.name)}' does not say that its name is UTF-8."
            )
    yield from bad_names((entry.name for entry in archive.entries), everywhere=True)


def members_once(archive: Zip) -> Iterator[Refusal]:
    """No two members have one name, also where case does not count."""
    yield from duplicate_names((entry.name for entry in archive.entries), fold_case=True)


def compression(archive: Zip) -> Iterator[Refusal]:
    """Members are stored or deflated, in the clear."""
    for entry in archive.entries:
        if entry.flags & zips.ENCRYPTED:
            yield Refusal(Code.ZIP_ENCRYPTED, f"The member '{shown(entry.name)}' is encrypted.")
        elif entry.method not in {zips.STORED, zips.DEFLATED}:
            yield Refusal(
                Code.ZIP_FEATURE,
                f"The member '{shown(entry.name)}' is compressed with method {entry.method}; "
                "wheels are stored or deflated.",
            )


def sizes(archive: Zip) -> Iterator[Refusal]:
    """The two sizes of a member can both be true, and folders hold no data."""
    for entry in archive.entries:
        wrong = zips.impossible_sizes(entry)
        if wrong:
            code = Code.ZIP_FRAMING if entry.method == zips.STORED else Code.BAD_MEMBER_DATA
            yield Refusal(code, f"The member '{shown(entry.name)}' {wrong}.")
        elif entry.name.endswith("/") and entry.size:
            yield Refusal(
                Code.BAD_MEMBER_DATA, f"The folder '{shown(entry.name)}' holds {entry.size} bytes of its own."
            )


def streamed(archive: Zip) -> Iterator[Refusal]:
    """Sizes stand before the data, not after it."""
    for entry in archive.entries:
        if entry.flags & zips.DATA_DESCRIPTOR:
            yield Refusal(
                Code.ZIP_DATA_DESCRIPTOR,
                f"The size of '{shown(entry.name)}' stands after its data: your builder wrote to a pipe. "
                "Write the wheel to a file that can seek.",
            )


def special_files(archive: Zip) -> Iterator[Refusal]:
    """Members are files and folders, whatever their mode bits say."""
    for entry in archive.entries:
        kind = stat.S_IFMT(entry.mode)
        folder = kind == stat.S_IFDIR
        if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
            what = "is a link or device by its mode; wheels hold files and folders"
        elif folder and not entry.name.endswith("/"):
            what = "is a folder by its mode and a file by its name"
        else:
            continue
        yield Refusal(Code.ZIP_SPECIAL_FILE, f"The member '{shown(entry.name)}' {what}.")


def rare_features(archive: Zip) -> Iterator[Refusal]:
    """No comments on members, no second names in extra fields, nothing that wheels have no use for."""
    for entry in archive.entries:
        if entry.has_comment:
            yield Refusal(Code.ZIP_COMMENT, f"The member '{shown(entry.name)}' has a comment.")
        yield from _second_name(entry, entry.extra)
        if entry.flags & ~_KNOWN_FLAGS or entry.needs > _NEWEST_FORMAT:
            yield Refusal(
                Code.ZIP_FEATURE,
                f"The member '{shown(entry.name)}' uses a ZIP feature that wheels have no use for "
                f"(flags {entry.flags:#06x}, version {entry.needs / 10}).",
            )


def framing(archive: Zip) -> Iterator[Refusal]:
    """From the first byte to the directory there are members back to back, each as the directory declares it."""
    position = 0
    for entry in sorted(archive.entries, key=lambda entry: entry.offset):
        if entry.offset != position:
            yield Refusal(
                Code.ZIP_FRAMING,
                f"The member '{shown(entry.name)}' does not begin where the one before it ends.",
            )
            return
        if entry.flags & zips.DATA_DESCRIPTOR:
            return  # its local header declares nothing; that has its own refusal
        try:
            header = zips.read_local_header(archive, entry)
        except BadDistribution as error:
            yield from error.refusals
            return
        yield from _described_twice(entry, header)
        yield from _second_name(entry, header.extra)
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


def _described_twice(entry: Entry, header: LocalHeader) -> Iterator[Refusal]:
    pairs = zip(_SAID_TWICE, entry.claims, header.claims, strict=True)
    different = [what for what, central, local in pairs if central != local]
    if different:
        yield Refusal(
            Code.ZIP_FRAMING,
            f"The member '{shown(entry.name)}' is described in two ways in the archive: "
            f"its own header and the directory differ in {', '.join(different)}.",
        )


def _second_name(entry: Entry, extra: bytes) -> Iterator[Refusal]:
    if any(kind in {_UNICODE_PATH, _UNICODE_COMMENT} for kind, _ in zips.extra_fields(extra)):
        yield Refusal(
            Code.ZIP_FEATURE, f"The member '{shown(entry.name)}' has a second name in an extra field."
        )


CHECKS: tuple[Callable[[Zip], Iterator[Refusal]], ...] = (
    member_names,
    members_once,
    streamed,
    special_files,
    rare_features,
)
# Without these no member can be read.
GROUND: tuple[Callable[[Zip], Iterator[Refusal]], ...] = (compression, sizes, framing)
