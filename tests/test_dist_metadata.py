"""METADATA and PKG-INFO: which are understood, which are refused, and how absent values look."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drafts.dist import BadDistribution, Code
from drafts.dist.metadata import parse_metadata
from tests.wheels import core_metadata


def metadata(*fields, version="2.1", description=""):
    return core_metadata("a", "1.0", fields=fields, metadata_version=version, description=description)


def messages(data):
    """The sentences of all refusals; empty for accepted metadata."""
    try:
        parse_metadata(data)
    except BadDistribution as error:
        return [refusal.message for refusal in error.refusals]
    return []


def test_every_field_is_kept_as_it_was_written():
    raw = (
        b"Metadata-Version: 2.4\nName: Sample.Project\nVersion: 1.0.0\nSummary: A sample\n"
        b"Requires-Python: >=3.9,<4\nRequires-Dist: a (>=1)\nRequires-Dist: b @ https://index.example/b.whl\n"
        b"Requires-External: libc\nProvides-Extra: Test_All\nLicense-Expression: mit\nLicense-File: LICENSE\n"
        b"Classifier: Nobody :: Knows\nKeywords: one,two\nPlatform: any\nDynamic: Description\n"
        b"Home-page: https://h.example/\nDownload-URL: https://d.example/\nProject-URL: Docs, https://x.example/\n"
        b"Author: A\nAuthor-email: a@a.example\nMaintainer: M\nMaintainer-email: m@m.example\n"
        b"Description-Content-Type: text/markdown\n\n# Title\n"
    )
    found = parse_metadata(raw)
    assert found.raw == raw
    assert (found.metadata_version, found.name, found.version) == ("2.4", "Sample.Project", "1.0.0")
    assert (found.summary, found.requires_python) == ("A sample", ">=3.9,<4")
    assert found.requires_dist == ("a (>=1)", "b @ https://index.example/b.whl")
    assert (found.requires_external, found.provides_extra) == (("libc",), ("Test_All",))
    assert (found.license, found.license_expression, found.license_files) == (None, "mit", ("LICENSE",))
    assert (found.classifiers, found.keywords) == (("Nobody :: Knows",), ("one", "two"))
    assert (found.platforms, found.dynamic) == (("any",), ("Description",))
    assert (found.home_page, found.download_url) == ("https://h.example/", "https://d.example/")
    assert found.project_urls == (("Docs", "https://x.example/"),)
    assert (found.author, found.author_email) == ("A", "a@a.example")
    assert (found.maintainer, found.maintainer_email) == ("M", "m@m.example")
    assert (found.description_content_type, found.description) == ("text/markdown", "# Title\n")


def test_absent_fields_are_none_or_empty():
    found = parse_metadata(metadata())
    assert (found.summary, found.license, found.description, found.requires_python) == (None,) * 4
    assert (found.requires_dist, found.keywords, found.classifiers, found.project_urls) == ((),) * 4


@pytest.mark.parametrize("value", ["UNKNOWN", "", "   "])
def test_what_old_builders_wrote_for_nothing_counts_as_absent(value):
    fields = ("Summary", "Keywords", "Platform", "Home-page", "License", "Requires-Python", "Classifier")
    found = parse_metadata(metadata(*((field, value) for field in fields), description="UNKNOWN\n\n"))
    assert dataclasses.replace(found, raw=b"") == dataclasses.replace(parse_metadata(metadata()), raw=b"")


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6"])
def test_the_versions_of_the_standard_are_known(version):
    assert parse_metadata(metadata(version=version)).metadata_version == version


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(metadata(("X-Custom", "1"), ("Generator", "x")), id="unknown fields"),
        pytest.param(metadata(("License-File", "../LICENSE")), id="licence path before the standard had it"),
        pytest.param(
            metadata(("Dynamic", "whatever"), version="1.2"), id="dynamic before the standard had it"
        ),
        pytest.param(metadata(("Classifier", "Nobody :: Knows")), id="unknown classifier"),
        pytest.param(metadata(("Requires-Dist", "a @ https://index.example/a.whl")), id="direct URL"),
        pytest.param(
            metadata(("Description", "one\n        two"), version="1.1"), id="description as a field"
        ),
        pytest.param(metadata().replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(b"\xef\xbb\xbf" + metadata(), id="byte order mark"),
        pytest.param(
            metadata(description="Content-Type: multipart/mixed\n"), id="a MIME field in the description"
        ),
        pytest.param(metadata(description="é" * 200_000), id="long description"),
    ],
)
def test_what_is_unusual_but_clear_is_accepted(data):
    assert messages(data) == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param(b"", "'name' is a required field", id="nothing"),
        pytest.param(
            b"Metadata-Version: 2.1\nName: a\nVersion: 1\n\t\n\n",
            "'version' goes on in another line",
            id="a version in two lines",
        ),
        pytest.param(
            b"Metadata-Version: 2.1\nName: a\n b\nVersion: 1\n",
            "'name' goes on in another line",
            id="a name in two lines",
        ),
        pytest.param(b"Metadata-Version: 2.1\nVersion: 1\n", "'name' is a required field", id="no name"),
        pytest.param(b"Metadata-Version: 2.1\nName: a\n", "'version' is a required field", id="no version"),
        pytest.param(
            b"Name: a\nVersion: 1\n", "'metadata-version' is a required field", id="no metadata version"
        ),
        pytest.param(
            b"Metadata-Version: 2.1\nName: UNKNOWN\nVersion: 1\n",
            "'name' is a required field",
            id="unknown name",
        ),
        pytest.param(
            metadata(version="2.0"),
            "'2.0' is not a valid metadata version (PEP 426 was withdrawn); wheel 0.31",
            id="version 2.0",
        ),
        pytest.param(metadata(version="9.9"), "'9.9' is not a valid metadata version", id="version 9.9"),
        pytest.param(metadata(("Name", "b")), "Name is given twice", id="two names"),
        pytest.param(
            metadata(("Summary", "b"), ("Summary", "c")), "Summary is given twice", id="two summaries"
        ),
        pytest.param(
            metadata(("Project-URL", "a, b"), ("Project-URL", "a, c")),
            "Project-Url is given twice",
            id="two labels",
        ),
        pytest.param(
            metadata(("Description", "x"), description="y"),
            "Description is given twice",
            id="two descriptions",
        ),
        pytest.param(metadata(("Summary", "é")).replace("é".encode(), b"\xe9"), "not UTF-8", id="Latin-1"),
        pytest.param(core_metadata("a b", "1"), "'a b' is invalid for 'name'", id="bad name"),
        pytest.param(core_metadata("a", "x"), "'x' is invalid for 'version'", id="bad version"),
        pytest.param(metadata(("Requires-Python", "3")), "invalid for 'requires-python'", id="bad specifier"),
        pytest.param(metadata(("Requires-Dist", "a b")), "invalid for 'requires-dist'", id="bad requirement"),
        pytest.param(metadata(("Provides-Extra", "a b")), "invalid for 'provides-extra'", id="bad extra"),
        pytest.param(
            metadata(("Description-Content-Type", "text/html")), "must be one of", id="unknown content type"
        ),
        pytest.param(metadata(("License-Expression", "x"), version="2.4"), "License", id="unknown licence"),
        pytest.param(
            metadata(("License-File", "../x"), version="2.4"), "license-file", id="licence elsewhere"
        ),
        pytest.param(metadata(("Content-Type", "text/plain")), "Content-Type field", id="MIME field"),
        pytest.param(metadata(("Summary", "a\0b")), "NUL character at position 53", id="NUL"),
        pytest.param(metadata(description="a\0b"), "NUL character", id="NUL in the description"),
        pytest.param(metadata(("Summary", "a\rVersion: 2")), "Version is given twice", id="lone CR"),
        pytest.param(metadata(("NAME", "b")), "Name is given twice", id="two names, case apart"),
    ],
)
def test_bad_metadata_is_refused_with_the_field(data, words):
    found = " ".join(messages(data))
    assert words.lower() in found.lower()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"Content-Type: message/rfc822\n\n" * 30_000, id="nested messages"),
        pytest.param(
            b"".join(b"x%d: y\n" % number for number in range(80_000)), id="80 000 different fields"
        ),
        pytest.param(b"".join(b"x%d: y\n" % number for number in range(101)) + metadata(), id="104 fields"),
        pytest.param(metadata() + b"Classifier: x\n" * 70_000, id="70 000 classifiers"),
        pytest.param(metadata(("Requires-Dist", "a; " + "(" * 30_000)), id="nested parentheses"),
        pytest.param(core_metadata("a", "1" * 5000), id="version of 5000 digits"),
        pytest.param(metadata(("Requires-Python", ">=" + "1" * 5000)), id="specifier of 5000 digits"),
        pytest.param(metadata(("Summary", "x" * 70_000)), id="long summary"),
        pytest.param(metadata(("Classifier", "x" * 70_000)), id="long classifier"),
        pytest.param(metadata(("Project-URL", "a, " + "x" * 70_000)), id="long address"),
        pytest.param(metadata(("License-Expression", "(" * 60_000), version="2.4"), id="nested licences"),
        pytest.param(metadata(("Description-Content-Type", "text/plain; x*")), id="malformed parameter"),
        pytest.param(metadata(("Metadata-Version", "2.1")), id="two metadata versions"),
    ],
)
def test_what_is_made_to_exhaust_the_parser_is_refused(data):
    assert messages(data)


def test_many_errors_are_told_in_at_most_twenty_sentences():
    data = metadata(("Requires-Python", "3"), ("Requires-Dist", "a b"), ("Provides-Extra", "a b"))
    assert len(messages(data)) == 3
    with pytest.raises(BadDistribution) as refused:
        parse_metadata(data)
    assert {refusal.code for refusal in refused.value.refusals} == {Code.BAD_METADATA}


FIELDS = st.sampled_from(
    [
        "Summary",
        "Requires-Dist",
        "Requires-Python",
        "License-Expression",
        "Description-Content-Type",
        "Project-URL",
        "Provides-Extra",
        "Keywords",
        "Dynamic",
        "License-File",
        "Import-Name",
        "Version",
        "Content-Type",
        "X",
    ]
)


@given(st.lists(st.tuples(FIELDS, st.text(max_size=20) | st.from_regex(r"[a-z0-9 .,;@<>=()\[\]'*/-]{0,30}"))))
def test_any_fields_are_read_or_refused_without_another_error(fields):
    data = core_metadata("a", "1", metadata_version="2.6") + "".join(f"{f}: {v}\n" for f, v in fields).encode(
        "utf-8", "surrogatepass"
    )
    assert all(message.isascii() and message.isprintable() for message in messages(data))


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_without_another_error(data):
    assert messages(data)
