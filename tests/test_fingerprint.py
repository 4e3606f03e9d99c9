"""The fingerprint names exactly what was reviewed."""

import hashlib

import pytest

from drafts.dist import fingerprint

A = ("a-1.0-py3-none-any.whl", 10, "a" * 64, None)
B = ("b-1.0.tar.gz", 20, "b" * 64, "c" * 64)


def test_it_is_the_digest_of_one_head_line_and_one_sorted_line_for_each_file():
    text = (
        "presscheck-1 foo-bar 1\n"
        f"a-1.0-py3-none-any.whl 10 {'a' * 64} -\n"
        f"b-1.0.tar.gz 20 {'b' * 64} {'c' * 64}\n"
    )
    assert fingerprint("Foo_Bar", "1.0", [B, A]) == hashlib.sha256(text.encode()).hexdigest()


def test_a_draft_without_files_has_one_too():
    assert fingerprint("a", "1.2", []) == hashlib.sha256(b"presscheck-1 a 1.2\n").hexdigest()


@pytest.mark.parametrize(("name", "version"), [("foo.bar", "1.0"), ("foo-bar", "1.0.0"), ("FOO_bar", "v1")])
def test_the_spelling_of_name_and_version_does_not_matter(name, version):
    assert fingerprint(name, version, [A]) == fingerprint("foo-bar", "1", [A])


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param([A], id="file removed"),
        pytest.param([A, B, ("c-1.0.tar.gz", 1, "d" * 64, None)], id="file added"),
        pytest.param([A, (B[0], B[1], "d" * 64, B[3])], id="other bytes"),
        pytest.param([A, (B[0], 21, B[2], B[3])], id="other size"),
        pytest.param([A, (B[0], B[1], B[2], None)], id="attestations gone"),
        pytest.param([A, ("c-1.0.tar.gz", *B[1:])], id="other name"),
        pytest.param([(A[0], *B[1:]), (B[0], *A[1:])], id="digests exchanged"),
    ],
)
def test_any_change_of_files_changes_it(changed):
    assert fingerprint("foo", "1.0", changed) != fingerprint("foo", "1.0", [A, B])


@pytest.mark.parametrize(("name", "version"), [("foob", "1.0"), ("foo", "1.0.1"), ("foo", "1.0+x")])
def test_another_release_has_another(name, version):
    assert fingerprint(name, version, [A]) != fingerprint("foo", "1.0", [A])


@pytest.mark.parametrize(
    "file",
    [
        pytest.param(("a 1\nb", 1, "a" * 64, None), id="name with a line in it"),
        pytest.param(("", 1, "a" * 64, None), id="no name"),
        pytest.param(("a", 1, "a\n", None), id="digest with a line feed"),
        pytest.param(("a", 1, "a", "b c"), id="attestations with a space"),
    ],
)
def test_what_could_pass_for_another_line_is_refused(file):
    with pytest.raises(ValueError, match="cannot stand in a fingerprint"):
        fingerprint("foo", "1.0", [file])
