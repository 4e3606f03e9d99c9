"""Two copies of one distribution: which members differ in their contents, and what cannot be said."""

import io
import zipfile

import pytest

from drafts.dist import BadDistribution, parse_filename
from drafts.dist.copies import difference, digests
from tests import wheels

MANY = 64 * 1024**2
ONE = {"sampleproject/core.py": "x = 1\n"}
OTHER = {"sampleproject/core.py": "x = 2\n", "sampleproject/more.py": "y = 1\n"}


def of(built: wheels.Built, most: int = MANY) -> dict[str, str]:
    return digests(io.BytesIO(built.data), parse_filename(built.filename), most=most)


@pytest.mark.parametrize("build", [wheels.wheel, wheels.sdist])
def test_members_that_differ_are_named(build):
    """It is true that changed and added members are told apart, in wheels and in sdists."""
    found = difference(of(build(files=ONE)), of(build(files=OTHER)))
    tops = {name.removeprefix("sampleproject-1.0/") for name in found.changed}
    assert "sampleproject/core.py" in tops
    assert [name.rpartition("/")[2] for name in found.only_after] == ["more.py"]
    assert found.only_before == ()
    assert set(found.names) == {*found.changed, *found.only_after}


def test_how_they_are_packed_makes_no_difference():
    """It is true that compression alone leaves every member equal."""
    stored = wheels.wheel(files=ONE, compression=zipfile.ZIP_STORED)
    assert stored.data != wheels.wheel(files=ONE).data
    assert difference(of(wheels.wheel(files=ONE)), of(stored)).names == ()


def test_contents_decide_and_not_what_the_archive_says_of_them():
    """It is true that two members of one length are told apart by their contents."""
    a, b = wheels.wheel(files={"a.py": "x = 1\n"}), wheels.wheel(files={"a.py": "x = 2\n"})
    assert "a.py" in difference(of(a), of(b)).changed


@pytest.mark.parametrize("build", [wheels.wheel, wheels.sdist])
def test_what_inflates_without_end_is_not_read(build):
    with pytest.raises(BadDistribution):
        of(build(bomb=200_000), most=100_000)
