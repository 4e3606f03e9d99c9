"""What changed since the last release: metadata, dependencies, kinds of files, platforms; and members and texts."""

import pytest

from drafts.dist import parse_filename
from drafts.dist.differences import LONGEST_LINE, MOST_LINES, MOST_SHOWN, Side, difference
from drafts.dist.members import Member
from drafts.inspection.changes import changes, metadata
from drafts.inspection.changes.members import compared
from drafts.inspection.changes.sources import read_as_installed
from drafts.models import File

KEPT = {
    "requires_dist": [],
    "requires_python": ">=3.9",
    "license": "MIT",
    "classifiers": [],
    "project_urls": [],
}


def told(now, last):
    return [
        (change.text, change.detail) for change in metadata.compare([{**KEPT, **now}], [{**KEPT, **last}])
    ]


METADATA = {
    "nothing": ({}, {}, []),
    "a field changed": ({"requires_python": ">=3.10"}, {}, [("Requires-Python changed", ">=3.9 → >=3.10")]),
    "a field gone": ({"license": None}, {}, [("License gone", "MIT → (none)")]),
    "a field new": ({}, {"license": ""}, [("License new", "(none) → MIT")]),
    "a list": (
        {"classifiers": ["A", "B"]},
        {"classifiers": ["B", "C"]},
        [("New classifier", "A"), ("Classifier gone", "C")],
    ),
    "a project URL": (
        {"project_urls": [["Home", "https://a.example"]]},
        {},
        [("New project URL", "Home: https://a.example")],
    ),
    "a field that was not kept": ({"summary": "new"}, {}, []),
    "a licence's text": (
        {"license": "x" * 100 + "y"},
        {"license": "x" * 100 + "z"},
        [("License changed", f"still begins {'x' * 80}…")],
    ),
    "a dependency": (
        {"requires_dist": ["Left_Pad>=2", "new"]},
        {"requires_dist": ["left-pad >= 1", "gone"]},
        [
            ("Dependency gone", "gone"),
            ("Dependency changed", "left-pad>=1 → left-pad>=2"),
            ("New dependency", "new"),
        ],
    ),
    "another spelling": ({"requires_dist": ["Left_Pad >=1"]}, {"requires_dist": ["left-pad>=1"]}, []),
    "an extra": (
        {"requires_dist": ["a>=2; extra == 'x'", "b; extra == 'x'"]},
        {"requires_dist": ["a>=1; extra == 'x'", "c; extra == 'x'"]},
        [("Dependencies of the extra x", "a>=1 → a>=2, +b, −c")],
    ),
    "a marker": (
        {"requires_dist": ["a; os_name == 'nt'"]},
        {"requires_dist": ["a"]},
        [("Dependency changed", 'a → a; os_name == "nt"')],
    ),
    "what is no requirement": ({"requires_dist": ["???"]}, {}, [("New dependency", "???")]),
}


@pytest.mark.parametrize(("now", "last", "expected"), METADATA.values(), ids=METADATA.keys())
def test_differences_of_metadata(now, last, expected):
    """It is true that fields are said to be new, gone or changed, and dependencies are a difference of sets."""
    assert told(now, last) == expected


def release(version, *tags, sdist=True):
    names = [f"p-{version}-{tag}.whl" for tag in tags] + ([f"p-{version}.tar.gz"] if sdist else [])
    parsed = [parse_filename(name) for name in names]
    return [
        File(
            filename=one.filename, filetype=one.filetype, identity=one.identity, size=100, core_metadata=KEPT
        )
        for one in parsed
    ]


FOUR = [f"cp3{minor}-cp3{minor}" for minor in (11, 12, 13, 14)]
KINDS = {
    "the same": (["py3-none-any"], ["py3-none-any"], []),
    "a newer C library": (
        [f"{python}-manylinux_2_28_x86_64" for python in FOUR],
        [f"{python}-manylinux2014_x86_64" for python in FOUR],
        [
            ("Linux x86-64 needs glibc 2.28 or newer", "was glibc 2.17"),
            ("Other tags in 4 wheels", "manylinux2014_x86_64 → manylinux_2_28_x86_64"),
        ],
    ),
    "a newer macOS for one": (
        ["cp311-cp311-macosx_10_9_x86_64", "cp312-cp312-macosx_10_13_x86_64"],
        ["cp311-cp311-macosx_10_9_x86_64", "cp312-cp312-macosx_10_9_x86_64"],
        [
            ("macOS x86-64 needs macOS 10.13 or newer on 3.12", "was macOS 10.9"),
            ("Other tags in 1 wheel (cp312-cp312)", "macosx_10_9_x86_64 → macosx_10_13_x86_64"),
        ],
    ),
    "Apple silicon before it was there": (
        ["cp312-cp312-macosx_11_0_arm64"],
        ["cp312-cp312-macosx_10_9_universal2"],
        [("Other tags in 1 wheel (cp312-cp312)", "macosx_10_9_universal2 → macosx_11_0_arm64")],
    ),
    "a Python dropped": (
        ["cp312-cp312-win_amd64"],
        ["cp312-cp312-win_amd64", *(f"cp311-cp311-{one}" for one in ("win32", "win_amd64", "win_arm64"))],
        [("No cp311-cp311 wheels any more", "3 wheels")],
    ),
    "a platform new": (
        [f"{python}-{one}" for python in FOUR for one in ("win_amd64", "win_arm64")],
        [f"{python}-win_amd64" for python in FOUR],
        [("New win_arm64 wheels", "4 wheels")],
    ),
    "one of each": (
        ["cp312-cp312-win32"],
        ["cp311-cp311-win_amd64"],
        [
            ("No file of this kind any more", "p-1-cp311-cp311-win_amd64.whl"),
            ("New kind of file", "p-2-cp312-cp312-win32.whl"),
        ],
    ),
    "Python 2 left out": (
        ["py3-none-any"],
        ["py2.py3-none-any"],
        [("Other tags in 1 wheel (py2.py3-none)", "py2.py3-none-any → py3-none-any")],
    ),
}


@pytest.mark.parametrize(("now", "last", "expected"), KINDS.values(), ids=KINDS.keys())
def test_kinds_of_files_are_summed_up(now, last, expected):
    """It is true that fifty wheels with other tags are one line, and a lost wheel is named."""
    found = changes(release("2", *now), release("1", *last))
    assert [(one.text, one.detail) for one in found if one.kind != "size"] == expected


def test_a_sdist_that_went():
    found = changes(release("2", "py3-none-any", sdist=False), release("1", "py3-none-any"))
    assert [(one.text, one.detail) for one in found][:1] == [("No sdist any more", "p-1.tar.gz")]


def test_without_files_nothing_is_compared():
    assert changes([], release("1")) == changes(release("1"), []) == []


def test_members_are_compared_by_the_path_they_are_installed_at():
    """It is true that two versions, data folders, and an sdist's top and src folders compare as one."""
    wheel = Member("p-2.data/purelib/p/a.py", 1, 0, "x"), Member("p-2.dist-info/METADATA", 1, 0, "m")
    sdist = (Member("p-1/src/p/a.py", 1, 0, "x"), Member("p-1/PKG-INFO", 1, 0, "m"))
    assert [path for path, _ in read_as_installed("p-2-py3-none-any.whl", wheel)] == [
        "p/a.py",
        "dist-info/METADATA",
    ]
    assert [path for path, _ in read_as_installed("p-1.tar.gz", sdist)] == ["p/a.py", "PKG-INFO"]


def test_members_added_removed_and_changed():
    """It is true that equal sizes do not make equal members, and RECORD, which always differs, is left out."""

    def listing(**files):
        return {path: Member(path, size, 0, digest) for path, (size, digest) in files.items()}

    last = listing(**{"p/a.py": (1, "1"), "p/b.py": (5, "2"), "p/c.py": (1, "3"), "p/e.py": (1, "7")})
    now = listing(**{"p/a.py": (1, "1"), "p/b.py": (9, "4"), "q/d.py": (2, "5"), "p/e.py": (1, "8")})
    found = compared({**now, **listing(**{"dist-info/RECORD": (1, "6")})}, last)
    assert [(one.path, str(one.state), one.delta) for one in found.changes] == [
        ("p/b.py", "changed", 4),
        ("p/c.py", "removed", -1),
        ("p/e.py", "changed", 0),
        ("q/d.py", "added", 2),
    ]
    assert found.sentence == "1 added, 1 removed, 2 changed, 1 the same; new top-level: q"
    assert compared(now, now).sentence == "all 4 members are the same"


def shown(old, new):
    signs = {Side.BOTH: " ", Side.OLD: "-", Side.NEW: "+", Side.GAP: "@"}
    return [f"{signs[line.side]}{line.text}" for line in difference(old, new).lines]


def test_a_text_is_compared_line_by_line_with_its_context():
    """It is true that the lines have the numbers they have in each text."""
    old, new = [str(n) for n in range(20)], [str(n) for n in range(20)]
    new[10] = "ten"
    found = difference("\n".join(old), "\n".join(new))
    assert shown("\n".join(old), "\n".join(new)) == [
        "@line 8",
        " 7",
        " 8",
        " 9",
        "-10",
        "+ten",
        " 11",
        " 12",
        " 13",
    ]
    assert [(line.old, line.new) for line in found.lines][4:6] == [(11, None), (None, 11)]


TEXTS = {
    "equal": ("a\nb", "a\nb", []),
    "empty": ("", "", []),
    "all new": ("", "a\nb", ["+a", "+b"]),
    "all gone": ("a", "", ["-a"]),
    "only ends of lines": ("a\r\nb\r\n", "a\nb\n", []),
    "the end": ("a", "a\nb", [" a", "+b"]),
}


@pytest.mark.parametrize(("old", "new", "expected"), TEXTS.values(), ids=TEXTS.keys())
def test_small_texts(old, new, expected):
    assert shown(old, new) == expected


def test_huge_texts_are_cut_and_say_so():
    """It is true that no text makes the comparison slow or the page long: it is cut, and that is said."""
    import time

    old = "\n".join(str(n % 101) for n in range(50_000))
    new = "\n".join(str(n * 7 % 101) for n in range(50_000))
    began = time.process_time()
    found = difference(old, new)
    assert time.process_time() - began < 15
    assert len(found.lines) == MOST_SHOWN
    assert f"more than {MOST_LINES} lines" in found.cut
    assert f"first {MOST_SHOWN} lines" in found.cut


def test_a_long_line_is_cut():
    (line,) = difference("", "x" * (LONGEST_LINE + 7)).lines
    assert line.text.endswith("… 7 more characters")


def test_what_long_equal_texts_begin_and_end_with_costs_nothing():
    same = "\n".join(str(n) for n in range(100_000))
    found = difference(f"{same}\na\n{same}", f"{same}\nb\n{same}")
    assert ([line.text for line in found.lines if line.side in {Side.OLD, Side.NEW}], found.cut) == (
        ["a", "b"],
        "",
    )
