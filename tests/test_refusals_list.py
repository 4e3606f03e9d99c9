"""It is true that docs/refusals.md names every refusal in the words of ``/help/errors/``, each with a test that asserts it."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from drafts.dist import Code
from drafts.intake import codes

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "refusals.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/\w+\.py)::(\w+)`")


def rows(heading: str) -> list[list[str]]:
    """The cells of a table's rows, without its head."""
    section = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


REFUSALS = {title: rows(title) for title in codes.GROUPS}
KEPT = {
    title: rows(title)
    for title in ("The same name again", "The Upload 2.0 API", "What a stolen token can do")
}
ASSERTED = [
    (row[0].strip("`"), *named)
    for table in REFUSALS.values()
    for row in table
    for named in NAMED.findall(row[2])
]


@cache
def statements(path: str) -> dict[str, ast.AST]:
    """What a test file defines at its top, by name."""
    found: dict[str, ast.AST] = {}
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign):
            found |= {target.id: node for target in node.targets if isinstance(target, ast.Name)}
    return found


def words(path: str, name: str, seen: set[str]) -> set[str]:
    """Every text and every attribute in a function, and in what it names at the top of its file."""
    seen.add(name)
    said: set[str] = set()
    for node in ast.walk(statements(path)[name]):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            said.add(node.value)
        elif isinstance(node, ast.Attribute):
            said.add(node.attr)
        elif isinstance(node, ast.Name) and node.id in statements(path) and node.id not in seen:
            said |= words(path, node.id, seen)
    return said


@pytest.mark.parametrize("title", codes.GROUPS)
def test_each_code_has_its_line_in_the_words_of_the_page(title):
    """It is true that a code cannot be added, or mean something else, without a line that names its test."""
    assert {row[0].strip("`"): row[1] for row in REFUSALS[title]} == codes.GROUPS[title]
    assert all(NAMED.search(row[2]) for row in REFUSALS[title])


@pytest.mark.parametrize(("code", "path", "function"), ASSERTED)
def test_the_test_that_is_named_speaks_of_the_code(code, path, function):
    assert words(path, function, set()) & {code, *(one.name for one in Code if one == code)}


@pytest.mark.parametrize("title", KEPT)
def test_what_is_named_beside_a_rule_is_there(title):
    """It is true that every line of these tables names a test that there is."""
    assert KEPT[title]
    for row in KEPT[title]:
        named = NAMED.findall(row[-1])
        assert named, row
        assert all(function in statements(path) for path, function in named), row
