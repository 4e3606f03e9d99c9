"""Tar and gzip written field by field, so that every field can lie on its own."""

import struct
import zlib

from tests import wheels

TOP = "a-1.0"
FILENAME = "a-1.0.tar.gz"
POSIX, GNU, OLD = b"ustar\x0000", b"ustar  \0", bytes(8)
BLOCK = 512
_HEADER = struct.Struct("100s8s8s8s12s12s8sc100s8s32s32s8s8s155s12s")


def octal(number, length=12):
    return b"%0*o\0" % (length - 1, number)


def base256(number, length=12, sign=b"\x80"):
    return sign + (number % 256 ** (length - 1)).to_bytes(length - 1, "big")


def header(name="x", size=0, **knobs):
    """One header block; ``size`` may be bytes, and so may ``checksum``; numbers are written in octal."""
    name = name if isinstance(name, bytes) else f"{TOP}/{name}".encode()
    f = {"kind": b"0", "link": b"", "magic": POSIX, "prefix": b"", "pad": b"", "mode": b"0000644\0"} | knobs
    size = size if isinstance(size, bytes) else octal(size)
    fields = [name, f["mode"], b"0000000\0", b"0000000\0", size, octal(0), b" " * 8, f["kind"], f["link"]]
    fields += [f["magic"], f.get("user", b""), b"", b"", b"", f["prefix"], f["pad"]]
    block = _HEADER.pack(*fields)
    count = sum(struct.unpack("512b", block) if f.get("signed") else block)
    return block[:148] + f.get("checksum", b"%06o\0 " % count) + block[156:]


def member(name="x", data=b"", **knobs):
    """A header with data, padded to whole blocks; ``size`` may lie."""
    size = knobs.pop("size", len(data))
    return header(name, size, **knobs) + padded(data)


def padded(data):
    return data + bytes(-len(data) % BLOCK)


def pax(*records, everywhere=False, **knobs):
    """A pax header (POSIX.1-2001) of ``key=value`` records, each with its length before it."""
    data = b"".join(_record(one if isinstance(one, bytes) else one.encode()) for one in records)
    return member(b"pax", data, kind=b"g" if everywhere else b"x", **knobs)


def long_name(name, kind=b"L", end=b"\0", **knobs):
    """A GNU long name header."""
    return member(b"././@LongLink", name.encode() + end, kind=kind, magic=GNU, **knobs)


PKG_INFO = member("PKG-INFO", wheels.core_metadata("a", "1.0"))
END = bytes(2 * BLOCK)


def tar(*blocks, pkg_info=PKG_INFO, end=END):
    return pkg_info + b"".join(blocks) + end


def sdist(*blocks, **knobs):
    """A sdist of these blocks after a sound PKG-INFO."""
    return wheels.Built(FILENAME, gz(tar(*blocks, **knobs)))


def gz(data, *, flags=0, fields=b"", crc=None, length=None, method=8, magic=b"\x1f\x8b", suffix=b""):
    """One gzip member (RFC 1952)."""
    packer = zlib.compressobj(9, wbits=-15)
    body = packer.compress(data) + packer.flush()
    head = magic + bytes([method, flags]) + bytes(6) + fields
    crc = zlib.crc32(data) if crc is None else crc
    length = len(data) if length is None else length
    return head + body + struct.pack("<2L", crc, length % 2**32) + suffix


def header_checksum(fields):
    """What stands after the fields when flag 2 is set (FHCRC)."""
    head = b"\x1f\x8b\x08\x02" + bytes(6) + fields
    return fields + (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little")


def _record(body):
    length = len(body) + 3
    while len(str(length)) + len(body) + 2 != length:
        length = len(str(length)) + len(body) + 2
    return b"%d %s\n" % (length, body)
