"""Whatever a file would like to cost, it is read within a fence of memory and with work in step with its size."""

import io
import sys

import pytest

from drafts.dist import Code, Limits, open_distribution
from drafts.dist.errors import BadDistribution
from drafts.dist.limits import MEMORY
from tests import bombs
from tests.scales import weigh
from tests.tarparts import FILENAME as SDIST
from tests.tarparts import header, long_name, pax
from tests.zipparts import FILENAME as WHEEL

WHEELS = {
    "a gigabyte of zeros": [Code.INFLATES_TOO_MUCH],
    "a METADATA that declares a hundred bytes": [Code.BAD_MEMBER_DATA],
    "a WHEEL that declares a hundred bytes": [Code.BAD_MEMBER_DATA],
    "a RECORD that declares 16 MiB": [Code.BAD_MEMBER_DATA],
    "a hundred thousand members": [],
    "a hundred thousand members and one": [Code.TOO_MANY_MEMBERS],
    "a directory of 16 MiB of letters that fold to three": [],
    "a directory of 20 MiB": [Code.TOO_MANY_MEMBERS],
    "names of thirty thousand folders": [Code.BAD_MEMBER_NAME],
    "64 KiB of extra fields each": [Code.ZIP_FRAMING],
    "a stream that a thousand members share": [
        Code.BAD_MEMBER_DATA,
        Code.ZIP_FRAMING,
        Code.INFLATES_TOO_MUCH,
    ],
    "a wheel in a wheel, fifty deep": [],
    "a million rows in RECORD": [Code.BAD_RECORD],
    "a row of 16 MiB in RECORD": [Code.BAD_RECORD],
    "a RECORD of 16 MiB in emoji": [Code.BAD_RECORD],
    "a RECORD of quotes": [Code.BAD_RECORD],
    "a hundred thousand headers": [Code.BAD_METADATA],
    "a hundred thousand different headers": [Code.BAD_METADATA],
    "a description of a million lines": [],
    "nested MIME parts": [Code.BAD_METADATA],
    "monstrous requirements": [],
    "monstrous specifiers": [],
    "nested markers": [Code.BAD_METADATA],
    "a WHEEL of 60 KiB of headers": [],
    "64 KiB of end records": [Code.ZIP_COMMENT],
}
SDISTS = {
    "ten gigabytes of zeros": [Code.INFLATES_TOO_MUCH],
    "zeros after the end": [Code.INFLATES_TOO_MUCH],
    "a hundred thousand members and one": [Code.TOO_MANY_MEMBERS],
    "a pax header of a gigabyte": [Code.BAD_TAR],
    "a pax header of a yottabyte": [Code.BAD_TAR],
    "a GNU name of a gigabyte": [Code.BAD_TAR],
    "pax headers without end": [Code.BAD_TAR],
    "pax headers of 64 KiB": [Code.TOO_MANY_MEMBERS],
    "pax headers of thousands of records": [Code.TOO_MANY_MEMBERS],
    "long names of 64 KiB": [Code.TOO_MANY_MEMBERS, Code.BAD_MEMBER_NAME],
    "a PKG-INFO of a gigabyte": [Code.METADATA_TOO_LARGE, Code.BAD_TAR],
    "a PKG-INFO of a million lines": [],
    "a gzip in a gzip in a gzip": [Code.BAD_TAR],
    "a name of 50 MiB in the gzip header": [Code.NOT_GZIP],
    "gzip blocks that hold nothing": [Code.NOT_GZIP],
    "not gzip": [Code.NOT_GZIP],
}


@pytest.mark.parametrize("bomb", WHEELS)
def test_a_wheel_that_would_exhaust_memory_is_read_in_little(tmp_path, bomb):
    (tmp_path / "file").write_bytes(bombs.WHEELS[bomb]())
    found, grown = weigh(tmp_path / "file", WHEEL, MEMORY)
    assert (found, grown < MEMORY) == (WHEELS[bomb], True)


@pytest.mark.parametrize("bomb", SDISTS)
def test_a_sdist_that_would_exhaust_memory_is_read_in_little(tmp_path, bomb):
    (tmp_path / "file").write_bytes(bombs.SDISTS[bomb]())
    found, grown = weigh(tmp_path / "file", SDIST, MEMORY)
    assert (found, grown < MEMORY) == (SDISTS[bomb], True)


def test_every_bomb_has_its_answer():
    assert (set(WHEELS), set(SDISTS)) == (set(bombs.WHEELS), set(bombs.SDISTS))


def test_the_fence_stops_a_reader_that_takes_too_much(tmp_path):
    (tmp_path / "file").write_bytes(bombs.record(b"a,,\n" * 1_000_000))
    with pytest.raises(AssertionError, match="MemoryError"):
        weigh(tmp_path / "file", WHEEL, 2**20)


class Counted(io.BytesIO):
    """A file that counts the bytes that are read from it."""

    taken = 0

    def read(self, size=-1):
        data = super().read(size)
        self.taken += len(data)
        return data


def work(data, filename):
    """Calls that opening a file takes, and bytes read of it: the same on every machine."""
    calls = 0

    def count(_frame, _event, _argument):
        nonlocal calls
        calls += 1

    file = Counted(data)
    sys.setprofile(count)
    try:
        open_distribution(file, filename, limits=Limits())
    except BadDistribution:
        pass
    finally:
        sys.setprofile(None)
    return calls, file.taken


GROWING = {
    "members": (WHEEL, bombs.many),
    "members that collide": (WHEEL, lambda n: bombs.many(n, "d/%d/../x")),
    "folders in names": (WHEEL, lambda n: bombs.many(20, "d/" * n + "%d")),
    "rows of RECORD": (WHEEL, lambda n: bombs.record(b"a,,\n" * n)),
    "requirements": (WHEEL, lambda n: bombs.metadata(b"Requires-Dist: a>=1; os_name == 'b'\n" * n)),
    "specifiers of one requirement": (
        WHEEL,
        lambda n: bombs.metadata(b"Requires-Dist: a>=1" + b",>=1" * n + b"\n"),
    ),
    "extras of one requirement": (
        WHEEL,
        lambda n: bombs.metadata(b"Requires-Dist: a[" + b"b," * n + b"b]\n"),
    ),
    "markers of one requirement": (
        WHEEL,
        lambda n: bombs.metadata(b"Requires-Dist: a; os_name == 'b'" + b" or os_name == 'b'" * n + b"\n"),
    ),
    "headers": (WHEEL, lambda n: bombs.metadata(b"Classifier: a\n" * n)),
    "continued lines": (WHEEL, lambda n: bombs.metadata(b"Description: a\n" + b" b\n" * n)),
    "lines of the description": (WHEEL, lambda n: bombs.metadata(b"\n" + b"a\n" * n)),
    "members of a tar": (SDIST, lambda n: bombs.sdist(*(header(f"{i}") for i in range(n)))),
    "pax headers": (SDIST, lambda n: bombs.sdist(pax("comment=x", everywhere=True) * n)),
    "pax records": (SDIST, lambda n: bombs.sdist(pax(*["a=b"] * n), header("x"))),
    "long names": (SDIST, lambda n: bombs.sdist((long_name("a-1.0/x") + header("x")) * n)),
    "inflated bytes": (SDIST, lambda n: bombs.endless(n * bombs.MIB // 50)),
}


@pytest.mark.parametrize("what", GROWING)
def test_twice_as_much_takes_no_more_than_twice_the_work(what):
    filename, build = GROWING[what]
    one, two = build(600), build(1200)
    (calls, taken), (more_calls, more_taken) = work(one, filename), work(two, filename)
    assert more_calls <= 2.1 * calls
    assert taken <= 3 * len(one)
    assert more_taken <= 3 * len(two)
