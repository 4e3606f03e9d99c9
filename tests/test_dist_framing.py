"""ZIP archives that contradict themselves: every byte between the first and the last is accounted for."""

import io
import zipfile

import pytest

from drafts.dist import Code, Limits
from tests import wheels
from tests.refusals import codes, opened, refusals

METADATA = b"sampleproject-1.0.dist-info/METADATA"


def cut_and_mend(data, edit):
    """Rebuild a wheel's bytes: ``edit(members, directory)`` changes both, the end record is made to fit."""
    start = data.find(b"PK\1\2")
    end = data.rfind(b"PK\5\6")
    members, directory = edit(bytearray(data[:start]), bytearray(data[start:end]))
    record = bytearray(data[end:])
    record[12:16] = len(directory).to_bytes(4, "little")
    record[16:20] = len(members).to_bytes(4, "little")
    return bytes(members + directory + record)


def gap_at_the_end(members, directory):
    return members + b"hidden", directory


def gap_between(members, directory):
    second = directory.find(b"PK\1\2", 4)
    at = int.from_bytes(directory[second + 42 : second + 46], "little")
    while second != -1:
        directory[second + 42] += 6
        second = directory.find(b"PK\1\2", second + 4)
    return members[:at] + b"hidden" + members[at:], directory


def other_local_name(members, directory):
    return bytearray(
        bytes(members).replace(b"sampleproject/__init__", b"sampleproject/__evil__", 1)
    ), directory


def other_local_size(members, directory):
    members[22] ^= 1
    return members, directory


def other_central_crc(members, directory):
    directory[16] ^= 1
    return members, directory


def shifted_offset(members, directory):
    directory[42] += 1
    return members, directory


def offset_beyond_the_end(members, directory):
    directory[42:46] = b"\xfe\xff\xff\xff"
    return members, directory


def junk_in_the_directory(members, directory):
    return members, directory + b"junk"


def cut_directory(members, directory):
    return members, directory[:-10]


def member_comment(members, directory):
    directory[32] = 4
    return members, directory[: 46 + directory[28]] + b"note" + directory[46 + directory[28] :]


def unicode_path_extra(members, directory):
    directory[30] = 8
    at = 46 + directory[28]
    return members, directory[:at] + b"\x75\x70\x04\x00evil" + directory[at:]


def overlong_extra(members, directory):
    directory[30] = 4
    at = 46 + directory[28]
    return members, directory[:at] + b"\x01\x00\xff\x00" + directory[at:]


def zip64_sizes_missing(members, directory):
    directory[24:28] = b"\xff\xff\xff\xff"
    return members, directory


def several_disks(members, directory):
    directory[34] = 1
    return members, directory


def undeclared_utf8(members, directory):
    return (
        bytearray(
            bytes(members).replace(b"sampleproject/__init__", b"sampleproject/__\xc3\xa9\xc3\xa9__", 1)
        ),
        bytearray(
            bytes(directory).replace(b"sampleproject/__init__", b"sampleproject/__\xc3\xa9\xc3\xa9__", 1)
        ),
    )


@pytest.mark.parametrize(
    ("edit", "code", "words"),
    [
        (gap_at_the_end, Code.ZIP_FRAMING, "bytes between the archive's members and its directory"),
        (gap_between, Code.ZIP_FRAMING, "does not begin where the one before it ends"),
        (other_local_name, Code.ZIP_FRAMING, "described in two ways"),
        (other_local_size, Code.ZIP_FRAMING, "described in two ways"),
        (other_central_crc, Code.ZIP_FRAMING, "described in two ways"),
        (shifted_offset, Code.ZIP_FRAMING, "does not begin where"),
        (offset_beyond_the_end, Code.ZIP_FRAMING, "does not begin where"),
        (junk_in_the_directory, Code.ZIP_FRAMING, "middle of a header"),
        (cut_directory, Code.ZIP_FRAMING, "middle of a header"),
        (member_comment, Code.ZIP_COMMENT, "has a comment"),
        (unicode_path_extra, Code.ZIP_FEATURE, "second name"),
        (overlong_extra, Code.ZIP_FRAMING, "longer than its header"),
        (zip64_sizes_missing, Code.ZIP_FRAMING, "lacks the ZIP64 sizes"),
        (several_disks, Code.ZIP_FRAMING, "several disks"),
        (undeclared_utf8, Code.BAD_MEMBER_NAME, "UTF-8"),
    ],
)
def test_an_archive_that_contradicts_itself_is_refused(edit, code, words):
    built = wheels.wheel()
    edited = cut_and_mend(built.data, edit)
    assert edited != built.data
    first = refusals(wheels.Built(built.filename, edited))[0]
    assert first.code is code
    assert words in first.message


def test_bytes_between_directory_and_end_record_are_refused():
    built = wheels.wheel()
    assert codes(wheels.Built(built.filename, built.data[:-22] + b"hidden" + built.data[-22:])) == [
        Code.ZIP_FRAMING
    ]


def test_a_comment_that_is_announced_and_missing_is_refused():
    built = wheels.wheel()
    assert codes(wheels.Built(built.filename, built.data[:-2] + b"\5\0")) == [Code.ZIP_COMMENT]


def test_mending_an_unchanged_archive_leaves_it_sound():
    built = wheels.wheel()
    assert cut_and_mend(built.data, lambda *halves: halves) == built.data


@pytest.mark.parametrize("count", [0, 3, 5, 65535])
def test_the_number_of_members_must_be_as_counted(count):
    built = wheels.wheel()
    data = bytearray(built.data)
    data[-14:-10] = count.to_bytes(2, "little") * 2
    found = codes(wheels.Built(built.filename, bytes(data)), Limits())
    assert found == [Code.ZIP_FRAMING]


def local_and_central(data):
    """Where the two headers of METADATA begin."""
    return data.find(METADATA) - 30, data.rfind(METADATA) - 46


@pytest.mark.parametrize("change", [-1, 1])
def test_a_stream_of_another_length_than_declared_is_refused(change):
    built = wheels.wheel(description="x" * 100)
    data = bytearray(built.data)
    local, central = local_and_central(data)
    data[local + 22] += change
    data[central + 24] += change
    assert codes(wheels.Built(built.filename, bytes(data))) == [Code.BAD_MEMBER_DATA]


def test_a_stored_member_with_two_sizes_is_refused():
    built = wheels.wheel(compression=zipfile.ZIP_STORED)
    data = bytearray(built.data)
    data[22] += 1
    data[data.find(b"PK\1\2") + 24] += 1
    assert codes(wheels.Built(built.filename, bytes(data))) == [Code.ZIP_FRAMING]


@pytest.mark.parametrize("hidden", [b"", b"hidden"])
def test_bytes_behind_a_deflate_stream_are_refused(hidden):
    built = wheels.wheel(description="x" * 100)
    data = bytearray(built.data)
    local, central = local_and_central(data)
    start = data.find(b"PK\3\4", local + 4)
    for header, at in ((local, 18), (central, 20)):
        data[header + at] += len(hidden)
    while central != -1:
        central = data.find(b"PK\1\2", central + 4)
        if central != -1:
            shifted = int.from_bytes(data[central + 42 : central + 46], "little") + len(hidden)
            data[central + 42 : central + 46] = shifted.to_bytes(4, "little")
    end = len(data) - 22
    data[end + 16 : end + 20] = (int.from_bytes(data[end + 16 : end + 20], "little") + len(hidden)).to_bytes(
        4, "little"
    )
    data[start:start] = hidden
    assert codes(wheels.Built(built.filename, bytes(data))) == [Code.BAD_MEMBER_DATA] * bool(hidden)


def test_damaged_data_is_refused():
    built = wheels.wheel(compression=zipfile.ZIP_STORED)
    data = built.data.replace(b"Version: 1.0\n", b"Version: 1.1\n")
    assert codes(wheels.Built(built.filename, data)) == [Code.BAD_MEMBER_DATA]


def test_data_that_does_not_inflate_is_refused():
    built = wheels.wheel()
    data = bytearray(built.data)
    data[data.find(METADATA) + len(METADATA)] = 0xFF
    assert codes(wheels.Built(built.filename, bytes(data))) == [Code.BAD_MEMBER_DATA]


def test_zip64_end_records_are_read():
    built = wheels.wheel()
    end = built.data.rfind(b"PK\5\6")
    count, size, start = (
        int.from_bytes(built.data[end + at : end + at + length], "little")
        for at, length in ((10, 2), (12, 4), (16, 4))
    )
    record = b"PK\6\6" + (44).to_bytes(8, "little") + bytes([45, 0, 45, 0]) + bytes(8)
    record += b"".join(number.to_bytes(8, "little") for number in (count, count, size, start))
    locator = b"PK\6\7" + bytes(4) + end.to_bytes(8, "little") + (1).to_bytes(4, "little")
    full = b"PK\5\6" + bytes(4) + b"\xff" * 12 + bytes(2)
    sound = wheels.Built(built.filename, built.data[:end] + record + locator + full)
    assert codes(sound) == []
    lying = full[:8] + b"\x01\x00" + full[10:]
    assert codes(wheels.Built(built.filename, built.data[:end] + record + locator + lying)) == [
        Code.ZIP_FRAMING
    ]
    elsewhere = locator.replace(end.to_bytes(8, "little"), bytes(8))
    assert codes(wheels.Built(built.filename, built.data[:end] + record + elsewhere + full)) == [
        Code.ZIP_FRAMING
    ]


def test_more_members_than_16_bits_count_are_read():
    buffer = io.BytesIO(wheels.wheel().data)
    with zipfile.ZipFile(buffer, "a") as archive:
        for number in range(65_536):
            archive.writestr(zipfile.ZipInfo(f"d/{number}"), b"")
    built = wheels.Built("sampleproject-1.0-py3-none-any.whl", buffer.getvalue())
    assert len(opened(built, Limits()).members) == 65_540
