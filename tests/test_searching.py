"""A content that is clean is searched once in a process, and nothing is missed for that."""

import pytest

from drafts.inspection import reading
from drafts.inspection.checks import text
from drafts.inspection.searching import Clean
from tests import wheels
from tests.looking import codes

SOURCE = "x = 1\n" * 100
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA" + "0" * 40 + "\n"
QUIET = {"requires-python-absent", "project-urls-absent", "duplicate-members"}


@pytest.fixture(autouse=True)
def searched(monkeypatch):
    """The paths that are searched for credentials, beginning with nothing known."""
    paths = []

    def credentials(opened):
        paths.append(opened.path)
        yield from text.credentials(opened)

    checks = tuple(credentials if one is text.credentials else one for one in reading.MEMBER_CHECKS)
    monkeypatch.setattr(reading, "_clean", Clean())
    monkeypatch.setattr(reading, "MEMBER_CHECKS", checks)
    return paths


def found(**files: str) -> set[str]:
    return (
        set(codes(wheels.wheel(files={f"sampleproject/{name}": data for name, data in files.items()})))
        - QUIET
    )


def test_the_same_content_is_searched_once(searched):
    for name in ("a.py", "b.py"):
        assert found(**{name: SOURCE}) == set()
    assert [path for path in searched if path in {"sampleproject/a.py", "sampleproject/b.py"}] == [
        "sampleproject/a.py"
    ]


def test_what_was_found_is_found_in_every_file(searched):
    for name in ("a.py", "b.py", "c.txt"):
        assert found(**{name: KEY}) == {"leaked-credential"}


def test_a_text_that_hides_nothing_as_data_may_hide_something_as_source():
    """It is true that characters are only judged in sources, so that a clean data file says nothing of a source."""
    assert found(**{"a.dat": "p\u0430ss = 1\n"}) == set()
    assert found(**{"a.py": "p\u0430ss = 1\n"}) == {"look-alike-letters"}


def test_a_name_is_judged_though_the_content_is_known():
    assert found(**{"a.py": SOURCE}) == set()
    assert found(**{"\u0430bc.py": SOURCE}) == {"look-alike-letters"}


def test_memory_of_what_is_clean_is_bounded(monkeypatch):
    monkeypatch.setattr("drafts.inspection.searching._MOST", 3)
    for number in range(9):
        assert found(**{"a.py": f"{SOURCE}{number}"}) == set()
    assert len(reading._clean._known) <= 3
