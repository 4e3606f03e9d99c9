"""Wheels and sdists as they arrive: sound ones are read, wrong wheels are refused with their code."""

import io
import tarfile
import zipfile

import pytest

from drafts.dist import BadDistribution, Code, Limits, open_distribution
from tests import wheels
from tests.refusals import SMALL, codes, opened


def test_a_wheel_is_read():
    built = wheels.wheel(
        "Sample.Project", "1.0", requires_python=">=3.9", files={"sample_data/x.txt": "hello"}
    )
    distribution = opened(built)
    assert distribution.name.project == "sample-project"
    assert distribution.metadata.requires_python == ">=3.9"
    assert distribution.metadata.raw == wheels.core_metadata("Sample.Project", "1.0", requires_python=">=3.9")
    sizes = {member.name: member.size for member in distribution.members}
    assert sizes["sample_data/x.txt"] == 5
    assert list(sizes)[-1] == "sample_project-1.0.dist-info/RECORD"


def test_a_sdist_is_read():
    distribution = opened(wheels.sdist("Sample.Project", "1.0", files={"docs/x.txt": "hello"}))
    assert distribution.name.project == "sample-project"
    assert distribution.metadata.version == "1.0"
    assert ("sample_project-1.0/docs/x.txt", 5) in [(one.name, one.size) for one in distribution.members]


def test_a_path_is_read_and_a_given_file_stays_open(tmp_path):
    built = wheels.wheel()
    assert open_distribution(built.write(tmp_path), built.filename) == open_distribution(
        str(tmp_path / built.filename), built.filename
    )
    file = io.BytesIO(built.data)
    file.read(10)
    assert open_distribution(file, built.filename).name.project == "sampleproject"
    assert not file.closed


def test_a_missing_file_is_no_bad_distribution(tmp_path):
    with pytest.raises(FileNotFoundError):
        open_distribution(tmp_path / "a-1.0.tar.gz", "a-1.0.tar.gz")


@pytest.mark.parametrize(
    "built",
    [
        pytest.param(wheels.wheel(build="1"), id="build number"),
        pytest.param(wheels.wheel(compression=zipfile.ZIP_STORED), id="stored"),
        pytest.param(wheels.wheel(extra=(("empty/", b""),)), id="folder entry"),
        pytest.param(wheels.wheel(extra=(("sampleproject/naïve.txt", b""),)), id="UTF-8 name"),
        pytest.param(
            wheels.wheel(extra=(("a/vendored-2.0.dist-info/METADATA", b""),)), id="vendored dist-info"
        ),
        pytest.param(wheels.wheel(requires_dist=("a @ https://index.example/a.whl",)), id="direct URL"),
        pytest.param(wheels.wheel(fields=(("Classifier", "Nobody :: Knows"),)), id="unknown classifier"),
        pytest.param(wheels.wheel("a", "1.0.0", says_version="1.0"), id="other spelling of the version"),
        pytest.param(wheels.sdist(tar_format=tarfile.GNU_FORMAT), id="GNU tar"),
        pytest.param(wheels.sdist(tar_format=tarfile.USTAR_FORMAT), id="ustar"),
        pytest.param(wheels.sdist(files={"x" * 90 + "/" + "y" * 90: ""}), id="pax long name"),
        pytest.param(
            wheels.sdist(files={"x" * 90 + "/" + "y" * 90: ""}, tar_format=tarfile.GNU_FORMAT),
            id="GNU long name",
        ),
        pytest.param(
            wheels.sdist("zope.interface", "1.0", folder="zope.interface-1.0"), id="folder with a dot"
        ),
        pytest.param(wheels.sdist("a", "1.0", folder="a-1.0.0"), id="folder with another spelling"),
        pytest.param(wheels.sdist(files={"a.egg-info/PKG-INFO": "x"}), id="second PKG-INFO further down"),
    ],
)
def test_sound_distributions_are_accepted(built):
    assert codes(built) == []


WRONG_WHEELS = {
    "not a zip": (wheels.Built("a-1.0-py3-none-any.whl", b"x" * 100), Code.NOT_A_ZIP),
    "one byte": (wheels.Built("a-1.0-py3-none-any.whl", b"x"), Code.NOT_A_ZIP),
    "nothing": (wheels.Built("a-1.0-py3-none-any.whl", b""), Code.EMPTY_FILE),
    "an sdist": (wheels.Built("sampleproject-1.0-py3-none-any.whl", wheels.sdist().data), Code.NOT_A_ZIP),
    "empty zip": (wheels.Built("a-1.0-py3-none-any.whl", b"PK\5\6" + bytes(18)), Code.BAD_DIST_INFO),
    "bytes before": (wheels.wheel(prefix=b"#!/bin/sh\n"), Code.ZIP_FRAMING),
    "bytes after": (wheels.wheel(suffix=b"x"), Code.ZIP_COMMENT),
    "a second zip after": (wheels.wheel(suffix=wheels.wheel(salt="2").data), Code.ZIP_FRAMING),
    "archive comment": (wheels.wheel(comment=b"hello"), Code.ZIP_COMMENT),
    "a zip hidden in a comment": (wheels.wheel(comment=wheels.wheel(salt="2").data), Code.ZIP_FRAMING),
    "encrypted": (wheels.wheel(flags=wheels.ENCRYPTED), Code.ZIP_ENCRYPTED),
    "written to a pipe": (wheels.wheel(flags=wheels.DATA_DESCRIPTOR), Code.ZIP_DATA_DESCRIPTOR),
    "patched data": (wheels.wheel(flags=0x20), Code.ZIP_FEATURE),
    "bzip2": (wheels.wheel(compression=zipfile.ZIP_BZIP2), Code.ZIP_FEATURE),
    "traversal": (wheels.wheel(extra=(("../x", b""),)), Code.BAD_MEMBER_NAME),
    "traversal inside": (wheels.wheel(extra=(("a/../../x", b""),)), Code.BAD_MEMBER_NAME),
    "absolute": (wheels.wheel(extra=(("/etc/x", b""),)), Code.BAD_MEMBER_NAME),
    "drive letter": (wheels.wheel(extra=(("C:/x", b""),)), Code.BAD_MEMBER_NAME),
    "backslash": (wheels.wheel(extra=(("a\\x", b""),)), Code.BAD_MEMBER_NAME),
    "empty part": (wheels.wheel(extra=(("a//x", b""),)), Code.BAD_MEMBER_NAME),
    "dot part": (wheels.wheel(extra=(("./x", b""),)), Code.BAD_MEMBER_NAME),
    "empty name": (wheels.wheel(extra=(("", b""),)), Code.BAD_MEMBER_NAME),
    "NUL": (wheels.wheel(extra=(("a\0.py", b""),)), Code.BAD_MEMBER_NAME),
    "line feed": (wheels.wheel(extra=(("a\n.py", b""),)), Code.BAD_MEMBER_NAME),
    "bidi mark": (wheels.wheel(extra=(("a\u202eyp.exe", b""),)), Code.BAD_MEMBER_NAME),
    "Windows device": (wheels.wheel(extra=(("a/nul.txt", b""),)), Code.BAD_MEMBER_NAME),
    "trailing dot": (wheels.wheel(extra=(("a./x", b""),)), Code.BAD_MEMBER_NAME),
    "duplicate": (wheels.wheel(extra=(("sampleproject/__init__.py", b"x"),)), Code.DUPLICATE_MEMBER),
    "differs in case": (wheels.wheel(extra=(("SampleProject/__init__.py", b"x"),)), Code.DUPLICATE_MEMBER),
    "file and folder": (wheels.wheel(extra=(("a", b""), ("a/", b""))), Code.DUPLICATE_MEMBER),
    "too many members": (
        wheels.wheel(extra=tuple((f"a/{n}", b"") for n in range(20))),
        Code.TOO_MANY_MEMBERS,
    ),
    "directory too long": (wheels.wheel(extra=(("x" * 5000, b""),)), Code.TOO_MANY_MEMBERS),
    "bomb": (wheels.wheel(bomb=1_000_000), Code.INFLATES_TOO_MUCH),
    "no dist-info": (wheels.wheel(omit=("METADATA", "WHEEL", "RECORD")), Code.BAD_DIST_INFO),
    "two dist-infos": (wheels.wheel(extra=(("b-1.0.dist-info/METADATA", b""),)), Code.BAD_DIST_INFO),
    "dist-info in capitals": (wheels.wheel(extra=(("b-1.0.DIST-INFO/METADATA", b""),)), Code.BAD_DIST_INFO),
    "another's dist-info": (wheels.wheel(dist_info="other-1.0.dist-info"), Code.BAD_DIST_INFO),
    "dist-info spelled otherwise": (
        wheels.wheel(dist_info="sampleproject-1.0.0.dist-info"),
        Code.BAD_DIST_INFO,
    ),
    "named otherwise": (wheels.wheel(filename="other-1.0-py3-none-any.whl"), Code.BAD_DIST_INFO),
    "no METADATA": (wheels.wheel(omit=("METADATA",)), Code.MISSING_MEMBER),
    "no WHEEL": (wheels.wheel(omit=("WHEEL",)), Code.MISSING_MEMBER),
    "no RECORD": (wheels.wheel(omit=("RECORD",)), Code.MISSING_MEMBER),
    "huge METADATA": (wheels.wheel(description="x" * 5000), Code.METADATA_TOO_LARGE),
    "empty WHEEL": (wheels.wheel(wheel_file=b""), Code.BAD_WHEEL_FILE),
    "WHEEL of version 2": (wheels.wheel(wheel_file=b"Wheel-Version: 2.0\n"), Code.BAD_WHEEL_FILE),
    "WHEEL not UTF-8": (wheels.wheel(wheel_file=b"Wheel-Version: 1.0\n\xff"), Code.BAD_WHEEL_FILE),
    "empty RECORD": (wheels.wheel(record=b""), Code.BAD_RECORD),
    "RECORD with two columns": (wheels.wheel(record=b"a,b\n"), Code.BAD_RECORD),
    "RECORD with a path missing": (wheels.wheel(record=b",,\n"), Code.BAD_RECORD),
    "RECORD not UTF-8": (wheels.wheel(record=b"\xff,,\n"), Code.BAD_RECORD),
    "RECORD with a field without end": (wheels.wheel(record=b'"' + b"x" * 200_000), Code.BAD_RECORD),
    "METADATA of another project": (wheels.wheel(says_name="other"), Code.METADATA_NAME_DIFFERS),
    "METADATA of another version": (wheels.wheel(says_version="1.1"), Code.METADATA_VERSION_DIFFERS),
    "METADATA without a name": (wheels.wheel(metadata=b"Metadata-Version: 2.1\n"), Code.BAD_METADATA),
}
GENEROUS = {"RECORD with a field without end": Limits()}


@pytest.mark.parametrize("case", WRONG_WHEELS)
def test_a_wrong_wheel_is_refused(case):
    built, code = WRONG_WHEELS[case]
    assert codes(built, GENEROUS.get(case, SMALL))[:1] == [code]


def test_all_findings_are_told_at_once():
    built = wheels.wheel(omit=("RECORD",), extra=(("../x", b""), ("a", b""), ("A", b"")))
    assert codes(built) == [Code.BAD_MEMBER_NAME, Code.DUPLICATE_MEMBER, Code.MISSING_MEMBER]
    both = wheels.wheel(says_name="other", says_version="2")
    assert codes(both) == [Code.METADATA_NAME_DIFFERS, Code.METADATA_VERSION_DIFFERS]


def test_a_hundred_findings_of_one_kind_are_five_sentences():
    built = wheels.wheel(extra=tuple((f"../{n}", b"") for n in range(100)))
    with pytest.raises(BadDistribution) as refused:
        opened(built, Limits())
    assert len(refused.value.refusals) == 5


def test_a_name_that_differs_shows_both():
    with pytest.raises(BadDistribution, match=r"sampleproject-1\.0-py3-none-any\.whl.* 'other'"):
        opened(wheels.wheel(says_name="other"))
