"""Wheels with one member that is not what wheels hold: names, kinds, methods, sizes, extra fields, .dist-info."""

import zlib

import pytest

from drafts.dist import Code
from tests import wheels
from tests.fuzz.targets import opens
from tests.refusals import codes, refusals
from tests.test_door_zip_framing import as_list
from tests.zipparts import FULL_32, INFO, STORED, deflated, extra, part, sound, wheel, zip64

PLAIN = b"# a plain member\n" * 20
PACKED = deflated(PLAIN)
MANY_EXTRAS = b"".join(extra(0xCAFE, b"") for _ in range(33))
UNICODE_PATH = extra(0x7075, b"\1" + zlib.crc32(b"sampleproject/x.py").to_bytes(4, "little") + b"../evil.py")
WIDE = {"size": FULL_32, "compressed": FULL_32}
WIDE_EXTRA = zip64(len(PLAIN), len(PACKED))
FIVE_GIB = 5 * 2**30
LINK, FIFO, DEVICE, SOCKET, FOLDER = 0o120777, 0o010644, 0o020644, 0o140755, 0o040755


def member(name="sampleproject/x.py", data=PLAIN, **knobs):
    return wheel(part(name, data, **knobs))


def two(*names):
    return wheel(*(part(name, b"") for name in names))


def mode(bits, name="sampleproject/x", system=3):
    return member(name, b"" if name.endswith("/") else b"/etc/passwd", attributes=bits << 16, system=system)


def metadata(**knobs):
    return wheel(change={"METADATA": knobs})


NAME = Code.BAD_MEMBER_NAME
TWICE = Code.DUPLICATE_MEMBER
BAD_NAMES = {
    "a parent": "../x.py",
    "a parent inside": "sampleproject/../../x.py",
    "a parent at the end": "sampleproject/..",
    "an absolute path": "/etc/x",
    "two slashes first": "//server/share/x",
    "a drive letter": "C:/x.py",
    "a drive letter without slash": "c:x.py",
    "a backslash": "sampleproject\\x.py",
    "a share": "\\\\server\\share\\x",
    "a stream of another file": "sampleproject/__init__.py:evil",
    "a question mark": "sampleproject/what?.py",
    "a pipe": "sampleproject/a|b",
    "nothing": "",
    "a slash": "/",
    "a dot": "./x.py",
    "an empty part": "sampleproject//x.py",
    "two slashes at the end": "sampleproject/x//",
    "a NUL": "sampleproject/x.py\0.txt",
    "a line feed": "sampleproject/x\n.py",
    "an escape sequence": "sampleproject/\x1b[2Jx",
    "delete": "sampleproject/\x7fx",
    "next line": "sampleproject/\x85x",
    "a right-to-left override": "sampleproject/x\u202eyp.exe",
    "a zero-width joiner": "sampleproject/a\u200db.py",
    "a line separator": "sampleproject/a\u2028b",
    "a byte order mark": "sampleproject/\ufeffx",
    "not UTF-8": b"sampleproject/\xff.py",
    "Latin-1": "sampleproject/é.py".encode("latin-1"),
    "overlong UTF-8": b"\xc0\xae\xc0\xae/x.py",
    "half a surrogate pair": b"sampleproject/\xed\xa0\x80",
    "a device": "sampleproject/nul",
    "a device with an extension": "sampleproject/Con.py",
    "a device with a raised digit": "sampleproject/com¹.txt",
    "a device before spaces": "sampleproject/aux  .h",
    "a folder that is a device": "prn/x.py",
    "a dot at the end": "sampleproject/x.",
    "a space at the end": "sampleproject/x ",
    "a folder with a space at the end": "sampleproject /x",
    "a part of 256 bytes": "sampleproject/" + "x" * 256,
    "a part of 86 letters in 258 bytes": "sampleproject/" + "漢" * 86,
    "a thousand folders": "a/" * 600 + "x",
}
REFUSED = {
    **{f"named: {what}": (two(name), NAME) for what, name in BAD_NAMES.items()},
    "a name in UTF-8 that does not say so": (member("sampleproject/é.py", flags=0), NAME),
    "a long list of bad names": (wheel(*(part(f"../{n}", b"") for n in range(50))), NAME),
    # twice
    "the same name": (two("a/x", "a/x"), TWICE),
    "another METADATA": (two(f"{INFO}/METADATA"), [TWICE, Code.BAD_METADATA]),
    "another METADATA in capitals": (two(f"{INFO}/metadata"), TWICE),
    "names that differ in case": (two("a/X", "a/x"), TWICE),
    "folders that differ in case": (two("SampleProject/__init__.py"), TWICE),
    "composed and decomposed": (two("a/é", "a/e\u0301"), TWICE),
    "two marks in two orders": (two("a/α\u0345\u0301", "a/α\u0301\u0345"), TWICE),
    "a long s": (two("a/s", "a/ſ"), TWICE),
    "a Kelvin sign": (two("a/k", "a/\u212a"), TWICE),
    "a file and a folder": (two("a/x", "a/x/"), TWICE),
    "a file with something in it": (two("a/x", "a/x/y"), TWICE),
    "a file with something in it, case apart": (two("a/b/c", "A/B"), TWICE),
    # kinds
    "a symbolic link": (mode(LINK), Code.ZIP_SPECIAL_FILE),
    "a symbolic link made on MS-DOS": (mode(LINK, system=0), Code.ZIP_SPECIAL_FILE),
    "a fifo": (mode(FIFO), Code.ZIP_SPECIAL_FILE),
    "a device": (mode(DEVICE), Code.ZIP_SPECIAL_FILE),
    "a socket": (mode(SOCKET), Code.ZIP_SPECIAL_FILE),
    "a kind that is none": (mode(0o170644), Code.ZIP_SPECIAL_FILE),
    "a folder without a slash": (mode(FOLDER), Code.ZIP_SPECIAL_FILE),
    "a folder with data": (member("sampleproject/d/"), Code.BAD_MEMBER_DATA),
    # features
    **{
        f"compressed with method {method}": (member(method=method, raw=b"x" * 100), Code.ZIP_FEATURE)
        for method in (1, 6, 9, 12, 14, 93, 95, 97, 98, 99, 0xFFFF)
    },
    "encrypted": (member(flags=1), Code.ZIP_ENCRYPTED),
    "strongly encrypted": (member(flags=0x41), [Code.ZIP_FEATURE, Code.ZIP_ENCRYPTED]),
    "with a data descriptor": (
        member(flags=8, raw=PACKED + b"PK\7\b" + bytes(12), compressed=len(PACKED)),
        Code.ZIP_DATA_DESCRIPTOR,
    ),
    "patch data": (member(flags=0x20), Code.ZIP_FEATURE),
    "masked headers": (member(flags=0x2000), Code.ZIP_FEATURE),
    "a format of the future": (member(needs=64), Code.ZIP_FEATURE),
    "a comment": (member(central={"comment": b"x"}), Code.ZIP_COMMENT),
    # extra fields
    "a second name in the directory": (member(central={"extra": UNICODE_PATH}), Code.ZIP_FEATURE),
    "a second name before the data": (member(local={"extra": UNICODE_PATH}), Code.ZIP_FEATURE),
    "a second comment": (member(extra=extra(0x6375, b"\1")), Code.ZIP_FEATURE),
    "an extra field that ends outside": (member(extra=b"\xfe\xca\xff\0x"), Code.ZIP_FRAMING),
    "an extra field that ends outside, locally": (
        member(local={"extra": b"\xfe\xca\xff\0x"}),
        Code.ZIP_FRAMING,
    ),
    "bytes after the extra fields": (member(extra=b"abc"), Code.ZIP_FRAMING),
    "33 extra fields": (member(extra=MANY_EXTRAS), Code.ZIP_FRAMING),
    "33 extra fields, locally": (member(local={"extra": MANY_EXTRAS}), Code.ZIP_FRAMING),
    "ZIP64 sizes that are not there": (member(central=WIDE), Code.ZIP_FRAMING),
    "ZIP64 sizes cut short": (member(central={**WIDE, "extra": WIDE_EXTRA[:12]}), Code.ZIP_FRAMING),
    "half of the ZIP64 sizes": (member(**WIDE, extra=zip64(len(PLAIN))), Code.ZIP_FRAMING),
    "ZIP64 sizes nobody asked for": (member(central={"extra": WIDE_EXTRA}), Code.ZIP_FRAMING),
    "ZIP64 sizes twice": (member(**WIDE, extra=WIDE_EXTRA * 2), Code.ZIP_FRAMING),
    "ZIP64 sizes that differ": (
        member(central={**WIDE, "extra": WIDE_EXTRA}, local={**WIDE, "extra": zip64(1, 1)}),
        Code.ZIP_FRAMING,
    ),
    "a ZIP64 offset that is wrong": (
        member(central={"offset": FULL_32, "extra": zip64(7)}),
        Code.ZIP_FRAMING,
    ),
    # sizes
    "5 GiB in 100 bytes": (
        member(**WIDE, extra=zip64(FIVE_GIB, len(PACKED))),
        [Code.BAD_MEMBER_DATA, Code.INFLATES_TOO_MUCH],
    ),
    "2^64 bytes": (
        member(**WIDE, extra=zip64(2**64 - 1, len(PACKED))),
        [Code.BAD_MEMBER_DATA, Code.INFLATES_TOO_MUCH],
    ),
    "more than its data can inflate to": (member(size=1032 * len(PACKED) + 1), Code.BAD_MEMBER_DATA),
    "data where there should be none": (member(raw=deflated(bytes(9)) + bytes(70_000)), Code.BAD_MEMBER_DATA),
    "stored with two sizes": (member(method=STORED, size=1), Code.ZIP_FRAMING),
    "65 MiB of zeros in 65 KB": (member(data=bytes(65 * 2**20)), Code.INFLATES_TOO_MUCH),
    # what is inflated at the door: METADATA, WHEEL, RECORD
    "METADATA longer than declared": (metadata(size=10), Code.BAD_MEMBER_DATA),
    "METADATA shorter than declared": (metadata(size=100), Code.BAD_MEMBER_DATA),
    "METADATA with bytes after its stream": (
        metadata(raw=deflated(sound()[f"{INFO}/METADATA"]) + b"hidden"),
        Code.BAD_MEMBER_DATA,
    ),
    "METADATA with a second stream": (
        metadata(raw=deflated(sound()[f"{INFO}/METADATA"]) + deflated(b"Name: evil\n")),
        Code.BAD_MEMBER_DATA,
    ),
    "METADATA whose stream does not end": (
        metadata(raw=deflated(sound()[f"{INFO}/METADATA"])[:-1]),
        Code.BAD_MEMBER_DATA,
    ),
    "METADATA that is no stream": (metadata(raw=b"\xff" * 60), Code.BAD_MEMBER_DATA),
    "METADATA of an empty stream": (metadata(raw=b""), Code.BAD_MEMBER_DATA),
    "METADATA with another CRC-32": (metadata(crc=1), Code.BAD_MEMBER_DATA),
    "stored METADATA with another CRC-32": (metadata(method=STORED, crc=1), Code.BAD_MEMBER_DATA),
    "WHEEL with another CRC-32": (wheel(change={"WHEEL": {"crc": 1}}), Code.BAD_MEMBER_DATA),
    "RECORD with another CRC-32": (wheel(change={"RECORD": {"crc": 1}}), Code.BAD_MEMBER_DATA),
    "a folder for METADATA": (
        wheel(
            part(f"{INFO}/METADATA/"), files={k: v for k, v in sound().items() if not k.endswith("METADATA")}
        ),
        Code.MISSING_MEMBER,
    ),
    "a METADATA of 2 MiB": (
        wheel(files=sound(METADATA=wheels.core_metadata("a", "1") + b"\n" + bytes(range(32, 127)) * 22_100)),
        Code.METADATA_TOO_LARGE,
    ),
    "WHEEL of 65 KiB": (wheel(files=sound(WHEEL=b"Wheel-Version: 1.0\n" * 3600)), Code.BAD_MEMBER_DATA),
    "WHEEL of version 1 and a joke": (wheel(files=sound(WHEEL=b"Wheel-Version: 1.x\n")), Code.BAD_WHEEL_FILE),
    "WHEEL of two versions": (
        wheel(files=sound(WHEEL=b"Wheel-Version: 1.0\nwheel-version: 2.0\n")),
        Code.BAD_WHEEL_FILE,
    ),
    "WHEEL that is pure and is not": (
        wheel(files=sound(WHEEL=b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nRoot-Is-Purelib: false\n")),
        Code.BAD_WHEEL_FILE,
    ),
    **{
        f"RECORD: {what}": (wheel(files=sound(RECORD=data)), Code.BAD_RECORD)
        for what, data in {
            "nothing": b"",
            "more lines than members are read": b"a,,\n" * 200_001,
            "empty lines": b"\r\n\n",
            "not UTF-8": b"\xff,,\n",
            "two columns": b"a,\n",
            "four columns": b"a,,,\n",
            "no path": b",,\n",
            "a digest without a name": b"a,0123,1\n",
            "a size in words": b"a,,one\n",
            "a negative size": b"a,,-1\n",
            "a row of two lines": b'"a\nb",,\n',
            "a quote without end": b'"a,,\n',
            "text after a quote": b'"a"b,,\n',
            "a line of 5000 bytes": b"a" * 5000 + b",,\n",
            "a NUL in a size": b"a,,1\0\n",
        }.items()
    },
}
ACCEPTED = {
    "a home folder's sign": (member("~/x"), "nothing but a shell reads it as more than a letter"),
    "a dot file": (member("sampleproject/.env"), "litter is flagged by an inspection"),
    "CJK and emoji": (member("sampleproject/漢字🎉.py"), "printable UTF-8"),
    "a part of 255 bytes": (member("sampleproject/" + "x" * 255), "what file systems take"),
    "a folder of its own": (member("sampleproject/d/", b""), "harmless"),
    "a folder deflated to two bytes": (member("d/", b"", raw=b"\3\0"), "as zipfile writes them"),
    "a setuid file": (mode(0o104755), "installers drop the bit; an inspection lists modes"),
    "no mode at all": (mode(0), "builders on Windows write none"),
    "UTF-8 announced for ASCII": (member(flags=0x800), "says the same"),
    "a level of compression": (member(flags=6), "a hint"),
    "a time stamp extra": (member(local={"extra": extra(0x5455, b"\1" + bytes(4))}), "as zip writes them"),
    "three bytes of padding": (member(extra=b"\0\0\0"), "as aligning tools write them"),
    "ZIP64 sizes before the data": (
        member(local={**WIDE, "extra": WIDE_EXTRA}),
        "as a streaming zipfile does",
    ),
    "ZIP64 sizes in both": (member(**WIDE, extra=WIDE_EXTRA), "one value each"),
    "ZIP64 size alone": (member(central={"size": FULL_32, "extra": zip64(len(PLAIN))}), "one value"),
    "another CRC-32 in a module": (member(crc=1), "inspection: needs the whole member inflated"),
    "a module longer than declared": (member(size=10), "inspection: needs the whole member inflated"),
    "a module shorter than declared": (member(size=500), "inspection: needs the whole member inflated"),
    "a module with bytes after its stream": (member(raw=PACKED + b"hidden"), "inspection"),
    "a module that is no stream": (member(raw=b"\xff" * 60), "inspection"),
    "a RECORD that lists others": (wheel(files=sound(RECORD=b"x.py,sha256=abc,1\n")), "inspection"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wheel_with_a_bad_member_is_refused(case):
    built, expected = REFUSED[case]
    assert [str(code) for code in as_list(expected)] == codes(built, None)
    assert len(refusals(built, None)) <= 5


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_wheel_with_an_unusual_member_is_accepted(case):
    built, _why = ACCEPTED[case]
    assert opens(built.data, built.filename)  # and zipfile or tarfile sees the same members


def test_what_is_wrong_inside_dist_info_is_told_with_what_is_wrong_around_it():
    files = sound(WHEEL=b"", RECORD=b"", METADATA=wheels.core_metadata("other", "2"))
    assert codes(wheel(part("../x"), part("y", attributes=LINK << 16), files=files), None) == [
        NAME,
        Code.ZIP_SPECIAL_FILE,
        Code.BAD_WHEEL_FILE,
        Code.BAD_RECORD,
        Code.METADATA_NAME_DIFFERS,
        Code.METADATA_VERSION_DIFFERS,
    ]
