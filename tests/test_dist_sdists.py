"""Wrong source distributions, each refused with its code."""

import tarfile

import pytest
import wheels
from refusals import codes

from drafts.dist import Code


def pax_size(name):
    """A member whose pax header gives it another size than its plain header."""
    info = tarfile.TarInfo(name)
    info.pax_headers = {"size": "512"}
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
    "names too long": (wheels.sdist(files={"x" * 5000: ""}), Code.TOO_MANY_MEMBERS),
    "bomb": (wheels.sdist(bomb=1_000_000), Code.INFLATES_TOO_MUCH),
}


@pytest.mark.parametrize("case", WRONG_SDISTS)
def test_a_wrong_sdist_is_refused(case):
    built, code = WRONG_SDISTS[case]
    assert codes(built)[:1] == [code]
