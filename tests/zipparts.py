"""ZIP archives written header by header with ``struct``, so that every field can lie on its own."""

import struct
import zlib
from dataclasses import dataclass, field

from tests import wheels

STEM = "sampleproject-1.0"
INFO = f"{STEM}.dist-info"
FILENAME = f"{STEM}-py3-none-any.whl"
STORED, DEFLATED = 0, 8
UTF8 = 0x800
FULL_16, FULL_32 = 0xFFFF, 0xFFFFFFFF
EXECUTABLE = 0o100755 << 16
_TIMES = {"time": 0x4000, "date": 0x5042}
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s4B4H3L5H2L")


@dataclass
class Part:
    """One member: its two headers as dicts of fields, its data as it lies there, bytes before it."""

    local: dict
    central: dict
    raw: bytes
    gap: bytes = b""
    listed: int = 1  # how often the directory names it


def deflated(data):
    """A raw deflate stream (RFC 1951)."""
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(data) + packer.flush()


def part(name, data=b"", *, method=DEFLATED, raw=None, gap=b"", listed=1, local=(), central=(), **both):
    """Describe a member; fields given by name stand in both headers, ``local`` and ``central`` in one."""
    if raw is None:
        raw = deflated(data) if method == DEFLATED else data
    name = name if isinstance(name, bytes) else name.encode()
    fields = {
        "name": name,
        "needs": 20,
        "flags": 0 if name.isascii() else UTF8,
        "method": method,
        **_TIMES,
        "crc": zlib.crc32(data),
        "compressed": len(raw),
        "size": len(data),
        "extra": b"",
        **both,
    }
    headers = {"comment": b"", "disk": 0, "attributes": 0o100644 << 16, "system": 3, **fields}
    return Part({**fields, **dict(local)}, {**headers, **dict(central)}, raw, gap, listed)


def extra(kind, data):
    """One extra field."""
    return struct.pack("<2H", kind, len(data)) + data


def zip64(*values):
    """A ZIP64 extra field of 64-bit values."""
    return extra(1, struct.pack(f"<{len(values)}Q", *values))


def sound(**knobs):
    """The members of a wheel that is right, as (path, bytes)."""
    return {
        "sampleproject/__init__.py": b"# a package for tests\n" * 4,
        f"{INFO}/METADATA": wheels.core_metadata("sampleproject", "1.0"),
        f"{INFO}/WHEEL": b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{INFO}/RECORD": b"sampleproject/__init__.py,,\n",
        **{f"{INFO}/{name}": data for name, data in knobs.items()},
    }


@dataclass
class Archive:
    """All parts of an archive, and what its end says; ``None`` says the truth."""

    parts: list
    prefix: bytes = b""
    before_directory: bytes = b""
    after_directory: bytes = b""
    end: dict = field(default_factory=dict)
    wide: dict | None = None  # a ZIP64 end record with these fields
    comment: bytes = b""
    suffix: bytes = b""
    moved: int = 0  # what all offsets are wrong by
    order: int = 1

    def bytes(self):
        body, places = self._body()
        start = len(body) + len(self.before_directory)
        directory = b"".join(
            central_header(one, offset + self.moved) * one.listed
            for one, offset in list(zip(self.parts, places, strict=True))[:: self.order]
        )
        data = body + self.before_directory + directory + self.after_directory
        count = sum(one.listed for one in self.parts)
        truth = {"disk": 0, "first": 0, "here": count, "count": count}
        truth |= {"size": len(directory), "start": start + self.moved}
        if self.wide is not None:
            data += _end_64({**truth, **self.wide}, len(data))
        told = {**truth, "comment": len(self.comment), **self.end}
        return data + struct.pack("<4s4H2LH", b"PK\5\6", *told.values()) + self.comment + self.suffix

    def _body(self):
        body, places = self.prefix, []
        for one in self.parts:
            body += one.gap
            places.append(len(body))
            body += local_header(one.local) + one.raw
        return body, places


def wheel(*parts, change=None, filename=FILENAME, files=None, **archive):
    """A wheel that is right but for ``parts``, which come after its own members.

    ``change`` maps a member's path (in .dist-info when without folder) to the knobs of ``part``.
    """
    own = []
    for path, data in (files or sound()).items():
        knobs = (change or {}).get(path.removeprefix(f"{INFO}/"), {})
        own.append(part(path, **{"data": data, **knobs}))
    return wheels.Built(filename, Archive([*own, *parts], **archive).bytes())


def local_header(f):
    """The header before a member's data, from its fields."""
    fixed = (f["needs"], f["flags"], f["method"], f["time"], f["date"], f["crc"], f["compressed"], f["size"])
    return _LOCAL.pack(b"PK\3\4", *fixed, len(f["name"]), len(f["extra"])) + f["name"] + f["extra"]


def central_header(one, offset):
    """A member's line in the directory."""
    f = one.central
    fixed = (20, f["system"], f["needs"], 0, f["flags"], f["method"], f["time"], f["date"])
    sizes = (f["crc"], f["compressed"], f["size"], len(f["name"]), len(f["extra"]), len(f["comment"]))
    rest = (f["disk"], 0, f["attributes"], f.get("offset", offset))
    return _CENTRAL.pack(b"PK\1\2", *fixed, *sizes, *rest) + f["name"] + f["extra"] + f["comment"]


def _end_64(told, position):
    where, disks, rest = told.pop("where", position), told.pop("disks", 1), told.pop("rest", b"")
    gap, locator_disk = told.pop("gap", b""), told.pop("locator_disk", 0)
    length = told.pop("length", 44 + len(rest))
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", length, 45, 45, *told.values()) + rest
    return record + gap + struct.pack("<4sLQL", b"PK\6\7", locator_disk, where, disks)
