"""The coverage grid: which cells a release fills, and what it lost since last time."""

import pytest

from drafts.dist.coverage import CellState, Place, grid

GLIBC = "manylinux_2_17_x86_64.manylinux2014_x86_64"
PRESENT, NEW, LOST, ABSENT = CellState.PRESENT, CellState.NEW, CellState.LOST, CellState.ABSENT


def names(version, *tags, sdist=False):
    """File names of one release of the project p."""
    return [f"p-{version}-{tag}.whl" for tag in tags] + ([f"p-{version}.tar.gz"] if sdist else [])


def drawn(grid):
    """A grid as plain values: rows by label, the states of their cells in a list."""
    return {row.label: [str(cell.state) for cell in row.cells] for row in grid.rows}


@pytest.mark.parametrize(
    ("tag", "row", "column"),
    [
        ("cp313-cp313-manylinux_2_17_x86_64", "Linux x86-64", "3.13"),
        ("cp313-cp313t-manylinux2014_aarch64", "Linux aarch64", "3.13t"),
        ("cp310-cp310-linux_i686", "Linux i686", "3.10"),
        ("cp37-cp37m-manylinux1_x86_64", "Linux x86-64", "3.7"),
        ("cp27-cp27mu-manylinux2010_x86_64", "Linux x86-64", "2.7"),
        ("cp313-cp313d-manylinux_2_28_s390x", "Linux s390x", "3.13d"),
        ("cp312-cp312-musllinux_1_2_aarch64", "musl aarch64", "3.12"),
        ("cp312-cp312-macosx_11_0_arm64", "macOS arm64", "3.12"),
        ("cp312-cp312-macosx_10_9_x86_64", "macOS x86-64", "3.12"),
        ("cp312-cp312-win_amd64", "Windows amd64", "3.12"),
        ("cp312-cp312-win_arm64", "Windows arm64", "3.12"),
        ("cp312-cp312-win32", "Windows x86", "3.12"),
        ("cp313-cp313-ios_13_0_arm64_iphoneos", "iOS arm64_iphoneos", "3.13"),
        ("cp313-cp313-android_21_arm64_v8a", "Android arm64-v8a", "3.13"),
        ("cp313-cp313-pyodide_2025_0_wasm32", "Pyodide wasm32", "3.13"),
        ("cp312-cp312-freebsd_14_amd64", "freebsd_14_amd64", "3.12"),
        ("pp311-pypy311_pp73-win_amd64", "Windows amd64", "pp311"),
        ("graalpy311-graalpy242_311_native-win_amd64", "Windows amd64", "graalpy311"),
        ("cp39-abi3-win_amd64", "Windows amd64", "3.9+"),
        ("cp315-abi3t-win_amd64", "Windows amd64", "3.15t+"),
        ("cp38-none-win_amd64", "Windows amd64", "3.8"),
        ("py3-none-win_amd64", "Windows amd64", "any"),
        ("py3-none-any", "Any platform", "any"),
        ("py2.py3-none-any", "Any platform", "any"),
        ("py38-none-any", "Any platform", "any"),
        ("py2-none-any", "Any platform", "py2"),
    ],
)
def test_a_single_wheel_is_a_grid_of_one_cell(tag, row, column):
    (filename,) = names("1.0", tag)
    found = grid([filename])
    assert found.columns == (column,)
    assert [(one.label, [cell.filename for cell in one.cells]) for one in found.rows] == [(row, [filename])]


def test_columns_stand_in_their_natural_order():
    tags = [
        f"{python}-{abi}-win_amd64"
        for python, abi in [
            ("pp311", "pypy311_pp73"),
            ("cp39", "cp39"),
            ("cp314", "cp314t"),
            ("cp310", "cp310"),
            ("cp313", "cp313t"),
            ("cp314", "cp314"),
            ("cp313", "cp313"),
        ]
    ]
    assert grid(names("1", *tags)).columns == ("3.9", "3.10", "3.13", "3.13t", "3.14", "3.14t", "pp311")


def test_rows_go_from_common_systems_to_rare_ones_and_any_platform_is_last():
    platforms = ["any", "win32", "freebsd_14_amd64", "win_amd64", "macosx_11_0_arm64", "musllinux_1_2_x86_64"]
    platforms += ["manylinux2014_s390x", "manylinux2014_aarch64", "manylinux2014_x86_64"]
    found = grid(names("1", *(f"py3-none-{platform}" for platform in platforms)))
    assert [row.label for row in found.rows] == [
        "Linux x86-64",
        "Linux aarch64",
        "Linux s390x",
        "musl x86-64",
        "macOS arm64",
        "Windows amd64",
        "Windows x86",
        "freebsd_14_amd64",
        "Any platform",
    ]


def test_an_abi3_wheel_spans_the_columns_from_its_python_on():
    tags = ["cp38-cp38-win32", "cp39-abi3-win32", "cp312-cp312-win32", "cp313-cp313t-win32"]
    found = grid(names("1", *tags, "pp311-pypy311_pp73-win32"))
    assert found.columns == ("3.8", "3.9", "3.12", "3.13t", "pp311")
    served = dict(zip(found.columns, (cell.filenames for cell in found.rows[0].cells), strict=True))
    abi3 = "p-1-cp39-abi3-win32.whl"
    assert [column for column, files in served.items() if abi3 in files] == ["3.9", "3.12"]


def test_the_wheel_made_for_a_python_goes_before_those_that_span_it():
    tags = ["py3-none-win32", "cp39-abi3-win32", "cp312-cp312-win32"]
    found = grid(names("1", *tags))
    assert found.rows[0].cells[1].filenames == tuple(names("1", *reversed(tags)))
    assert found.rows[0].cells[1].filename == "p-1-cp312-cp312-win32.whl"


def test_only_the_newest_abi3_column_is_open_ended():
    found = grid(names("1", "cp39-abi3-win32", "cp311-abi3-win32"))
    assert found.columns == ("3.9", "3.11+")


def test_a_generic_wheel_of_a_platform_spans_all_columns_of_its_row():
    found = grid(names("1", "py3-none-win32", "cp312-cp312-macosx_11_0_arm64", "pp311-pypy311_pp73-win32"))
    assert found.columns == ("3.12", "pp311")
    assert drawn(found) == {"macOS arm64": ["present", "absent"], "Windows x86": ["present", "present"]}


def test_a_generic_wheel_that_serves_no_named_python_still_has_a_cell():
    found = grid(names("1", "cp39-cp39-win32", "py310-none-any"))
    assert drawn(found) == {"Windows x86": ["present", "absent"], "Any platform": ["absent", "present"]}
    assert found.columns == ("3.9", "any")


def test_a_pure_wheel_beside_compiled_ones_has_its_own_row():
    found = grid(names("1", "py3-none-any", "cp312-cp312-win32", "cp313-cp313-win32"))
    assert drawn(found) == {"Windows x86": ["present", "present"], "Any platform": ["present", "present"]}


@pytest.mark.parametrize(
    ("tag", "rows"),
    [
        ("cp312-cp312-macosx_10_9_universal2", ["macOS arm64", "macOS x86-64"]),
        ("cp312-cp312-manylinux_2_17_x86_64.musllinux_1_2_x86_64", ["Linux x86-64", "musl x86-64"]),
        (f"cp312-cp312-{GLIBC}", ["Linux x86-64"]),
    ],
)
def test_a_wheel_stands_in_the_row_of_each_platform_it_serves(tag, rows):
    assert sorted(row.label for row in grid(names("1", tag)).rows) == rows


FULL = [
    f"cp{python}-cp{python}{flags}-{platform}"
    for python, flags in [("39", ""), ("313", ""), ("313", "t")]
    for platform in (GLIBC, "musllinux_1_2_aarch64", "win_amd64")
]


def test_a_half_release_shows_what_it_lost():
    now = [tag for tag in FULL if tag != "cp313-cp313t-musllinux_1_2_aarch64"]
    found = grid(names("2", *now), names("1", *FULL, sdist=True))
    filename = "p-1-cp313-cp313t-musllinux_1_2_aarch64.whl"
    assert found.lost == (Place("musl aarch64", "3.13t", filename),)
    assert {place.filename for place in found.lost} == {filename}
    assert drawn(found)["musl aarch64"] == ["present", "present", "lost"]
    assert found.rows[1].cells[2].filename == filename
    assert (found.sdist, found.new) == (LOST, ())


def test_a_cell_that_had_no_file_last_time_is_new():
    found = grid(names("2", *FULL, "cp314-cp314-win_amd64", sdist=True), names("1", *FULL))
    assert found.new == (Place("Windows amd64", "3.14", "p-2-cp314-cp314-win_amd64.whl"),)
    assert (found.new_files, found.sdist) == (("p-2-cp314-cp314-win_amd64.whl",), NEW)
    assert (found.lost, drawn(found)["Linux x86-64"]) == ((), ["present"] * 3 + ["absent"])


def test_nothing_is_new_or_lost_without_a_last_time():
    found = grid(names("1", *FULL, sdist=True))
    assert (found.new, found.lost, found.sdist) == ((), (), PRESENT)
    assert {cell.state for row in found.rows for cell in row.cells} == {PRESENT}


@pytest.mark.parametrize(
    ("now", "last"),
    [
        pytest.param(["cp312-cp312-manylinux_2_28_x86_64"], [f"cp312-cp312-{GLIBC}"], id="newer C library"),
        pytest.param(["cp312-cp312-macosx_11_0_arm64"], ["cp312-cp312-macosx_12_0_arm64"], id="older macOS"),
        pytest.param(["py3-none-any"], ["py2.py3-none-any"], id="Python 2 left out"),
        pytest.param(["py38-none-any"], ["py37-none-any"], id="newer Python, pure"),
        pytest.param(["cp312-cp312-win32", "cp313-cp313-win32"], ["cp312-abi3-win32"], id="no abi3 any more"),
        pytest.param(
            ["cp312-cp312-macosx_11_0_arm64", "cp312-cp312-macosx_10_9_x86_64"],
            ["cp312-cp312-macosx_11_0_universal2"],
            id="universal binary split in two",
        ),
        pytest.param(
            ["cp39-abi3-win32"], ["cp39-cp39-win32", "cp312-cp312-win32"], id="abi3 for each Python"
        ),
    ],
)
def test_a_change_of_tags_that_serves_the_same_people_is_no_loss(now, last):
    assert grid(names("2", *now), names("1", *last)).lost == ()


def test_a_lost_file_is_named_once_however_many_cells_it_filled():
    last = names("1", "cp39-abi3-macosx_10_9_universal2", "cp39-cp39-win32", "cp312-cp312-win32")
    found = grid(names("2", "cp39-cp39-win32", "cp312-cp312-win32"), last)
    assert len(found.lost) == 4
    assert {place.filename for place in found.lost} == {"p-1-cp39-abi3-macosx_10_9_universal2.whl"}


def test_a_dropped_python_is_lost_even_where_its_abi3_wheel_has_a_successor():
    found = grid(names("2", "cp310-abi3-win32"), names("1", "cp39-abi3-win32"))
    assert drawn(found) == {"Windows x86": ["lost", "present"]}
    assert found.lost == (Place("Windows x86", "3.9", "p-1-cp39-abi3-win32.whl"),)


def test_old_formats_are_left_out():
    found = grid(["p-2.tar.gz"], ["p-1.zip", "p-1-py3.8.egg", "nonsense"])
    assert (found.columns, found.rows, found.sdist) == ((), (), PRESENT)


def test_no_files_are_an_empty_grid():
    found = grid([])
    assert (found.columns, found.rows, found.sdist, found.lost) == ((), (), ABSENT, ())
