"""It is true that docs/security.md names tests and settings that there are, and every promise."""

import re
from pathlib import Path

import pytest

from tests.test_reference import settings_read

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def lines(heading: str) -> list[list[str]]:
    """The cells of a table's rows, without its head."""
    section = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


HARDENING = lines("Hardening")
NAMED = sorted(set(re.findall(r"`(tests/\w+\.py(?:::\w+)?)`", TEXT)))


def test_there_is_a_list():
    assert len(HARDENING) > 15
    assert [row[0].split()[0] for row in lines("What each promise rests on")] == [
        str(n) for n in range(1, 11)
    ]


@pytest.mark.parametrize("named", NAMED)
def test_a_test_that_is_named_is_there(named):
    path, _, function = named.partition("::")
    text = (ROOT / path).read_text(encoding="utf-8")
    assert not function or re.search(rf"^def {function}\(", text, re.MULTILINE)


@pytest.mark.parametrize("line", HARDENING, ids=[row[0][:40] for row in HARDENING])
def test_each_line_rests_on_something(line):
    spelled = re.findall(r"`([^`]+)`", line[1])
    settings = [name for name in spelled if name.startswith("PRESSCHECK_")]
    assert spelled
    assert set(settings) <= settings_read()
    assert [name for name in spelled if name.startswith("tests/")], "a setting alone is no proof"
