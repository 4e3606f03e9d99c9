"""Which file an installer takes where, whom added files change, and whom a release leaves without a wheel."""

import pytest
from packaging.tags import Tag, compatible_tags, cpython_tags

from drafts.dist.environments import PLATFORMS, PYTHONS, Environment, chosen, environments, offers, shadowing
from drafts.dist.expected import Effect, lost, lost_sdist, unmatched
from drafts.dist.platforms import Platform
from drafts.dist.pythons import Column

LINUX, MUSL, MAC = Platform("Linux", "x86-64"), Platform("musl", "x86-64"), Platform("macOS", "arm64")
CP312 = Column("cp", (3, 12))


def files(*tags, version="1", requires_python="", sdist=False):
    """Files of one release of the project p, as installers see them."""
    names = [f"p-{version}-{tag}.whl" for tag in tags] + ([f"p-{version}.tar.gz"] if sdist else [])
    return offers((name, requires_python, False) for name in names)


def taken(found, python=CP312, platform=LINUX, level=None):
    file = chosen(found, Environment(python, platform), level)
    return file and file.filename.removeprefix("p-1-").removesuffix(".whl")


CHOICES = {
    "own Python before abi3": (["cp39-abi3-manylinux_2_17_x86_64", "cp312-cp312-manylinux_2_17_x86_64"], 1),
    "abi3 before any": (["py3-none-any", "cp39-abi3-manylinux_2_17_x86_64"], 1),
    "newer C library first": (["cp312-cp312-manylinux_2_17_x86_64", "cp312-cp312-manylinux_2_28_x86_64"], 1),
    "old spelling later": (["cp312-cp312-manylinux2014_x86_64", "cp312-cp312-manylinux_2_17_x86_64"], 1),
    "higher build number": (
        ["2-cp312-cp312-manylinux_2_17_x86_64", "10-cp312-cp312-manylinux_2_17_x86_64"],
        1,
    ),
    "tag before build number": (["9-py3-none-any", "cp312-none-any"], 1),
    "plain linux last": (["cp312-cp312-linux_x86_64", "cp312-cp312-manylinux1_x86_64"], 1),
    "of another system none": (["cp312-cp312-win_amd64", "py3-none-any"], 1),
}


@pytest.mark.parametrize(("tags", "best"), CHOICES.values(), ids=CHOICES.keys())
def test_an_installer_takes_the_best_tag(tags, best):
    assert taken(files(*tags)) == taken(files(*reversed(tags))) == tags[best]


def test_wheels_go_before_the_sdist_and_yanked_files_last():
    """It is true that an environment without a wheel takes the sdist, and a yanked file only where nothing else is."""
    assert taken(files("py3-none-any", sdist=True)) == "py3-none-any"
    assert taken(files("cp312-cp312-win_amd64", sdist=True)) == "p-1.tar.gz"
    yanked = offers([("p-1-cp312-cp312-linux_x86_64.whl", "", True), ("p-1-py3-none-any.whl", "", False)])
    assert taken(yanked) == "py3-none-any"


REQUIRED = {
    ">=3.13": None,
    ">=3.12.3": "py3-none-any",
    "<3.12": None,
    "": "py3-none-any",
    "nonsense": "py3-none-any",
}


@pytest.mark.parametrize(("spec", "expected"), REQUIRED.items())
def test_requires_python_is_asked(spec, expected):
    assert taken(files("py3-none-any", requires_python=spec)) == expected


ELSEWHERE = {
    "musl takes no manylinux": (MUSL, CP312, "cp312-cp312-manylinux_2_17_x86_64", None),
    "musl takes linux": (MUSL, CP312, "cp312-cp312-linux_x86_64", "cp312-cp312-linux_x86_64"),
    "universal on arm": (
        MAC,
        CP312,
        "cp312-cp312-macosx_10_9_universal2",
        "cp312-cp312-macosx_10_9_universal2",
    ),
    "free threads take no abi3": (LINUX, Column("cp", (3, 13), "t"), "cp39-abi3-manylinux_2_17_x86_64", None),
    "PyPy": (
        LINUX,
        Column("pp", (3, 11)),
        "pp311-pypy311_pp73-manylinux_2_17_x86_64",
        "pp311-pypy311_pp73-manylinux_2_17_x86_64",
    ),
    "PyPy takes no CPython's": (LINUX, Column("pp", (3, 11)), "cp311-cp311-manylinux_2_17_x86_64", None),
}


@pytest.mark.parametrize(("platform", "python", "tag", "expected"), ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_other_environments(platform, python, tag, expected):
    assert taken(files(tag), python, platform) == expected


def test_the_order_is_that_of_packaging():
    """It is true that for every pair of tags the choice is the one that the order of packaging.tags makes."""
    platforms = [f"manylinux_2_{minor}_x86_64" for minor in range(34, 4, -1)] + ["linux_x86_64"]
    order = [*cpython_tags((3, 12), ["cp312"], platforms), *compatible_tags((3, 12), "cp312", platforms)]
    some = [str(tag) for tag in order if order.index(tag) % 37 == 0 or tag == Tag("py3", "none", "any")]
    for at, better in enumerate(some):
        for worse in some[at + 1 :]:
            assert taken(files(worse, better)) == better


def test_the_environments_are_the_supported_ones_and_what_the_files_name():
    assert len(environments([])) == len(PYTHONS) * len(PLATFORMS) == 40
    more = environments(
        files("cp39-cp39-manylinux_2_17_s390x", "pp311-pypy311_pp73-win_amd64", "py3-none-any")
    )
    assert len(more) == (len(PYTHONS) + 2) * (len(PLATFORMS) + 1)
    assert [one.label for one in more][:2] == ["CPython 3.9 on Linux x86-64", "CPython 3.11 on Linux x86-64"]


def moves(found):
    return [(move.environment.label, move.before, move.after, move.only) for move in found]


def test_a_wheel_that_goes_before_the_one_that_is_taken_today_changes_its_environment():
    """It is true that the attack of open releases is named: environment, file today, file afterwards."""
    found = shadowing(files("py3-none-any", sdist=True), files("cp312-cp312-manylinux_2_28_x86_64"))
    assert moves(found.changed) == [
        (
            "CPython 3.12 on Linux x86-64",
            "p-1-py3-none-any.whl",
            "p-1-cp312-cp312-manylinux_2_28_x86_64.whl",
            "",
        )
    ]
    assert (found.environments, found.served) == (40, ())


def test_an_environment_that_had_no_wheel_is_newly_served():
    """It is true that a wheel for those who built from source changes nobody's wheel."""
    found = shadowing(files("cp312-cp312-win_amd64", sdist=True), files("cp314-cp314-win_amd64"))
    assert found.changed == ()
    assert moves(found.served) == [
        ("CPython 3.14 on Windows amd64", "p-1.tar.gz", "p-1-cp314-cp314-win_amd64.whl", "")
    ]


HIDDEN = {
    "an old C library": (
        "cp312-cp312-manylinux_2_17_x86_64",
        "cp312-cp312-manylinux_2_28_x86_64",
        "before glibc 2.28",
    ),
    "an old macOS": ("cp312-cp312-macosx_11_0_arm64", "cp312-cp312-macosx_14_0_arm64", "before macOS 14.0"),
    "another architecture": ("cp312-cp312-manylinux_2_17_s390x", "cp311-cp311-win_amd64", ""),
    "another Python": ("cp38-cp38-manylinux_2_17_x86_64", "cp311-cp311-win_amd64", ""),
    "PyPy": ("pp39-pypy39_pp73-manylinux_2_17_x86_64", "cp311-cp311-win_amd64", ""),
    "a build number": ("1-py3-none-any", "cp311-cp311-win_amd64", ""),
}


@pytest.mark.parametrize(("added", "published", "only"), HIDDEN.values(), ids=HIDDEN.keys())
def test_no_environment_hides_a_change(added, published, only):
    """It is true that a file which changes only old systems, rare platforms or Pythons is found as well."""
    found = shadowing(files("py3-none-any", published), files(added))
    assert {move.after for move in found.changed} == {f"p-1-{added}.whl"}
    assert {move.only for move in found.changed} == {only}


def test_files_that_nobody_would_take_change_nothing():
    found = shadowing(
        files("cp312-cp312-win_amd64"), files("py2-none-any", "cp27-cp27mu-manylinux1_x86_64")[:1]
    )
    assert (found.changed, found.served) == ((), ())


SAME = {
    "abi3 for each Python": (["cp311-abi3-win_amd64"], ["cp311-cp311-win_amd64", "cp312-cp312-win_amd64"]),
    "each Python for abi3": ([f"cp3{n}-cp3{n}-win_amd64" for n in range(11, 15)], ["cp311-abi3-win_amd64"]),
    "a build number": (["1-cp312-cp312-win_amd64"], ["cp312-cp312-win_amd64"]),
    "a newer C library": (["cp312-cp312-manylinux_2_28_x86_64"], ["cp312-cp312-manylinux2014_x86_64"]),
    "a universal binary split": (
        ["cp312-cp312-macosx_11_0_arm64", "cp312-cp312-macosx_11_0_x86_64"],
        ["cp312-cp312-macosx_10_9_universal2"],
    ),
    "pure now": (["py3-none-any"], ["cp312-cp312-win_amd64", "cp313-cp313-manylinux_2_17_x86_64"]),
    "Python 2 left out": (["py3-none-any"], ["py2.py3-none-any"]),
    "compressed tags": (["cp312-cp312-win32.win_amd64"], ["cp312-cp312-win32", "cp312-cp312-win_amd64"]),
}


@pytest.mark.parametrize(("now", "last"), SAME.values(), ids=SAME.keys())
def test_wheels_that_serve_the_same_people_are_expected_no_more(now, last):
    """It is true that other tags, levels, build numbers and kinds of wheels count as the same expected cell."""
    assert lost(files(*now, version="2"), files(*last)) == []


def effects(now, last):
    return {one.environment.label: (one.filename, one.effect) for one in lost(now, last)}


def test_who_had_a_wheel_and_has_none_is_named_with_what_becomes_of_them():
    """It is true that a lost wheel says who builds from source, falls back, or gets nothing."""
    last = files("cp313-cp313-musllinux_1_2_aarch64", "cp313-cp313-win_amd64", sdist=True)
    now = files("cp313-cp313-win_amd64", sdist=True, version="2")
    name = "p-1-cp313-cp313-musllinux_1_2_aarch64.whl"
    assert effects(now, last) == {"CPython 3.13 on musl aarch64": (name, Effect.BUILDS)}
    assert effects(now[:1], last) == {"CPython 3.13 on musl aarch64": (name, Effect.NOTHING)}


def test_a_fallback_that_was_there_last_time_does_not_stand_in():
    """It is true that a project with compiled wheels beside a pure one misses the compiled ones."""
    last = files("cp312-cp312-win_amd64", "py3-none-any")
    assert effects(files("py3-none-any", version="2"), last) == {
        "CPython 3.12 on Windows amd64": ("p-1-cp312-cp312-win_amd64.whl", Effect.FALLS_BACK)
    }


def test_a_python_that_the_release_takes_no_more_is_not_missed():
    """It is true that raising Requires-Python drops its wheels on purpose, and a Python no file excludes is missed."""
    last = files("cp311-cp311-win_amd64", "cp312-cp312-win_amd64", requires_python=">=3.11")
    raised = files("cp312-cp312-win_amd64", version="2", requires_python=">=3.12")
    assert lost(raised, last) == []
    assert len(lost(files("cp312-cp312-win_amd64", version="2", requires_python=">=3.11"), last)) == 1


def test_a_lost_sdist():
    assert lost_sdist(files("py3-none-any"), files("py3-none-any", sdist=True)) == "p-1.tar.gz"
    assert (
        lost_sdist(files(sdist=True), files(sdist=True)) == lost_sdist(files(), files("py3-none-any")) == ""
    )


def test_patterns_wait_for_one_file_each():
    """It is true that a pattern is met by a file's own name or by one of its tags spelled in full."""
    there = files("cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64", sdist=True)
    wanted = ["*.tar.gz", "*-manylinux_2_17_x86_64.whl", "*-manylinux2014_x86_64.whl", "*-win_*.whl", "P-*"]
    assert list(unmatched(wanted, there)) == ["*-win_*.whl", "P-*"]
