"""The members of wheels and sdists: listed with digests, read by range, never trusted."""

import hashlib
import io

import pytest

from drafts.dist import BadDistribution, parse_filename
from drafts.dist.members import read_range, walk
from drafts.inspection import keeping, members
from drafts.inspection.keeping import Seen
from drafts.models import Inspection, InspectionState
from tests import wheels

LONG = b"".join(b"line %d\n" % number for number in range(200_000))
BUILT = {"wheel": wheels.wheel, "sdist": wheels.sdist}


def walked(built, **options):
    return {
        one.member.path: one
        for one in walk(io.BytesIO(built.data), parse_filename(built.filename), **options)
    }


def path_in(built, path):
    return path if built.filename.endswith(".whl") else f"{built.filename.removesuffix('.tar.gz')}/{path}"


@pytest.mark.parametrize("kind", BUILT)
def test_every_member_has_the_size_and_digest_of_its_bytes(kind):
    built = BUILT[kind](files={"sampleproject/long.txt": LONG, "sampleproject/empty.py": b""})
    found = walked(built)
    one = found[path_in(built, "sampleproject/long.txt")].member
    assert (one.size, one.sha256) == (len(LONG), hashlib.sha256(LONG).hexdigest())
    assert found[path_in(built, "sampleproject/empty.py")].member.size == 0
    assert all(each.problem == "" and each.head == b"" for each in found.values())


@pytest.mark.parametrize("kind", BUILT)
def test_as_many_first_bytes_are_kept_as_were_asked_for(kind):
    built = BUILT[kind](files={"sampleproject/long.txt": LONG})
    found = walked(built, wanted=lambda path, _: 70_000 if path.endswith("long.txt") else 0)
    assert found[path_in(built, "sampleproject/long.txt")].head == LONG[:70_000]
    assert sum(len(one.head) for one in found.values()) == 70_000


@pytest.mark.parametrize("kind", BUILT)
@pytest.mark.parametrize(
    ("start", "length"),
    [(0, 10), (65_530, 20), (300_000, 100_000), (len(LONG) - 5, 100), (len(LONG), 1), (5, 0)],
)
def test_a_range_of_a_member_is_what_stands_there(kind, start, length):
    built = BUILT[kind](files={"sampleproject/long.txt": LONG})
    path = path_in(built, "sampleproject/long.txt")
    name = parse_filename(built.filename)
    assert (
        read_range(io.BytesIO(built.data), name, path, start=start, length=length)
        == LONG[start : start + length]
    )


@pytest.mark.parametrize("kind", BUILT)
def test_a_member_that_is_not_there_is_said_to_be_not_there(kind):
    built = BUILT[kind]()
    with pytest.raises(KeyError):
        read_range(io.BytesIO(built.data), parse_filename(built.filename), "no/such.py", start=0, length=1)


def test_a_broken_member_of_a_wheel_does_not_hide_the_others():
    built = wheels.wheel(
        files={"sampleproject/a.txt": b"a" * 50, "sampleproject/b.txt": b"b" * 50}, compression=0
    )
    broken = wheels.Built(built.filename, built.data.replace(b"a" * 50, b"a" * 49 + b"!"))
    found = walked(broken)
    assert found["sampleproject/a.txt"].member.sha256 == ""
    assert "CRC-32" in found["sampleproject/a.txt"].problem
    assert found["sampleproject/b.txt"].problem == ""


def test_a_sdist_that_ends_early_is_refused():
    built = wheels.sdist(files={"sampleproject/long.txt": LONG})
    with pytest.raises(BadDistribution):
        walked(wheels.Built(built.filename, built.data[:-40]))


def test_what_was_seen_is_read_back_as_it_was_kept(draft):
    file = draft.files.get(filetype="sdist")
    Inspection.objects.filter(file=file).delete()
    with pytest.raises(members.NotInspected):
        members.members(file)
    built = wheels.sdist()
    listed = tuple(one.member for one in walk(io.BytesIO(built.data), parse_filename(built.filename)))
    kept = keeping.keep(Seen(listed, "<p>Hello</p>"))
    Inspection.objects.create(
        file=file,
        state=InspectionState.DONE,
        checks=1,
        object_id=kept.object_id,
        sha256=kept.sha256,
        size=kept.size,
    )
    assert members.members(file) == listed
    assert members.seen(file).description == "<p>Hello</p>"


def test_a_members_text_is_cut_at_the_limit_and_binary_ones_have_none(ci):
    built = wheels.wheel(
        files={
            "sampleproject/a.txt": "a\nb\n",
            "sampleproject/b.bin": b"\0\1",
            "sampleproject/c.txt": b"\xff!",
        }
    )
    assert ci.upload(built).status_code == 200
    file = ci.row.files.get()
    assert members.text(file, "sampleproject/a.txt", 100) == members.Text("a\nb\n")
    assert members.text(file, "sampleproject/a.txt", 3) == members.Text("a\nb", is_cut=True)
    assert members.text(file, "sampleproject/b.bin", 100) == members.Text("", is_binary=True)
    assert members.text(file, "sampleproject/c.txt", 100) == members.Text("\\xff!")
