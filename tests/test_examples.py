"""Ten real releases, recorded by name and metadata: the page says what a careful maintainer would have noticed."""

import json
from pathlib import Path

import pytest

from bench.examples import PAIRS, told

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = (ROOT / "docs" / "inspection-examples.md").read_text(encoding="utf-8")

# Project: the platforms and Pythons that publishing waits for, and lines that must stand among the changes.
NOTICED = {
    "flask": ([], ["New dependency: blinker>=1.6.2", "Requires-Python changed: >=3.7 → >=3.8"]),
    "attrs": ([], ["Dependencies of the extra docs: +cogapp, towncrier → towncrier<24.7, −zope-interface"]),
    "python-multipart": (
        [],
        ["new top-level: _python_multipart.pth, _python_multipart_loader, python_multipart"],
    ),
    "urllib3": ([], ["License gone: MIT → (none)", "py2.py3-none-any → py3-none-any"]),
    "charset-normalizer": (
        [],
        ["musl x86-64 needs musl 1.2 or newer: was musl 1.1", "New cp313-cp313 wheels: 15 wheels"],
    ),
    "pyyaml": ([], ["No cp36-cp36m wheels any more: 6 wheels", "New cp313-cp313 wheels: 9 wheels"]),
    "numpy": (
        [],
        [
            "Linux x86-64 needs glibc 2.28 or newer: was glibc 2.17",
            "No cp310-cp310 wheels any more: 10 wheels",
            "New win_arm64 wheels: 4 wheels",
            "its entry points changed",
        ],
    ),
    "scikit-learn": (
        ["CPython 3.8 and 3.9 · Linux i686"],
        ["Linux x86-64 needs glibc 2.17 or newer on 3.8, 3.9: was glibc 2.12"],
    ),
    "cryptography": ([], ["No cp39-abi3 wheels any more: 12 wheels", "New cp311-abi3 wheels: 12 wheels"]),
    "pillow": (
        ["pp39 · Linux aarch64", "pp39 · macOS x86-64"],
        ["License changed: HPND → MIT-CMU", "New cp313-cp313t wheels: 8 wheels"],
    ),
}
EXAMPLES = {example.name: example for example in told.examples()}


@pytest.mark.parametrize(
    ("name", "blocks", "lines"), [(name, *said) for name, said in NOTICED.items()], ids=NOTICED
)
def test_the_page_says_what_a_careful_maintainer_would_notice(name, blocks, lines):
    """It is true that real losses block, deliberate drops do not, and what matters to users is among the changes."""
    example = EXAMPLES[name]
    assert [blocker.subject for blocker in example.blockers] == blocks
    text = "\n".join(told.lines(example))
    assert [line for line in lines if line not in text] == []
    assert len(example.changes) <= 30


def test_every_example_is_recorded_and_on_the_page():
    assert set(EXAMPLES) == set(NOTICED) == {name for name, _, _ in PAIRS}
    for name, last, now in PAIRS:
        assert (EXAMPLES[name].last.version, EXAMPLES[name].now.version) == (last, now)
        assert f"| {name} {last} → {now} |" in DOCUMENT


def test_examples_hold_no_archive():
    """It is true that what is recorded is names, sizes and metadata."""
    for path in told.FOLDER.glob("*.json"):
        assert set(json.loads(path.read_text(encoding="utf-8"))) == {"name", "last", "now", "inside"}
