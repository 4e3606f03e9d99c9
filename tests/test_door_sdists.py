"""Source distributions that no two readers would read alike, or that hide something, each built by hand."""

import bz2
import lzma
import zlib

import pytest

from drafts.dist import Code
from tests import wheels
from tests.fuzz.targets import opens
from tests.refusals import codes, refusals
from tests.tarparts import (
    FILENAME,
    GNU,
    OLD,
    base256,
    gz,
    header,
    header_checksum,
    long_name,
    member,
    octal,
    pax,
    sdist,
    tar,
)
from tests.test_door_zip_framing import as_list

SOUND = tar(member("x", b"x"))
BAD, LINK, SPECIAL, NAME = Code.BAD_TAR, Code.TAR_LINK, Code.TAR_SPECIAL_FILE, Code.BAD_MEMBER_NAME
X = member("x", b"x")


def zipped(data):
    return wheels.Built(FILENAME, data)


REFUSED = {
    # gzip
    "nothing": (zipped(b""), Code.EMPTY_FILE),
    "one byte": (zipped(b"\x1f"), Code.NOT_GZIP),
    "a tar without gzip": (zipped(SOUND), Code.NOT_GZIP),
    "xz": (zipped(lzma.compress(SOUND)), Code.NOT_GZIP),
    "bzip2": (zipped(bz2.compress(SOUND)), Code.NOT_GZIP),
    "zlib": (zipped(zlib.compress(SOUND)), Code.NOT_GZIP),
    "a wheel": (zipped(wheels.wheel("a").data), Code.NOT_GZIP),
    "another method": (zipped(gz(SOUND, method=7)), Code.NOT_GZIP),
    "a header and nothing else": (zipped(gz(SOUND)[:10]), Code.NOT_GZIP),
    "cut in its data": (zipped(gz(SOUND)[:-20]), Code.NOT_GZIP),
    "cut in its checksum": (zipped(gz(SOUND)[:-5]), Code.NOT_GZIP),
    "another CRC-32": (zipped(gz(SOUND, crc=1)), Code.NOT_GZIP),
    "another length": (zipped(gz(SOUND, length=1)), Code.NOT_GZIP),
    "a header checksum that is wrong": (zipped(gz(SOUND, flags=2, fields=b"xx")), Code.NOT_GZIP),
    "a comment": (zipped(gz(SOUND, flags=16, fields=b"hello\0")), Code.GZIP_FEATURE),
    "a wheel in an extra field": (
        zipped(gz(SOUND, flags=4, fields=b"\x10\0" + b"ap\x0c\0" + b"PK\3\4hidden12")),
        Code.GZIP_FEATURE,
    ),
    "reserved bits": (zipped(gz(SOUND, flags=0x20)), Code.GZIP_FEATURE),
    "two members": (zipped(gz(SOUND[:512]) + gz(SOUND[512:])), Code.TRAILING_BYTES),
    "an empty member after it": (zipped(gz(SOUND) + gz(b"")), Code.TRAILING_BYTES),
    "another sdist after it": (zipped(gz(SOUND) * 2), Code.TRAILING_BYTES),
    "zeros after it": (zipped(gz(SOUND) + bytes(512)), Code.TRAILING_BYTES),
    "an empty stream": (zipped(gz(b"")), BAD),
    "a gzip in a gzip": (zipped(gz(gz(SOUND))), BAD),
    # the end
    "no end": (sdist(X, end=b""), BAD),
    "one empty block": (sdist(X, end=bytes(512)), BAD),
    "one empty block and a member": (sdist(X, end=bytes(512) + member("y") + bytes(1024)), BAD),
    "a member after the end": (sdist(X, end=bytes(1024) + member("y")), Code.TRAILING_BYTES),
    "a byte after the end": (sdist(X, end=bytes(10_240) + b"x"), Code.TRAILING_BYTES),
    "half a block": (sdist(X, end=member("y")[:300]), BAD),
    "data cut short": (sdist(member("y", size=9999)), BAD),
    "nothing but the end": (sdist(pkg_info=b""), Code.OUTSIDE_FOLDER),
    # headers
    "text": (sdist(b"x" * 512), BAD),
    "a wrong checksum": (sdist(header(checksum=b"000001\0 ")), BAD),
    "an empty checksum": (sdist(header(checksum=bytes(8))), BAD),
    "a negative size": (sdist(header(size=base256(-512, sign=b"\xff"))), BAD),
    "a size of 2^63": (sdist(header(size=base256(2**63))), BAD),
    "a size of 8 GiB": (sdist(header(size=base256(8 * 2**30))), BAD),
    "a size with a sign": (sdist(member(data=b"x", size=b"+0000000001\0")), BAD),
    "a size with a minus": (sdist(member(data=b"x", size=b"-0000000001\0")), BAD),
    "a size with an underscore": (sdist(member(data=b"x" * 8, size=b"0000000_10\0\0")), BAD),
    "a size with a prefix": (sdist(member(data=b"x" * 8, size=b"0o000000010\0")), BAD),
    "a size followed by another": (sdist(member(data=b"x", size=b"0000001\0999\0")), BAD),
    "a size in decimal": (sdist(member(data=b"x" * 9, size=b"00000000009\0")), BAD),
    "no size": (sdist(header(size=bytes(12))), BAD),
    "half a name in a GNU header": (sdist(member(b"x", magic=GNU, prefix=b"a-1.0")), BAD),
    "half a name in an old header": (sdist(member(b"x", magic=OLD, prefix=b"a-1.0")), BAD),
    "half a name in a star header": (sdist(member(b"x", prefix=b"a-1.0", pad=bytes(8) + b"tar\0")), BAD),
    # kinds
    "a hard link": (sdist(member(kind=b"1", link=b"/etc/passwd")), LINK),
    "a hard link with data": (sdist(member(data=b"x", kind=b"1", link=b"a-1.0/PKG-INFO")), LINK),
    "a symbolic link": (sdist(member(kind=b"2", link=b"../../x")), LINK),
    "a symbolic link by pax": (sdist(pax("linkpath=/etc/passwd"), member(kind=b"2", link=b"y")), LINK),
    "a GNU long link": (sdist(long_name("/etc/passwd", kind=b"K"), member(kind=b"2")), LINK),
    "a folder that is a link": (
        sdist(member("d", kind=b"2", link=b"/etc"), member("d/x")),
        [
            Code.DUPLICATE_MEMBER,
            LINK,
        ],
    ),
    **{
        f"a member of kind {kind.decode()}": (sdist(member(kind=kind)), SPECIAL)
        for kind in (b"3", b"4", b"6", b"7", b"A", b"D", b"M", b"N", b"S", b"V", b"X", b"Z")
    },
    "a contiguous file with data": (sdist(member(data=b"x", kind=b"7")), SPECIAL),
    "a kind nobody knows, with data": (sdist(member(data=b"x", kind=b"Q")), SPECIAL),
    "a folder with data": (sdist(member("d/", b"x", kind=b"5")), SPECIAL),
    "an old header's folder with data": (sdist(member("d/", b"x", kind=b"\0", magic=OLD)), SPECIAL),
    "a PKG-INFO that is a link": (
        sdist(pkg_info=member("PKG-INFO", kind=b"2", link=b"y")),
        LINK,
    ),
    # pax headers
    "a pax size": (sdist(pax("size=0"), member(data=b"x")), BAD),
    "a pax size spelled with a zero": (sdist(pax("size=01"), member(data=b"x")), BAD),
    "two pax sizes": (sdist(pax("size=1", "size=1"), member(data=b"x")), BAD),
    "two pax headers with sizes": (sdist(pax("size=1"), pax("size=1"), member(data=b"x")), BAD),
    "a pax size without a member": (sdist(pax("size=1")), BAD),
    "a global pax size that fits": (sdist(pax("size=1", everywhere=True), member(data=b"x")), BAD),
    "a global pax size": (sdist(pax("size=0", everywhere=True), X), BAD),
    "a global pax path": (sdist(pax("path=a-1.0/PKG-INFO", everywhere=True), X), BAD),
    "two pax paths": (sdist(pax("path=a-1.0/y", "path=a-1.0/z"), X), BAD),
    "two pax headers with paths": (sdist(pax("path=a-1.0/y"), pax("path=a-1.0/z"), X), BAD),
    "a pax path and a long name": (sdist(pax("path=a-1.0/y"), long_name("a-1.0/z"), X), BAD),
    "an empty pax path": (sdist(pax("path="), X), BAD),
    "a pax path that climbs": (sdist(pax("path=a-1.0/../../x"), X), NAME),
    "an absolute pax path": (sdist(pax("path=/etc/x"), X), [NAME, Code.OUTSIDE_FOLDER]),
    "a pax path of another project": (sdist(pax("path=b-1.0/x"), X), Code.OUTSIDE_FOLDER),
    "a pax path with a NUL": (sdist(pax("path=a-1.0/x\0y"), X), NAME),
    "a pax path that is not UTF-8": (sdist(pax(b"path=a-1.0/\xff"), X), NAME),
    "a pax path in Latin-1": (sdist(pax("hdrcharset=ISO-IR 8859 1 1998", b"path=a-1.0/\xe9"), X), BAD),
    "a PKG-INFO by pax": (sdist(pax("path=a-1.0/PKG-INFO"), X), [Code.DUPLICATE_MEMBER]),
    **{
        f"sparse: {records[0]}": (sdist(pax(*records), X), BAD)
        for records in (
            ("GNU.sparse.size=9", "GNU.sparse.numblocks=1", "GNU.sparse.offset=0", "GNU.sparse.numbytes=1"),
            ("GNU.sparse.map=0,1", "GNU.sparse.size=9", "GNU.sparse.name=a-1.0/y"),
            ("GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.realsize=9"),
            ("SCHILY.realsize=9",),
        )
    },
    "a pax header of 64 KiB and a byte": (sdist(pax("comment=" + "x" * 65_530), X), BAD),
    "a pax header of 4 GiB": (sdist(header(b"pax", 4 * 2**30, kind=b"x")), BAD),
    "a pax header of 2^80 bytes": (sdist(header(b"pax", base256(2**80), kind=b"g")), BAD),
    "a pax record too long": (sdist(member(b"pax", b"99 path=x\n", kind=b"x"), X), BAD),
    "a pax record too short": (sdist(member(b"pax", b"8 path=x\n", kind=b"x"), X), BAD),
    "junk after a pax record": (sdist(member(b"pax", b"9 size=1\njunk", kind=b"x"), member(data=b"x")), BAD),
    "zeros after a pax record": (sdist(member(b"pax", b"9 a=bcde\n\0\0", kind=b"x"), X), BAD),
    "a pax record of length 0": (sdist(member(b"pax", b"0 path=x\n", kind=b"x"), X), BAD),
    "a pax record of negative length": (sdist(member(b"pax", b"-9 path=x\n", kind=b"x"), X), BAD),
    "a pax record without a value": (sdist(member(b"pax", b"7 path\n", kind=b"x"), X), BAD),
    "a pax record without its end": (sdist(member(b"pax", b"9 path=xy", kind=b"x"), X), BAD),
    "a pax header without a member": (sdist(pax("path=a-1.0/y")), BAD),
    # GNU long names
    "two long names": (sdist(long_name("a-1.0/y"), long_name("a-1.0/z"), X), BAD),
    "a long name without a member": (sdist(long_name("a-1.0/y")), BAD),
    "an empty long name": (sdist(long_name(""), X), BAD),
    "a long name of 2 GiB": (sdist(header(b"long", 2 * 2**30, kind=b"L", magic=GNU)), BAD),
    "a long name that climbs": (sdist(long_name("a-1.0/../x"), X), NAME),
    "a file named like a folder": (sdist(long_name("a-1.0/y/"), X), BAD),
    # names
    "another project's folder": (sdist(member(b"b-1.0/x")), Code.OUTSIDE_FOLDER),
    "the folder in two spellings": (sdist(member(b"A-1.0/x")), Code.OUTSIDE_FOLDER),
    "a folder of 5000 digits": (sdist(pax("path=a-" + "1" * 5000 + "/x"), X), [NAME, Code.OUTSIDE_FOLDER]),
    "a file in no folder": (sdist(member(b"setup.py")), Code.OUTSIDE_FOLDER),
    "a drive letter": (sdist(member(b"C:/x")), [NAME, Code.OUTSIDE_FOLDER]),
    "a backslash": (sdist(member("a\\b")), NAME),
    "a control character": (sdist(member("a\x1b")), NAME),
    "a dot": (sdist(member("./x")), NAME),
    "a thousand folders": (sdist(pax("path=a-1.0/" + "d/" * 1000 + "x"), X), NAME),
    "a part of 300 bytes": (sdist(pax("path=a-1.0/" + "x" * 300), X), NAME),
    "the same name twice": (sdist(X, X), Code.DUPLICATE_MEMBER),
    "a file and a folder": (sdist(X, member("x/", kind=b"5")), Code.DUPLICATE_MEMBER),
    "a file with something in it": (sdist(X, member("x/y")), Code.DUPLICATE_MEMBER),
    "no PKG-INFO": (sdist(X, pkg_info=b""), Code.BAD_PKG_INFO),
    "a PKG-INFO deeper": (sdist(pkg_info=member("b/PKG-INFO")), Code.BAD_PKG_INFO),
    "two PKG-INFO": (sdist(member("PKG-INFO")), Code.DUPLICATE_MEMBER),
    "a PKG-INFO of 2 MiB": (sdist(pkg_info=member("PKG-INFO", b"x" * 2**21)), Code.METADATA_TOO_LARGE),
}
ACCEPTED = {
    "as it should be": (sdist(X), "the same builder with no fault"),
    "a GNU header": (sdist(member("x", b"x", magic=GNU)), "as GNU tar writes it"),
    "an old header": (
        sdist(member("x", b"x", magic=OLD, kind=b"\0")),
        "read the same by all, without a prefix",
    ),
    "half a name in a POSIX header": (sdist(member(b"x", prefix=b"a-1.0")), "POSIX has that field"),
    "a size in base 256": (sdist(member(data=b"x", size=base256(1))), "as GNU tar writes great ones"),
    "a size with spaces": (sdist(member(data=b"x", size=b"          1 ")), "as old tars write it"),
    "a size without an end": (sdist(member(data=b"x", size=octal(1, 13)[:12])), "twelve digits"),
    "a checksum of signed bytes": (
        sdist(member("x", b"x", user=b"\xe9", signed=True)),
        "old tars of Sun; readers take both sums",
    ),
    "a long name": (sdist(long_name("a-1.0/" + "y" * 120), X), "as GNU tar and setuptools write it"),
    "a long name without its NUL": (sdist(long_name("a-1.0/y", end=b""), X), "its length says where it ends"),
    "a pax path": (sdist(pax("path=a-1.0/é"), X), "as tarfile writes it"),
    "a pax size that is the header's": (sdist(pax("path=a-1.0/y", "size=1"), X), "as uv_build writes it"),
    "a pax path in UTF-8 that says so": (
        sdist(pax("hdrcharset=ISO-IR 10646 2000 UTF-8", "path=a-1.0/é"), X),
        "the default spelled out",
    ),
    "a global comment": (sdist(pax("comment=0123456789", everywhere=True), X), "as git archive writes it"),
    "times and owners": (sdist(pax("mtime=1.5", "uid=5000000", "uname=é"), X), "nobody uses them here"),
    "a longer end": (sdist(X, end=bytes(10_240)), "blocked to 20 records"),
    "a folder": (sdist(member("d/", kind=b"5")), "as most builders write"),
    "an old header's folder": (sdist(member("d/", kind=b"\0", magic=OLD)), "by its slash"),
    "a setuid file": (sdist(member(mode=b"0004755\0")), "extraction filters drop the bit"),
    "names that differ in case": (sdist(X, member("X")), "installers build it where case counts; flagged"),
    "a device's name": (sdist(member("aux.c")), "old sources hold such; an inspection flags it"),
    "a file name in the gzip header": (
        zipped(gz(SOUND, flags=8, fields=b"a-1.0.tar\0")),
        "as gzip writes it",
    ),
    "a checksum of the gzip header": (zipped(gz(SOUND, flags=2, fields=header_checksum(b""))), "it holds"),
    "data after a long name's NUL": (sdist(long_name("a-1.0/y\0junk"), X), "all readers end at the NUL"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_sdist_that_readers_would_dispute_is_refused(case):
    built, expected = REFUSED[case]
    assert [str(code) for code in as_list(expected)] == codes(built, None)
    assert all(refusal.message.endswith(".") for refusal in refusals(built, None))


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_sdist_that_is_unusual_but_clear_is_accepted(case):
    built, _why = ACCEPTED[case]
    assert opens(built.data, built.filename)  # and zipfile or tarfile sees the same members


def test_all_that_is_wrong_in_a_sdist_is_told_at_once():
    other = member("PKG-INFO", wheels.core_metadata("other", "2"))
    built = sdist(member("../x"), member("l", kind=b"2"), member("f", kind=b"6"), X, X, pkg_info=other)
    assert codes(built, None) == [
        NAME,
        Code.DUPLICATE_MEMBER,
        LINK,
        SPECIAL,
        Code.METADATA_NAME_DIFFERS,
        Code.METADATA_VERSION_DIFFERS,
    ]


def test_what_was_read_before_a_tar_breaks_is_told_too():
    assert codes(sdist(member("../x"), b"x" * 512), None) == [BAD, NAME]
