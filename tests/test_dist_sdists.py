"""Wrong source distributions, each refused with its code."""

import gzip
import tarfile

import pytest

from drafts.dist import Code
from tests import wheels
from tests.refusals import SMALL, codes, refusals


def pax_size(name):
    """A member whose pax header gives it another size than its plain header."""
    info = tarfile.TarInfo(name)
    info.pax_headers = {"size": "512"}
    return info


def tagged(name, count):
    """A member with many records in its pax header."""
    info = tarfile.TarInfo(name)
    info.pax_headers = {f"a{number}": "" for number in range(count)}
    return info


def member(kind, name="sampleproject-1.0/x", target="", size=0):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, size
    return info


WRONG_SDISTS = {
    "not gzip": (wheels.Built("a-1.0.tar.gz", b"x" * 100), Code.NOT_GZIP),
    "nothing": (wheels.Built("a-1.0.tar.gz", b""), Code.EMPTY_FILE),
    "a wheel": (wheels.Built("sampleproject-1.0.tar.gz", wheels.wheel().data), Code.NOT_GZIP),
    "cut short": (wheels.Built("a-1.0.tar.gz", wheels.sdist("a").data[:-20]), Code.NOT_GZIP),
    "wrong checksum": (wheels.Built("a-1.0.tar.gz", wheels.sdist("a").data[:-8] + bytes(8)), Code.NOT_GZIP),
    "bytes after": (wheels.sdist(suffix=b"x"), Code.TRAILING_BYTES),
    "second gzip member": (wheels.sdist(suffix=wheels.sdist().data), Code.TRAILING_BYTES),
    "bytes after the tar": (wheels.sdist(tar_suffix=b"x"), Code.TRAILING_BYTES),
    "second tar": (wheels.sdist(tar_suffix=wheels.sdist().data), Code.TRAILING_BYTES),
    "symbolic link": (wheels.sdist(extra=(member(tarfile.SYMTYPE, target="/etc/x"),)), Code.TAR_LINK),
    "hard link": (wheels.sdist(extra=(member(tarfile.LNKTYPE, target="x"),)), Code.TAR_LINK),
    "fifo": (wheels.sdist(extra=(member(tarfile.FIFOTYPE),)), Code.TAR_SPECIAL_FILE),
    "character device": (wheels.sdist(extra=(member(tarfile.CHRTYPE),)), Code.TAR_SPECIAL_FILE),
    "block device": (wheels.sdist(extra=(member(tarfile.BLKTYPE),)), Code.TAR_SPECIAL_FILE),
    "sparse file": (wheels.sdist(extra=(member(tarfile.GNUTYPE_SPARSE),)), Code.TAR_SPECIAL_FILE),
    "contiguous file": (wheels.sdist(extra=(member(tarfile.CONTTYPE),)), Code.TAR_SPECIAL_FILE),
    "two sizes": (wheels.sdist(extra=(pax_size("sampleproject-1.0/x"),)), Code.BAD_TAR),
    "data missing": (wheels.sdist(extra=(member(tarfile.REGTYPE, size=10**7),)), Code.BAD_TAR),
    "negative size": (wheels.sdist(extra=(member(tarfile.REGTYPE, size=-1),)), Code.BAD_TAR),
    "traversal": (wheels.sdist(extra=(("sampleproject-1.0/../x", b""),)), Code.BAD_MEMBER_NAME),
    "absolute": (wheels.sdist(extra=(("/etc/x", b""),)), Code.BAD_MEMBER_NAME),
    "backslash": (wheels.sdist(extra=(("sampleproject-1.0/a\\b", b""),)), Code.BAD_MEMBER_NAME),
    "control character": (wheels.sdist(extra=(("sampleproject-1.0/a\x1b", b""),)), Code.BAD_MEMBER_NAME),
    "undecodable name": (wheels.sdist(extra=(("sampleproject-1.0/\udcff", b""),)), Code.BAD_MEMBER_NAME),
    "duplicate": (wheels.sdist(extra=(("sampleproject-1.0/backend.py", b""),)), Code.DUPLICATE_MEMBER),
    "another project's folder": (wheels.sdist(folder="other-1.0"), Code.OUTSIDE_FOLDER),
    "another version's folder": (wheels.sdist(folder="sampleproject-1.1"), Code.OUTSIDE_FOLDER),
    "no folder at all": (wheels.sdist(folder="."), Code.BAD_MEMBER_NAME),
    "two folders": (wheels.sdist(extra=(("other/x", b""),)), Code.OUTSIDE_FOLDER),
    "two spellings of the folder": (wheels.sdist(extra=(("sampleproject-1/x", b""),)), Code.OUTSIDE_FOLDER),
    "a file beside the folder": (wheels.sdist(extra=(("setup.py", b""),)), Code.OUTSIDE_FOLDER),
    "no PKG-INFO": (wheels.sdist(omit=("PKG-INFO",)), Code.BAD_PKG_INFO),
    "a folder for PKG-INFO": (
        wheels.sdist(omit=("PKG-INFO",), extra=(member(tarfile.DIRTYPE, "sampleproject-1.0/PKG-INFO"),)),
        Code.BAD_PKG_INFO,
    ),
    "two PKG-INFO": (wheels.sdist(extra=(("sampleproject-1.0/PKG-INFO", b""),)), Code.DUPLICATE_MEMBER),
    "huge PKG-INFO": (wheels.sdist(description="x" * 5000), Code.METADATA_TOO_LARGE),
    "PKG-INFO of another project": (wheels.sdist(says_name="other"), Code.METADATA_NAME_DIFFERS),
    "PKG-INFO of another version": (wheels.sdist(says_version="2"), Code.METADATA_VERSION_DIFFERS),
    "too many members": (
        wheels.sdist(files={f"a/{n}": "" for n in range(20)}),
        Code.TOO_MANY_MEMBERS,
    ),
    "too many pax records": (
        wheels.sdist(extra=(tagged("sampleproject-1.0/x", 80),)),
        Code.TOO_MANY_MEMBERS,
    ),
    "names too long": (wheels.sdist(files={"x" * 5000: ""}), Code.TOO_MANY_MEMBERS),
    "bomb": (wheels.sdist(bomb=1_000_000), Code.INFLATES_TOO_MUCH),
}


@pytest.mark.parametrize("case", WRONG_SDISTS)
def test_a_wrong_sdist_is_refused(case):
    built, code = WRONG_SDISTS[case]
    assert codes(built)[:1] == [code]


def block(kind, name, data=b"", size=None):
    """One header with its data, as it stands in a tar."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data) if size is None else size
    return info.tobuf(tarfile.GNU_FORMAT) + data + bytes(-len(data) % 512)


def raw(*blocks, end=bytes(1024)):
    """A sdist of the given blocks after a sound PKG-INFO."""
    pkg_info = block(tarfile.REGTYPE, "a-1.0/PKG-INFO", wheels.core_metadata("a", "1.0"))
    return wheels.Built("a-1.0.tar.gz", gzip.compress(b"".join([pkg_info, *blocks]) + end, mtime=0))


FILE = block(tarfile.REGTYPE, "a-1.0/x")
LONG_NAME = block(tarfile.GNUTYPE_LONGNAME, "././@LongLink", b"a-1.0/long\0")


def pax(data, kind=tarfile.XHDTYPE):
    return block(kind, "pax", data)


@pytest.mark.parametrize(
    "built",
    [
        pytest.param(raw(FILE), id="plain"),
        pytest.param(raw(LONG_NAME, FILE), id="long name"),
        pytest.param(raw(pax(b"20 path=a-1.0/other\n"), FILE), id="pax path"),
        pytest.param(raw(pax(b"13 comment=x\n", tarfile.XGLTYPE), FILE), id="global comment"),
        pytest.param(raw(FILE, end=bytes(10240)), id="padded"),
        pytest.param(raw(block(tarfile.DIRTYPE, "a-1.0/d/")), id="folder"),
        pytest.param(raw(block(tarfile.AREGTYPE, "a-1.0/x", b"x")), id="file of an old tar"),
    ],
)
def test_a_sound_tar_is_read(built):
    assert codes(built) == []


@pytest.mark.parametrize(
    ("built", "words"),
    [
        pytest.param(raw(block(tarfile.REGTYPE, "a-1.0/x", size=-1)), "negative size", id="negative size"),
        pytest.param(raw(LONG_NAME, LONG_NAME, FILE), "two long", id="two long names"),
        pytest.param(
            raw(LONG_NAME, pax(b"20 path=a-1.0/other\n"), FILE), "two long", id="two kinds of long names"
        ),
        pytest.param(raw(pax(b"8 path=\n"), FILE), "empty name", id="empty path"),
        pytest.param(raw(LONG_NAME), "without the member", id="long name without member"),
        pytest.param(
            raw(FILE, pax(b"13 comment=x\n", tarfile.XGLTYPE)),
            "without the member",
            id="global header without member",
        ),
        pytest.param(raw(FILE, pax(b"13 comment=x\n")), "without the member", id="pax header without member"),
        pytest.param(raw(FILE, end=bytes(512)), "two empty blocks", id="one empty block"),
        pytest.param(
            raw(FILE, end=bytes(512) + FILE), "two empty blocks", id="a member behind an empty block"
        ),
        pytest.param(raw(FILE, end=b""), "does not hold together", id="no end"),
        pytest.param(raw(pax(b"20 path=a-1.0/other\n", tarfile.XGLTYPE), FILE), "one name", id="global path"),
        pytest.param(raw(pax(b"9 size=1\n"), FILE), "size of a member", id="pax size"),
        pytest.param(raw(pax(b"22 GNU.sparse.major=1\n"), FILE), "size of a member", id="pax sparse file"),
        pytest.param(raw(pax(b"x" * 70_000), FILE), "64 KiB", id="long pax header"),
        pytest.param(raw(pax(b"x"), FILE), "malformed", id="pax without length"),
        pytest.param(raw(pax(b"99 path=x\n"), FILE), "malformed", id="pax too long"),
        pytest.param(raw(pax(b"8 path=x\n"), FILE), "malformed", id="pax too short"),
        pytest.param(raw(pax(b"7 path\n"), FILE), "malformed", id="pax without value"),
        pytest.param(raw(pax(b"0 path=x\n"), FILE), "malformed", id="pax of length 0"),
        pytest.param(raw(pax(b"123456789 path=x\n"), FILE), "malformed", id="pax of great length"),
        pytest.param(raw(block(tarfile.XHDTYPE, "pax", size=2000)), "middle of a header", id="pax cut short"),
        pytest.param(
            raw(block(tarfile.REGTYPE, "a-1.0/x", size=9000)), "middle of a member", id="file cut short"
        ),
        pytest.param(
            raw(block(tarfile.GNUTYPE_LONGNAME, "long", b"a-1.0/x/\0"), FILE),
            "ends with '/'",
            id="file like a folder",
        ),
        pytest.param(raw(b"x" * 512), "does not hold together", id="junk for a header"),
    ],
)
def test_a_tar_that_does_not_hold_together_is_refused(built, words):
    (refusal,) = refusals(built)
    assert (refusal.code, words in refusal.message) == (Code.BAD_TAR, True), refusal.message


def test_a_folder_with_data_is_refused():
    assert codes(raw(block(tarfile.DIRTYPE, "a-1.0/d/", size=512), FILE)) == [Code.TAR_SPECIAL_FILE]


@pytest.mark.parametrize(("hidden", "expected"), [(b"", []), (b"x", [Code.TRAILING_BYTES])])
def test_a_byte_after_the_gzip_data_is_seen_wherever_reading_paused(hidden, expected):
    plain = raw(FILE).data
    name = b"x" * (64 * 1024 - len(plain) - 1) + b"\0"
    named = plain[:3] + b"\x08" + plain[4:10] + name + plain[10:]  # FNAME fills one read exactly
    assert len(named) == 64 * 1024
    assert codes(wheels.Built("a-1.0.tar.gz", named + hidden), SMALL) == expected
