"""Small files that would like to be large: each writes itself to a path, in little memory of its own."""

import struct
import zlib

from tests import wheels
from tests.tarparts import END, PKG_INFO, TOP, gz, header, long_name, member, pax
from tests.zipparts import STORED, UTF8, central_header, extra, local_header, part, sound, wheel

MIB = 2**20
GIB = 2**30
_PACKER = zlib.compressobj(9, wbits=-15)
_PIECE = _PACKER.compress(bytes(MIB)) + _PACKER.flush(zlib.Z_FULL_FLUSH)
_EMPTY = part("x", b"", method=STORED, flags=UTF8)


def zeros(size):
    """A deflate stream of ``size`` zero bytes: one piece that stands alone, as often as it takes."""
    return _PIECE * (size // MIB) + b"\3\0"


def built(*parts, files=None, **knobs):
    return wheel(*parts, files=files, filename="sampleproject-1.0-py3-none-any.whl", **knobs).data


def liar(name, declared):
    """A .dist-info file that declares little and inflates to a gigabyte."""
    return built(change={name: {"raw": zeros(GIB), "size": declared}})


def many(count, name="d/%d"):
    """A wheel of so many empty members."""
    parts = [part(path, data) for path, data in sound().items()]
    body, directory = [], []
    at = 0
    for number in range(-len(parts), count):
        one = parts[number] if number < 0 else _named(name % number)
        body.append(local_header(one.local) + one.raw)
        directory.append(central_header(one, at))
        at += len(body[-1])
    return _ended(b"".join(body), b"".join(directory), len(parts) + count)


def overlapping(count):
    """Many members whose data is one and the same stream (a better zip bomb)."""
    ghost = part("sampleproject/x%d", zeros(MIB))
    ghosts = [part(f"d/{number}", b"", raw=b"", size=GIB, central={"offset": 0}) for number in range(count)]
    return built(ghost, *ghosts)


def nested(depth):
    """A wheel in a wheel in a wheel, each stored."""
    data = built()
    for number in range(depth):
        data = built(part(f"sampleproject/{number}.whl", data, method=STORED))
    return data


def record(data):
    return built(files=sound(RECORD=data))


def metadata(data):
    return built(files=sound(METADATA=wheels.core_metadata("sampleproject", "1.0") + data))


def sdist(*blocks, end=END):
    return gz(PKG_INFO + b"".join(blocks) + end)


def endless(size):
    """The beginning of a sdist whose one file is ``size`` zero bytes."""
    packer = zlib.compressobj(9, wbits=-15)
    head = packer.compress(PKG_INFO + header("zeros", b"\x80" + size.to_bytes(11, "big")))
    return b"\x1f\x8b\x08\0" + bytes(6) + head + packer.flush(zlib.Z_FULL_FLUSH) + zeros(size)


def long_gzip_name(size):
    return b"\x1f\x8b\x08\x08" + bytes(6) + b"x" * size


WHEELS = {
    "a gigabyte of zeros": lambda: built(part("sampleproject/zeros", raw=zeros(GIB), size=GIB)),
    "a METADATA that declares a hundred bytes": lambda: liar("METADATA", 900_000),
    "a WHEEL that declares a hundred bytes": lambda: liar("WHEEL", 60_000),
    "a RECORD that declares 16 MiB": lambda: liar("RECORD", 16 * MIB),
    "a hundred thousand members": lambda: many(99_996),
    "a hundred thousand members and one": lambda: many(99_997),
    "a directory of 16 MiB of letters that fold to three": lambda: many(54_000, "d/" + "ΐ" * 120 + "/%d"),
    "a directory of 20 MiB": lambda: many(50_000, "d/" + "x" * 240 + "/" + "y" * 110 + "%d"),
    "names of thirty thousand folders": lambda: many(250, "d/" * 30_000 + "%d"),
    "64 KiB of extra fields each": lambda: built(
        *(part(f"d/{n}", b"", central={"extra": extra(1 << 8, b"") * 16_000}) for n in range(200))
    ),
    "a stream that a thousand members share": lambda: overlapping(1000),
    "a wheel in a wheel, fifty deep": lambda: nested(50),
    "a million rows in RECORD": lambda: record(b"x/y,,\n" * 1_000_000),
    "a row of 16 MiB in RECORD": lambda: record(b"," * (16 * MIB - 1)),
    "a RECORD of 16 MiB in emoji": lambda: record("\U0001f600,,\n".encode() * (16 * MIB // 8)),
    "a RECORD of quotes": lambda: record(b'"' * (16 * MIB)),
    "a hundred thousand headers": lambda: metadata(b"a: b\n" * 100_000),
    "a hundred thousand different headers": lambda: metadata(
        b"".join(b"a%d: b\n" % n for n in range(80_000))
    ),
    "a description of a million lines": lambda: metadata(b"\n" + b"\n" * 1_000_000),
    "nested MIME parts": lambda: metadata(b"Content-Type: message/rfc822\n\n" * 30_000),
    "monstrous requirements": lambda: metadata((b"Requires-Dist: a[" + b"b," * 31_000 + b"b]\n") * 16),
    "monstrous specifiers": lambda: metadata((b"Requires-Dist: a>=1" + b",>=1" * 15_000 + b"\n") * 16),
    "nested markers": lambda: metadata(b"Requires-Dist: a; " + b"(" * 60_000 + b"\n"),
    "a WHEEL of 60 KiB of headers": lambda: built(
        files=sound(WHEEL=b"Wheel-Version: 1.0\n" + b"a:b\n" * 15_000)
    ),
    "64 KiB of end records": lambda: built(comment=b"PK\5\6" * 16_000),
}
SDISTS = {
    "ten gigabytes of zeros": lambda: endless(10 * GIB),
    "zeros after the end": lambda: gz(PKG_INFO + END + bytes(80 * MIB)),
    "a hundred thousand members and one": lambda: sdist(*(header(f"{n}") for n in range(100_000))),
    "a pax header of a gigabyte": lambda: sdist(header(b"pax", GIB, kind=b"x"), bytes(30 * MIB)),
    "a pax header of a yottabyte": lambda: sdist(header(b"pax", b"\x80" + b"\xff" * 11, kind=b"g")),
    "a GNU name of a gigabyte": lambda: sdist(header(b"long", GIB, kind=b"L"), bytes(30 * MIB)),
    "pax headers without end": lambda: sdist(pax("comment=x", everywhere=True) * 60_000),
    "pax headers of 64 KiB": lambda: sdist(
        *(pax("comment=" + "x" * 65_000) + header(f"{n}") for n in range(600))
    ),
    "pax headers of thousands of records": lambda: sdist(
        *(pax(*(f"a{i}=" for i in range(5000))) + header(f"{n}") for n in range(120))
    ),
    "long names of 64 KiB": lambda: sdist(
        *(long_name(f"{TOP}/{n}/" + "d/" * 32_000 + "x") + header("x") for n in range(500))
    ),
    "a PKG-INFO of a gigabyte": lambda: gz(header("PKG-INFO", GIB) + bytes(60 * MIB)),
    "a PKG-INFO of a million lines": lambda: gz(
        member("PKG-INFO", wheels.core_metadata("a", "1.0") + b"\n" * 1_000_000) + END
    ),
    "a gzip in a gzip in a gzip": lambda: gz(gz(endless(GIB))),
    "a name of 50 MiB in the gzip header": lambda: long_gzip_name(50 * MIB),
    "gzip blocks that hold nothing": lambda: b"\x1f\x8b\x08\0" + bytes(6) + b"\0\0\0\xff\xff" * 4_000_000,
    "not gzip": lambda: b"\xfd7zXZ\0" + bytes(30 * MIB),
}


def _named(name):
    _EMPTY.local["name"] = _EMPTY.central["name"] = name.encode()
    return _EMPTY


def _ended(body, directory, count):
    start, wide = len(body), b""
    if count > 0xFFFF:
        wide = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(directory), start)
        wide += struct.pack("<4sLQL", b"PK\6\7", 0, start + len(directory), 1)
    short = min(count, 0xFFFF)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, short, short, len(directory), start, 0)
    return body + directory + wide + end
