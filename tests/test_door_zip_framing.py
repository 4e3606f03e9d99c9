"""Wheels whose ZIP archive lies about where things are, or says them twice, each built by hand with one fault.

What needs whole members inflated is not seen at the door but by an inspection, which blocks publishing: a member
(other than METADATA, WHEEL and RECORD) whose deflate stream is longer or shorter than declared, ends early, is
followed by bytes or does not have its CRC-32; RECORD rows that do not fit the members. Those stand here as accepted.
"""

import pytest

from drafts.dist import Code
from tests import wheels
from tests.fuzz.targets import opens
from tests.refusals import codes, refusals
from tests.zipparts import (
    FULL_16,
    FULL_32,
    STORED,
    Archive,
    part,
    sound,
    wheel,
    zip64,
)

ANOTHER = wheel(files=sound(METADATA=wheels.core_metadata("evil", "6.6.6"))).data
SOUND = wheel().data
NAME = "sampleproject-1.0-py3-none-any.whl"
FULL_END = {"here": FULL_16, "count": FULL_16, "size": FULL_32, "start": FULL_32}
PLAIN = b"# a plain member\n" * 20


def cut(data):
    return wheels.Built(NAME, data)


def member(name="sampleproject/x.py", data=PLAIN, **knobs):
    return wheel(part(name, data, **knobs))


def nested():
    """A stored member whose data is a whole member, which the directory names as well."""
    inner = Archive([part("sampleproject/inner.py", b"inner")])
    hidden = inner.bytes()[: inner.bytes().find(b"PK\1\2")]
    outer = part("sampleproject/outer.bin", hidden, method=STORED)
    before = wheel().data.find(b"PK\1\2")
    at = before + 30 + len("sampleproject/outer.bin")
    ghost = part("sampleproject/inner.py", b"inner", central={"offset": at})
    whole = wheel(outer, ghost).data
    gone = whole.rfind(b"PK\3\4")  # the ghost's own bytes go; only its line in the directory stays
    length = whole.find(b"PK\1\2") - gone
    end = whole[-22:-6] + (int.from_bytes(whole[-6:-2], "little") - length).to_bytes(4, "little") + b"\0\0"
    return cut(whole[:gone] + whole[gone + length : -22] + end)


REFUSED = {
    # the end
    "nothing": (cut(b""), Code.EMPTY_FILE),
    "one byte": (cut(b"P"), Code.NOT_A_ZIP),
    "21 bytes of an end record": (cut(SOUND[-22:-1]), Code.NOT_A_ZIP),
    "zeros": (cut(bytes(1000)), Code.NOT_A_ZIP),
    "an end record and nothing else": (cut(SOUND[-22:]), Code.ZIP_FRAMING),
    "an empty archive": (cut(b"PK\5\6" + bytes(18)), Code.BAD_DIST_INFO),
    "the last byte missing": (cut(SOUND[:-1]), Code.ZIP_COMMENT),
    "the second half missing": (cut(SOUND[: len(SOUND) // 2]), Code.NOT_A_ZIP),
    "the first byte missing": (cut(SOUND[1:]), Code.ZIP_FRAMING),
    "a script before it": (wheel(prefix=b"#!/bin/sh\nexit\n", moved=-15), Code.ZIP_FRAMING),
    "a script before it that the offsets know": (wheel(prefix=b"#!/bin/sh\n"), Code.ZIP_FRAMING),
    "a marker of spanned archives": (wheel(prefix=b"PK00"), Code.ZIP_FRAMING),
    "a whole wheel before it": (wheel(prefix=ANOTHER), Code.ZIP_FRAMING),
    "a whole wheel before it, offsets unaware": (
        wheel(prefix=ANOTHER, moved=-len(ANOTHER)),
        Code.ZIP_FRAMING,
    ),
    "a whole wheel after it": (wheel(suffix=ANOTHER), Code.ZIP_FRAMING),
    "a second end record after it": (wheel(suffix=SOUND[-22:]), Code.ZIP_FRAMING),
    "an empty archive after it": (wheel(suffix=b"PK\5\6" + bytes(18)), Code.ZIP_FRAMING),
    "a second end record before the last": (wheel(after_directory=SOUND[-22:]), Code.ZIP_FRAMING),
    "a byte after it": (wheel(suffix=b"x"), Code.ZIP_COMMENT),
    "zeros after it": (wheel(suffix=bytes(512)), Code.ZIP_COMMENT),
    "70 000 bytes after it": (wheel(suffix=bytes(70_000)), Code.NOT_A_ZIP),
    "a comment": (wheel(comment=b"built with love"), Code.ZIP_COMMENT),
    "a comment that is an end record": (wheel(comment=SOUND[-22:]), Code.ZIP_FRAMING),
    "a whole wheel in the comment": (wheel(comment=ANOTHER), Code.ZIP_FRAMING),
    "a comment announced and missing": (wheel(end={"comment": 5}), Code.ZIP_COMMENT),
    "one member more than there is": (wheel(end={"here": 5, "count": 5}), Code.ZIP_FRAMING),
    "one member less than there is": (wheel(end={"here": 3, "count": 3}), Code.ZIP_FRAMING),
    "two counts": (wheel(end={"here": 3}), Code.ZIP_FRAMING),
    "another disk": (wheel(end={"disk": 1}), Code.ZIP_FRAMING),
    "a directory on another disk": (wheel(end={"first": 1}), Code.ZIP_FRAMING),
    "a member on another disk": (member(central={"disk": 1}), Code.ZIP_FRAMING),
    "a directory of size 0": (wheel(end={"size": 0}), Code.ZIP_FRAMING),
    "a directory of 4 GiB": (wheel(end={"size": FULL_32}), Code.TOO_MANY_MEMBERS),
    "a directory that begins at 0": (wheel(end={"start": 0}), Code.ZIP_FRAMING),
    "a directory that begins at 4 GiB": (wheel(end={"start": FULL_32}), Code.ZIP_FRAMING),
    "a count that announces ZIP64": (wheel(end={"here": FULL_16, "count": FULL_16}), Code.ZIP_FRAMING),
    # the ZIP64 end
    "two end records with two counts": (wheel(wide={}, end={"here": 1, "count": 1}), Code.ZIP_FRAMING),
    "two end records with two starts": (wheel(wide={}, end={"start": 1}), Code.ZIP_FRAMING),
    "a locator that points elsewhere": (wheel(wide={"where": 0}, end=FULL_END), Code.ZIP_FRAMING),
    "a locator beyond the file": (wheel(wide={"where": 2**63}, end=FULL_END), Code.ZIP_FRAMING),
    "a gap before the locator": (wheel(wide={"gap": b"hidden"}, end=FULL_END), Code.ZIP_FRAMING),
    "an extensible ZIP64 record": (wheel(wide={"rest": b"x" * 8}, end=FULL_END), Code.ZIP_FRAMING),
    "a ZIP64 record with another length": (wheel(wide={"length": 45}, end=FULL_END), Code.ZIP_FRAMING),
    "a ZIP64 archive of two disks": (wheel(wide={"disks": 2}, end=FULL_END), Code.ZIP_FRAMING),
    "a ZIP64 record on another disk": (wheel(wide={"locator_disk": 1}, end=FULL_END), Code.ZIP_FRAMING),
    "2^64 members": (
        wheel(wide={"here": 2**64 - 1, "count": 2**64 - 1}, end=FULL_END),
        Code.TOO_MANY_MEMBERS,
    ),
    "a directory of 2^64 bytes": (wheel(wide={"size": 2**64 - 1}, end=FULL_END), Code.TOO_MANY_MEMBERS),
    "a directory that begins at 2^63": (wheel(wide={"start": 2**63}, end=FULL_END), Code.ZIP_FRAMING),
    # between the members
    "a gap between members": (member(gap=b"hidden"), Code.ZIP_FRAMING),
    "a gap before the directory": (wheel(before_directory=b"hidden"), Code.ZIP_FRAMING),
    "a gap after the directory": (wheel(after_directory=b"hidden"), Code.ZIP_FRAMING),
    "a member that the directory does not name": (member(listed=0), Code.ZIP_FRAMING),
    "a member named twice in the directory": (
        member(listed=2),
        [Code.DUPLICATE_MEMBER, Code.ZIP_FRAMING],
    ),
    "a member inside another's data": (nested(), Code.ZIP_FRAMING),
    "a member that begins in the directory": (
        member(central={"offset": len(wheel().data) - 100}),
        Code.ZIP_FRAMING,
    ),
    "a member that begins at 4 GiB": (member(central={"offset": FULL_32 - 1}), Code.ZIP_FRAMING),
    "a member that begins at -1": (
        member(central={"offset": FULL_32, "extra": zip64(2**64 - 1)}),
        Code.ZIP_FRAMING,
    ),
    "offsets that are all wrong by one": (wheel(moved=1, end={"start": len(SOUND)}), Code.ZIP_FRAMING),
    # two headers that differ, field by field
    "two names": (member(local={"name": b"sampleproject/y.py"}), Code.ZIP_FRAMING),
    "two names of different length": (member(local={"name": b"y"}), Code.ZIP_FRAMING),
    "two spellings of a name": (member(local={"name": b"sampleproject/X.py"}), Code.ZIP_FRAMING),
    "a local name that climbs": (member(local={"name": b"../../../../x.py.."}), Code.ZIP_FRAMING),
    "two flags": (member(local={"flags": 2}), Code.ZIP_FRAMING),
    "two methods": (member(local={"method": STORED}), Code.ZIP_FRAMING),
    "two times": (member(local={"time": 0}), Code.ZIP_FRAMING),
    "two dates": (member(local={"date": 0x21}), Code.ZIP_FRAMING),
    "two CRC-32": (member(local={"crc": 0}), Code.ZIP_FRAMING),
    "two compressed sizes": (member(local={"compressed": 1}), Code.ZIP_FRAMING),
    "two sizes": (member(local={"size": 1}), Code.ZIP_FRAMING),
    "local sizes of 0, without a descriptor": (
        member(local={"size": 0, "compressed": 0, "crc": 0}),
        Code.ZIP_FRAMING,
    ),
    "no header where a member begins": (cut(SOUND.replace(b"PK\3\4", b"PK\3\5", 1)), Code.ZIP_FRAMING),
}
ACCEPTED = {
    "as it should be": (wheel(), "the same builder with no fault"),
    "a ZIP64 end that repeats the plain one": (wheel(wide={}), "both say the same"),
    "a ZIP64 end instead of the plain one": (wheel(wide={}, end=FULL_END), "as APPNOTE 4.4.1.4 has it"),
    "a directory in another order": (
        wheel(order=-1),
        "no byte is hidden; every reader takes the directory's",
    ),
    "two versions needed": (member(local={"needs": 10}), "no reader acts on the local one"),
    "a whole wheel stored in a member": (
        member("sampleproject/other.whl", ANOTHER, method=STORED),
        "its bytes belong to that member, and the last end record counts",
    ),
}


def as_list(expected):
    return expected if isinstance(expected, list) else [expected]


@pytest.mark.parametrize("case", REFUSED)
def test_a_wheel_that_lies_about_its_framing_is_refused(case):
    built, expected = REFUSED[case]
    assert [str(code) for code in as_list(expected)] == codes(built, None)
    assert all(refusal.message.endswith((".", "...")) for refusal in refusals(built, None))


@pytest.mark.parametrize("case", ACCEPTED)
def test_a_wheel_that_is_unusual_but_says_one_thing_is_accepted(case):
    built, _why = ACCEPTED[case]
    assert opens(built.data, built.filename)  # and zipfile or tarfile sees the same members
