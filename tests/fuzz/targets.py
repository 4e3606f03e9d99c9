"""What is fuzzed: bytes in, and what must hold whatever they are. Seeds come from the tests' builders."""

import io
import tarfile
import zipfile
import zlib

from drafts.dist import BadDistribution, open_distribution, parse_filename
from drafts.dist.metadata import parse_metadata
from tests import tarparts, wheels, zipparts

_BLOCK = 512
_SEPARATOR = b"\0--\0"


def opens(data, filename):
    """Open a file: it is refused in sentences, or read as Python's own readers read it."""
    try:
        found = open_distribution(io.BytesIO(data), filename)
    except BadDistribution as error:
        _are_sentences(error)
        return None
    ours = sorted((member.name, member.size) for member in found.members)
    assert ours == sorted(_as_python_reads(data, filename))
    return found


def _are_sentences(refused):
    """Refusals travel in HTTP reason phrases: one line of ASCII."""
    assert all(one.message.isascii() and one.message.isprintable() for one in refused.refusals)


def _as_python_reads(data, filename):
    if filename.endswith(".whl"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [(one.filename, one.file_size) for one in archive.infolist()]
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        return [(one.name + "/" * one.isdir(), one.size) for one in archive]


def wheel(data):
    """A whole wheel."""
    opens(data, zipparts.FILENAME)


def sdist(data):
    """A whole gzip file."""
    opens(data, tarparts.FILENAME)


def tar(data):
    """The tar inside a sound gzip file, its headers' checksums made right."""
    blocks = bytearray(data)
    for at in range(0, len(blocks) - _BLOCK + 1, _BLOCK):
        block = blocks[at : at + _BLOCK]
        if any(block) and block[257:262] in (b"ustar", bytes(5)):
            block[148:156] = b" " * 8
            blocks[at + 148 : at + 156] = b"%06o\0 " % sum(block)
    packer = zlib.compressobj(1, wbits=31)
    opens(packer.compress(blocks) + packer.flush(), tarparts.FILENAME)


def dist_info(data):
    """METADATA, WHEEL and RECORD of a sound wheel."""
    parts = [*data.split(_SEPARATOR, 2), b"", b""]
    files = zipparts.sound(METADATA=parts[0], WHEEL=parts[1], RECORD=parts[2])
    opens(zipparts.wheel(files=files).data, zipparts.FILENAME)


def metadata(data):
    """One METADATA file."""
    try:
        found = parse_metadata(data)
    except BadDistribution as error:
        _are_sentences(error)
        return
    assert found.raw == data
    assert found.name
    assert found.version


def filename(data):
    """One file name."""
    try:
        name = parse_filename(data.decode("utf-8", "surrogateescape"))
    except BadDistribution as error:
        _are_sentences(error)
        return
    assert parse_filename(name.filename) == name
    assert len(name.identity) <= 200


def _files():
    files = zipparts.sound()
    return [files[f"{zipparts.INFO}/{name}"] for name in ("METADATA", "WHEEL", "RECORD")]


_RICH = wheels.core_metadata(
    "sampleproject",
    "1.0",
    requires_python=">=3.9",
    requires_dist=("a[b]>=1,<2; python_version < '3'", "c @ https://index.example/c.whl"),
    fields=(("License-Expression", "MIT OR Apache-2.0"), ("Project-URL", "Docs, https://x.example/")),
    description="# Title\n",
    metadata_version="2.4",
)
TARGETS = {target.__name__: target for target in (wheel, sdist, tar, dist_info, metadata, filename)}
SEEDS = {
    "wheel": [
        zipparts.wheel().data,
        zipparts.wheel(zipparts.part("d/", b"", method=0), wide={}).data,
        wheels.wheel(compression=zipfile.ZIP_STORED).data,
    ],
    "sdist": [tarparts.sdist(tarparts.member()).data, wheels.sdist().data],
    "tar": [
        tarparts.tar(tarparts.member("x", b"x"), tarparts.member("d/", kind=b"5")),
        tarparts.tar(tarparts.long_name("a-1.0/y"), tarparts.member("x", b"x", magic=tarparts.GNU)),
        tarparts.tar(tarparts.pax("path=a-1.0/y", "mtime=1.5"), tarparts.member("x", b"x")),
        tarparts.tar(
            tarparts.pax("comment=x", everywhere=True), tarparts.member("x", size=tarparts.base256(0))
        ),
    ],
    "dist_info": [_SEPARATOR.join(_files()), _SEPARATOR.join([_RICH, *_files()[1:]])],
    "metadata": [_RICH, wheels.core_metadata("a", "1")],
    "filename": [
        b"a-1.0-py3-none-any.whl",
        b"a-1!1.0rc1+x-1b-cp39.cp310-abi3-manylinux_2_17_x86_64.win_amd64.whl",
        b"a_b-1.0.tar.gz",
    ],
}
