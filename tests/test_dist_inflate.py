"""Members of hostile archives, read piece by piece: what comes out is what is declared, or nothing counts."""

import io
import random
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drafts.dist import BadDistribution, Limits
from drafts.dist.inflate import chunks
from drafts.dist.zips import read_zip
from tests.providers.archives import zipped
from tests.wheels import _zip

LONG = random.Random(7).randbytes(700_000) + bytes(900_000)


def member(data: bytes, at: int = 0) -> bytes:
    archive = read_zip(io.BytesIO(data), Limits())
    return b"".join(chunks(archive, archive.entries[at]))


@pytest.mark.parametrize("compression", [0, 8], ids=["stored", "deflated"])
@pytest.mark.parametrize("content", [b"", b"x", LONG], ids=["empty", "one byte", "long"])
def test_a_member_comes_out_as_it_went_in(compression, content):
    assert member(_zip([("a/b.whl", content)], compression, b"", 0)) == content


def test_archives_written_to_a_pipe_are_read():
    """It is true that sizes after the data, as uploaders of artifacts write them, do no harm."""
    data = zipped({"one.whl": LONG, "two.whl": b"two"})
    assert (member(data, 0), member(data, 1)) == (LONG, b"two")


@given(st.binary(max_size=3000), st.sampled_from([0, 8]))
def test_any_member_comes_out(content, compression):
    assert member(_zip([("m", content)], compression, b"", 0)) == content


def patched(content: bytes, *, at: int, value: int, compression: int = 8) -> bytes:
    """Write another number into the central directory: 16 CRC, 20 compressed, 24 size."""
    data = bytearray(_zip([("m.whl", content), ("n", b"after")], compression, b"", 0))
    struct.pack_into("<L", data, data.find(b"PK\x01\x02") + at, value)
    return bytes(data)


def inner(stream: bytes, content: bytes) -> bytes:
    """An archive whose one member holds a stream that zipfile would not write."""
    plain = bytearray(_zip([("m.whl", stream)], 0, b"", 0))
    directory = plain.find(b"PK\x01\x02")
    for start, method, crc in ((0, 8, 14), (directory, 10, 16)):
        struct.pack_into("<H", plain, start + method, 8)
        struct.pack_into("<LLL", plain, start + crc, zlib.crc32(content), len(stream), len(content))
    return bytes(plain)


def raw(content: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(content) + packer.flush()


BOMB = bytes(30_000_000)
WRONG = {
    "another CRC": patched(LONG, at=16, value=1),
    "shorter than declared": patched(LONG, at=24, value=len(LONG) + 1),
    "longer than declared": patched(LONG, at=24, value=len(LONG) - 1),
    "compressed shorter": patched(LONG, at=20, value=1000),
    "compressed longer": patched(b"x" * 50, at=20, value=8, compression=0),
    "bytes after the stream": inner(raw(b"x" * 99) + b"hidden", b"x" * 99),
    "a stream without end": inner(raw(LONG)[:-5], LONG),
    "no stream": inner(b"\xff" * 99, b"x" * 99),
    "a bomb": inner(raw(BOMB), b"x" * 1000),
    "a method that is unknown": _zip([("m", LONG)], 12, b"", 0),
    "encrypted": _zip([("m", b"x")], 8, b"", 1),
}


@pytest.mark.parametrize("data", WRONG.values(), ids=WRONG.keys())
def test_what_is_declared_wrongly_is_refused(data):
    with pytest.raises(BadDistribution):
        member(data)


def test_a_bomb_does_not_go_off():
    """It is true that of a member which inflates to more than it declares, no more than that is handed on."""
    archive = read_zip(io.BytesIO(WRONG["a bomb"]), Limits())
    got: list[int] = []
    with pytest.raises(BadDistribution):
        measure(archive, got)
    assert sum(got) <= 1000


def measure(archive, got: list[int]) -> None:
    for piece in chunks(archive, archive.entries[0]):
        got.append(len(piece))
