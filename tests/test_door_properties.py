"""What is built well is read, whatever is in it; one changed bit is refused or changes nothing that is read."""

import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drafts.dist import BadDistribution
from drafts.dist.metadata import parse_metadata
from tests import wheels
from tests.refusals import codes, opened
from tests.tarparts import END, PKG_INFO, gz, long_name, member, pax
from tests.zipparts import INFO, part, wheel

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}(?:[-_.][a-z0-9]{1,8}){0,2}", fullmatch=True)
VERSIONS = st.from_regex(
    r"[0-9]{1,4}(?:\.[0-9]{1,4}){0,3}(?:(?:a|rc|\.post|\.dev)[0-9]{1,3})?", fullmatch=True
)
LETTERS = st.characters(categories=("Ll", "Nd", "Lo"), max_codepoint=0x9FFF)
PARTS = st.text(LETTERS, min_size=1, max_size=12).map("d{}".format)
CONTENTS = st.dictionaries(
    st.lists(PARTS, min_size=1, max_size=4).map(lambda parts: "files/" + "/".join(parts) + ".txt"),
    st.binary(max_size=2000),
    max_size=12,
)
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs")), min_size=1, max_size=40)
DESCRIPTIONS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), max_size=300)


@given(NAMES, VERSIONS, CONTENTS, TEXT, st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
def test_a_wheel_that_is_built_well_is_read(name, version, files, summary, compression):
    built = wheels.wheel(name, version, files=files, fields=(("Summary", summary),), compression=compression)
    found = opened(built, None)
    assert found.metadata.summary in {summary, None}
    read = {one.name: one.size for one in found.members}
    assert {path: read[path] for path in files} == {path: len(data) for path, data in files.items()}


@given(NAMES, VERSIONS, CONTENTS, st.sampled_from([0, 1, 2]))
def test_a_sdist_that_is_built_well_is_read(name, version, files, tar_format):
    files = {
        path.encode("ascii", "ignore").decode() if not tar_format else path: files[path] for path in files
    }
    built = wheels.sdist(name, version, files=files, tar_format=tar_format)
    top = built.filename.removesuffix(".tar.gz")
    read = {one.name: one.size for one in opened(built, None).members}
    assert {path: read[f"{top}/{path}"] for path in files} == {
        path: len(data) for path, data in files.items()
    }


@given(TEXT, st.lists(TEXT, max_size=5), DESCRIPTIONS)
def test_metadata_is_read_as_it_was_written(summary, classifiers, description):
    fields = (("Summary", summary), *(("Classifier", one) for one in classifiers))
    found = parse_metadata(wheels.core_metadata("a", "1", fields=fields, description=description))
    said = [one for one in classifiers if one != "UNKNOWN"]
    assert (found.summary or "UNKNOWN", list(found.classifiers)) == (summary, said)
    assert (found.description or "").strip() == description.strip()


@given(
    st.binary(max_size=2000) | st.text(max_size=500).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
def test_random_metadata_is_refused_or_read_as_name_and_version(data):
    try:
        found = parse_metadata(b"Metadata-Version: 2.1\nName: a\nVersion: 1\n" + data)
    except BadDistribution:
        return
    assert (found.name, found.version, found.metadata_version) == ("a", "1", "2.1")


def contents(built):
    """What is read of a file, or None when it is refused. Modes are said once in a ZIP archive, so they are left out."""
    try:
        found = opened(built, None)
    except BadDistribution:
        return None
    return found.metadata, sorted((one.name, one.size) for one in found.members)


def flipped(data, places, bits=range(8)):
    for place in places:
        for bit in bits:
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            yield place, bytes(changed)


SOUND_WHEEL = wheel(part("sampleproject/x.py", b"x" * 40))
SPARSE_WHEEL = wheel(part("d/", b"", raw=b"\3\0"), wide={})


def framing(data):
    """Every place in an archive but the members' data."""
    places = set(range(len(data)))
    at = data.find(b"PK\3\4")
    while at != -1:
        head = at + 30 + int.from_bytes(data[at + 26 : at + 28], "little")
        places -= set(range(head, head + int.from_bytes(data[at + 18 : at + 22], "little")))
        at = data.find(b"PK\3\4", at + 4)
    return sorted(places)


@pytest.mark.parametrize("built", [SOUND_WHEEL, SPARSE_WHEEL], ids=["plain", "ZIP64"])
def test_one_bit_of_a_wheels_framing_is_refused_or_changes_nothing(built):
    before = contents(built)
    accepted = set()
    for place, data in flipped(built.data, framing(built.data)):
        after = contents(wheels.Built(built.filename, data))
        assert after in (None, before), f"bit at {place}"
        if after:
            accepted.add(place)
    # versions, attributes, modes and the ZIP64 record's versions: said once, and nothing here depends on them
    assert 0 < len(accepted) < 0.16 * len(built.data)


def test_one_bit_of_a_wheels_dist_info_is_refused_or_changes_nothing():
    data = SOUND_WHEEL.data
    before = contents(SOUND_WHEEL)
    accepted = []
    for name in ("METADATA", "WHEEL", "RECORD"):
        at = data.find(f"{INFO}/{name}".encode()) + len(f"{INFO}/{name}")
        for place, changed in flipped(data, range(at, data.find(b"PK", at))):
            after = contents(wheels.Built(SOUND_WHEEL.filename, changed))
            assert after in (None, before), f"bit at {place}"
            accepted += [place] if after else []
    assert len(accepted) <= 3 * 7  # the bits that a deflate stream leaves over in its last byte


SOUND_TAR = (
    PKG_INFO + long_name("a-1.0/y") + member("x", b"x") + pax("path=a-1.0/z") + member("x", b"z") + END
)


def test_one_bit_of_a_sdist_is_refused_or_changes_nothing():
    data = gz(SOUND_TAR)
    before = contents(wheels.Built("a-1.0.tar.gz", data))
    assert before is not None
    for place, changed in flipped(data, range(len(data))):
        after = contents(wheels.Built("a-1.0.tar.gz", changed))
        assert after in (None, before), f"bit at {place}"


def test_one_bit_of_a_tars_headers_is_refused_or_changes_nothing():
    before = contents(wheels.Built("a-1.0.tar.gz", gz(SOUND_TAR)))
    headers = [at for at in range(0, len(SOUND_TAR), 512) if SOUND_TAR[at + 257 : at + 262] == b"ustar"]
    for place, changed in flipped(SOUND_TAR, [at + byte for at in headers for byte in range(512)], (0, 5)):
        after = contents(wheels.Built("a-1.0.tar.gz", gz(changed)))
        assert after in (None, before), f"bit at {place}"


@settings(max_examples=200)
@given(st.data())
def test_a_header_of_any_bytes_is_read_or_refused_without_another_error(data):
    knobs = {
        "size": data.draw(st.binary(max_size=12)),
        "kind": data.draw(st.binary(min_size=1, max_size=1)),
        "magic": data.draw(st.sampled_from([b"ustar\x0000", b"ustar  \0", b""]) | st.binary(max_size=8)),
        "prefix": data.draw(st.just(b"") | st.binary(max_size=155)),
        "link": data.draw(st.binary(max_size=100)),
    }
    name = data.draw(st.binary(max_size=100))
    codes(wheels.Built("a-1.0.tar.gz", gz(PKG_INFO + member(name, b"x" * 600, **knobs) + END)), None)
