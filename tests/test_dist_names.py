"""File names of wheels and sdists: what is read from them, which are refused, and which are the same file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.tags import Tag
from packaging.version import Version

from drafts.dist import BadDistribution, Code, FileType, check_name, parse_filename
from drafts.dist.errors import shown

WHEEL, SDIST = FileType.WHEEL, FileType.SDIST
MANY_PLATFORMS = ".".join(f"manylinux_2_{level}_x86_64" for level in range(5, 13))


@pytest.mark.parametrize(
    ("filename", "filetype", "project", "version", "build", "tags"),
    [
        ("sampleproject-1.0-py3-none-any.whl", WHEEL, "sampleproject", "1.0", (), 1),
        ("a-1.0-py2.py3-none-any.whl", WHEEL, "a", "1.0", (), 2),
        ("zope.interface-8.0-cp312-cp312-win_amd64.whl", WHEEL, "zope-interface", "8.0", (), 1),
        ("Foo_Bar-1.0-py3-none-any.whl", WHEEL, "foo-bar", "1.0", (), 1),
        ("foo-1.0-1a-py3-none-any.whl", WHEEL, "foo", "1.0", (1, "a"), 1),
        ("foo-1!2.0rc1+cu12.1-py3-none-any.whl", WHEEL, "foo", "1!2.0rc1+cu12.1", (), 1),
        ("foo-1.0-cp39-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", WHEEL, "foo", "1.0", (), 2),
        ("foo_bar-1.0.tar.gz", SDIST, "foo-bar", "1.0", (), 0),
        ("zope.interface-1.0.tar.gz", SDIST, "zope-interface", "1.0", (), 0),
        ("PyYAML-6.0.3.tar.gz", SDIST, "pyyaml", "6.0.3", (), 0),
        ("foo-1.0.RC1.tar.gz", SDIST, "foo", "1.0rc1", (), 0),
    ],
)
def test_a_name_is_taken_apart(filename, filetype, project, version, build, tags):
    name = parse_filename(filename)
    assert (name.filename, name.filetype, name.project) == (filename, filetype, project)
    assert (name.version, name.build, len(name.tags)) == (Version(version), build, tags)


def test_tags_are_expanded():
    name = parse_filename("a-1.0-cp39.cp310-abi3-win32.win_amd64.whl")
    assert name.tags == {
        Tag(python, "abi3", platform) for python in ("cp39", "cp310") for platform in ("win32", "win_amd64")
    }


@pytest.mark.parametrize(
    ("filename", "stem"),
    [
        ("Foo_Bar-1.0.0-1-py3-none-any.whl", "Foo_Bar-1.0.0"),
        ("foo_bar-1.0.0.tar.gz", "foo_bar-1.0.0"),
    ],
)
def test_the_stem_keeps_the_spelling_of_the_file_name(filename, stem):
    assert parse_filename(filename).stem == stem


@pytest.mark.parametrize(
    ("filename", "code"),
    [
        pytest.param("", Code.BAD_FILENAME, id="nothing"),
        pytest.param("a b-1.0-py3-none-any.whl", Code.BAD_FILENAME, id="space"),
        pytest.param("а-1.0-py3-none-any.whl", Code.BAD_FILENAME, id="Cyrillic letter"),
        pytest.param("a-1.0-py3-none-any\u202e.whl", Code.BAD_FILENAME, id="bidi mark in a tag"),
        pytest.param("a-1.0-py3-none-<img>.whl", Code.BAD_FILENAME, id="markup in a tag"),
        pytest.param("../a-1.0-py3-none-any.whl", Code.BAD_FILENAME, id="path"),
        pytest.param("a-1.0-py3-none-any.whl\n", Code.BAD_FILENAME, id="line feed at the end"),
        pytest.param("a-1.0\udcff.tar.gz", Code.BAD_FILENAME, id="undecodable byte"),
        pytest.param(f"{'a' * 251}-1.0.tar.gz", Code.BAD_FILENAME, id="251 letters"),
        pytest.param("a-1.0.zip", Code.BAD_EXTENSION, id="zip"),
        pytest.param("a-1.0.tar.bz2", Code.BAD_EXTENSION, id="bz2"),
        pytest.param("a-1.0-py3.11.egg", Code.BAD_EXTENSION, id="egg"),
        pytest.param("a-1.0-py3-none-any.WHL", Code.BAD_EXTENSION, id="capital extension"),
        pytest.param("a-1.0-py3-none-any.whl.asc", Code.BAD_EXTENSION, id="signature"),
        pytest.param("a-1.0.whl", Code.BAD_WHEEL_FILENAME, id="no tags"),
        pytest.param("a-1.0-none-any.whl", Code.BAD_WHEEL_FILENAME, id="no Python tag"),
        pytest.param("a-1.0-py3-none-any-x-y.whl", Code.BAD_WHEEL_FILENAME, id="too many parts"),
        pytest.param("a-b-1.0-py3-none-any.whl", Code.BAD_WHEEL_FILENAME, id="dash in the name"),
        pytest.param("a__b-1.0-py3-none-any.whl", Code.BAD_WHEEL_FILENAME, id="two underscores"),
        pytest.param("_a-1.0-py3-none-any.whl", Code.BAD_WHEEL_FILENAME, id="underscore first"),
        pytest.param("-1.0-py3-none-any.whl", Code.BAD_WHEEL_FILENAME, id="no project"),
        pytest.param("a-x-py3-none-any.whl", Code.BAD_WHEEL_FILENAME, id="no version"),
        pytest.param("a-1.0-b1-py3-none-any.whl", Code.BAD_WHEEL_FILENAME, id="build without a number"),
        pytest.param("a-1.0-py3-none-.whl", Code.BAD_WHEEL_FILENAME, id="empty platform"),
        pytest.param("a-1.0-py3..py2-none-any.whl", Code.BAD_WHEEL_FILENAME, id="empty Python tag"),
        pytest.param("a-1.0-py3-none-a!b.whl", Code.BAD_WHEEL_FILENAME, id="exclamation mark in a tag"),
        pytest.param(
            f"a-1.0-{'.'.join('abcdefghij')}-{'.'.join('abcdefghij')}-{'.'.join('abcdefghij')}.whl",
            Code.BAD_WHEEL_FILENAME,
            id="a thousand tags",
        ),
        pytest.param("foo-bar-1.0.tar.gz", Code.BAD_SDIST_FILENAME, id="sdist: dash in the name"),
        pytest.param("foo__bar-1.0.tar.gz", Code.BAD_SDIST_FILENAME, id="sdist: two underscores"),
        pytest.param("foo.tar.gz", Code.BAD_SDIST_FILENAME, id="sdist: no version"),
        pytest.param("foo-x.tar.gz", Code.BAD_SDIST_FILENAME, id="sdist: bad version"),
        pytest.param("foo-1.0-1.tar.gz", Code.BAD_SDIST_FILENAME, id="sdist: dash in the version"),
        pytest.param("-1.0.tar.gz", Code.BAD_SDIST_FILENAME, id="sdist: no project"),
        pytest.param(".tar.gz", Code.BAD_SDIST_FILENAME, id="sdist: nothing"),
    ],
)
def test_a_bad_name_is_refused_with_its_reason(filename, code):
    with pytest.raises(BadDistribution) as refused:
        parse_filename(filename)
    assert refused.value.code is code


def test_250_bytes_are_a_name_and_251_are_not():
    longest = f"{'a' * 239}-1.0.tar.gz"
    assert parse_filename(longest).project == "a" * 239
    with pytest.raises(BadDistribution, match="longer than 250 bytes"):
        parse_filename(f"a{longest}")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a-1.0-py3-none-any.whl", "A-1.0-PY3-NONE-ANY.whl"),
        ("a-1.0-py3-none-any.whl", "a-1.0.0-py3-none-any.whl"),
        ("a-1.0-py2.py3-none-any.whl", "a-1.0-py3.py2-none-any.whl"),
        ("a-1.0-cp39-abi3-win32.win_amd64.whl", "a-1.0-cp39-abi3-win_amd64.win32.whl"),
        ("a-1.0-py3-none-any.whl", "a-1.0-py3.py3-none-any.whl"),
        ("a-1.0-1-py3-none-any.whl", "a-1.0-01-py3-none-any.whl"),
        ("a-1.0-1b-py3-none-any.whl", "a-1.0-1B-py3-none-any.whl"),
        ("a-1.0.tar.gz", "A-1.0.0.tar.gz"),
        (f"a-1-cp39.cp310-abi3-{MANY_PLATFORMS}.whl", f"a-1-cp310.cp39-abi3-{MANY_PLATFORMS}.whl"),
    ],
)
def test_two_spellings_of_one_file_have_one_identity(one, other):
    assert parse_filename(one).identity == parse_filename(other).identity


def test_different_files_of_a_release_have_different_identities():
    names = [
        "a-1.0-py3-none-any.whl",
        "a-1.0-py2.py3-none-any.whl",
        "a-1.0-1-py3-none-any.whl",
        "a-1.0-1a-py3-none-any.whl",
        "a-1.0-2-py3-none-any.whl",
        "a-1.0-cp313-cp313-win32.whl",
        "a-1.0-cp313-cp313t-win32.whl",
        f"a-1.0-cp39.cp310-abi3-{MANY_PLATFORMS}.whl",
        f"a-1.0-cp39.cp311-abi3-{MANY_PLATFORMS}.whl",
        "a-1.0.tar.gz",
    ]
    assert len({parse_filename(name).identity for name in names}) == len(names)


def test_an_identity_stays_short_however_many_tags_there_are():
    assert len(parse_filename(f"a-1.0-cp39.cp310-abi3-{MANY_PLATFORMS}.whl").identity) <= 200


@pytest.mark.parametrize(
    ("filename", "project", "version", "local_allowed", "codes"),
    [
        ("foo_bar-1.0.tar.gz", "foo-bar", "1.0", False, []),
        ("foo_bar-1.0.tar.gz", "Foo.Bar", "1.0.0", False, []),
        ("foo-1.0.0-py3-none-any.whl", "foo", "1.0", False, []),
        ("foo-1.0-py3-none-any.whl", "food", "1.0", False, [Code.WRONG_PROJECT]),
        ("foo-1.0-py3-none-any.whl", "foo", "1.1", False, [Code.WRONG_VERSION]),
        ("foo-1.0-py3-none-any.whl", "foo", "1.0+x", True, [Code.WRONG_VERSION]),
        ("foo-1.0+x-py3-none-any.whl", "foo", "1.0+x", False, [Code.LOCAL_VERSION]),
        ("foo-1.0+x-py3-none-any.whl", "foo", "1.0+x", True, []),
        ("foo-1+x.tar.gz", "bar", "2", False, [Code.WRONG_PROJECT, Code.WRONG_VERSION, Code.LOCAL_VERSION]),
    ],
)
def test_a_name_is_held_against_project_and_release(filename, project, version, local_allowed, codes):
    refusals = check_name(
        parse_filename(filename), project=project, version=Version(version), local_allowed=local_allowed
    )
    assert [refusal.code for refusal in refusals] == codes


@given(st.text() | st.from_regex(r"[a-z0-9._+!-]{0,40}(\.whl|\.tar\.gz)", fullmatch=True))
def test_any_text_is_a_name_or_is_refused_in_one_ascii_line(text):
    try:
        said = parse_filename(text).filename
    except BadDistribution as error:
        said = error.message
    assert said.isascii()
    assert said.isprintable()


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("plain", "plain"),
        ("a\nb\tc\x00", "a\\x0ab\\x09c\\x00"),
        ("\u202eевил", "\\u202e\\u0435\\u0432\\u0438\\u043b"),
        ("\udcff", "\\udcff"),
        ("x" * 121, "x" * 120 + "..."),
    ],
)
def test_untrusted_text_is_spelled_out_in_sentences(text, spelled):
    assert shown(text) == spelled


def test_a_refusal_can_be_made_from_one_code_and_one_sentence():
    error = BadDistribution(Code.EMPTY_FILE, "It is empty.")
    assert (error.code, error.message, str(error)) == (Code.EMPTY_FILE, "It is empty.", "It is empty.")
    assert [(refusal.code, refusal.message) for refusal in error.refusals] == [
        (Code.EMPTY_FILE, "It is empty.")
    ]
