"""Environments: which file an installer takes on which Python and platform, and whom another set of files changes.

The choice is that of installers: the first tag in the order of ``packaging.tags``, the higher build number, wheels
before the sdist, files that were yanked last.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from packaging import tags
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from .errors import BadDistribution
from .names import FileName, FileType, parse_filename
from .platforms import ANY_PLATFORM, Platform, platforms_of
from .pythons import CPYTHON, GENERIC, Column, reach_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from packaging.tags import Tag

# What releases are looked at on, whatever they name: the Pythons that get fixes, and the platforms people install on.
PYTHONS = tuple(Column(CPYTHON, (3, minor)) for minor in (11, 12, 13, 14))
PLATFORMS = (
    Platform("Linux", "x86-64"),
    Platform("Linux", "aarch64"),
    Platform("Linux", "riscv64"),
    Platform("musl", "x86-64"),
    Platform("musl", "aarch64"),
    Platform("macOS", "arm64"),
    Platform("macOS", "x86-64"),
    Platform("Windows", "amd64"),
    Platform("Windows", "arm64"),
    Platform("Windows", "x86"),
)
_ANY = "any"
LOWEST = (0, 0)
_LEVEL = re.compile(
    r"(?:manylinux|musllinux|macosx|android|ios|pyodide)_(?P<major>\d{1,4})(?:_(?P<minor>\d{1,4}))?_"
)
_LEGACY = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
_LIBRARIES = {"Linux": "glibc", "musl": "musl", "macOS": "macOS"}
_FORMATS = ("universal2", "intel", "fat64", "fat32", "universal")  # of macOS, after the architecture's own
_PATCHES = (0, 99)

Level = tuple[int, int]


@dataclass(frozen=True)
class Offer:
    """One file as installers see it: its name taken apart, the Pythons it takes, whether it was yanked."""

    name: FileName
    requires_python: str = ""
    yanked: bool = False

    @property
    def filename(self) -> str:
        return self.name.filename

    @property
    def is_wheel(self) -> bool:
        return self.name.filetype is FileType.WHEEL

    @cached_property
    def is_pure(self) -> bool:
        """Whether it is a wheel for any platform."""
        return any(tag.platform == _ANY for tag in self.name.tags)

    def takes(self, python: Column) -> bool:
        """Whether Requires-Python lets any patch release of this Python in; what cannot be read lets all in."""
        return _takes(self.requires_python, python.version)


class Environment(NamedTuple):
    """One Python on one platform."""

    python: Column
    platform: Platform

    @property
    def label(self) -> str:
        """Say it as people do: ``CPython 3.12 on Linux x86-64``."""
        name = f"CPython {self.python.label}" if self.python.interpreter == CPYTHON else self.python.label
        return f"{name} on {self.platform.label}"

    @property
    def order(self) -> tuple[tuple[int, int, str], tuple[int, str, tuple[int, int], str]]:
        return self.platform.order, self.python.order


class Move(NamedTuple):
    """An environment that gets another file: ``before`` is None where it got none; ``only`` says for which systems."""

    environment: Environment
    before: str | None
    after: str
    only: str = ""


@dataclass(frozen=True, slots=True)
class Shadowing:
    """Whom new files change: ``changed`` got another wheel until now, ``served`` none (they built, or had nothing)."""

    environments: int
    changed: tuple[Move, ...]
    served: tuple[Move, ...]


def offers(files: Iterable[tuple[str, str, bool]]) -> list[Offer]:
    """Take file name, Requires-Python and *yanked* of several files; names of old formats are left out."""
    found = []
    for filename, requires_python, yanked in files:
        try:
            found.append(Offer(parse_filename(filename), requires_python, yanked))
        except BadDistribution:
            continue
    return found


def environments(files: Sequence[Offer]) -> list[Environment]:
    """Return those that are looked at in any case, and every other that the files name, in the order of the grid."""
    pythons, platforms = set(PYTHONS), set(PLATFORMS)
    for file in files:
        for tag in file.name.tags:
            platforms |= set(platforms_of(tag.platform))
            reach = reach_of(tag)
            if reach.spans is None and reach.column.interpreter != GENERIC and min(reach.column.version) >= 0:
                pythons.add(reach.column)
    found = [Environment(python, platform) for platform in platforms for python in pythons]
    return sorted((one for one in found if one.platform.system != ANY_PLATFORM), key=lambda one: one.order)


class Shelf:
    """The files of one release as one platform's installers see them: those that can serve it, sorted out once."""

    def __init__(self, files: Iterable[Offer], platform: Platform) -> None:
        """Keep the sdist, wheels for any platform, and those with a tag of this one."""
        files = list(files)
        self.platform = platform
        self.tags = _platform_tags(files, platform)
        fitting = {*self.tags, _ANY}
        self.files = [
            file
            for file in files
            if not file.is_wheel or any(tag.platform in fitting for tag in file.name.tags)
        ]

    def chosen(self, python: Column, level: Level | None = None) -> Offer | None:
        """Return what an installer takes; ``level``: the version of the C library or system, None for the newest."""
        ranks = self._ranks(python, level)
        best: tuple[tuple[object, ...], Offer] | None = None
        for file in self.files:
            rank = min((ranks[tag] for tag in file.name.tags if tag in ranks), default=None)
            if (file.is_wheel and rank is None) or not file.takes(python):
                continue
            build = file.name.build or (-1, "")
            key = (file.yanked, not file.is_wheel, rank or 0, -build[0], _reversed(build[1]), file.filename)
            if best is None or key < best[0]:
                best = key, file
        return best[1] if best else None

    @property
    def levels(self) -> list[Level]:
        """The versions of the platform's C library or system at which the choice can differ, newest first."""
        return sorted({*map(_level, self.tags), LOWEST}, reverse=True)

    def _ranks(self, python: Column, level: Level | None) -> dict[Tag, int]:
        """Number the tags that a Python takes, best first; platforms that no file names are left out."""
        fitting = [tag for tag in self.tags if level is None or _level(tag) <= level]
        found: dict[Tag, int] = {}
        for tag in _tags(python, sorted(fitting, key=_preference), self.files):
            found.setdefault(tag, len(found))
        return found


def chosen(files: Iterable[Offer], environment: Environment, level: Level | None = None) -> Offer | None:
    """Return what an installer takes in one environment."""
    return Shelf(files, environment.platform).chosen(environment.python, level)


def by_platform(everywhere: Iterable[Environment]) -> dict[Platform, list[Column]]:
    """Group environments: the Pythons of each platform."""
    found: dict[Platform, list[Column]] = {}
    for environment in everywhere:
        found.setdefault(environment.platform, []).append(environment.python)
    return found


def shadowing(today: Sequence[Offer], added: Sequence[Offer]) -> Shadowing:
    """Compare what every environment takes of a release today with what it takes once files are added."""
    after = [*today, *added]
    everywhere = environments(after)
    changed: list[Move] = []
    served: list[Move] = []
    for platform, pythons in by_platform(everywhere).items():
        before, now = Shelf(today, platform), Shelf(after, platform)
        for move in filter(None, (_move(before, now, python) for python in pythons)):
            (changed if _is_wheel(move.before) else served).append(move)
    return Shadowing(len(everywhere), tuple(changed), tuple(served))


def needs(level: Level, platform: Platform) -> str:
    """Say what a level asks for: ``glibc 2.28``."""
    return f"{_LIBRARIES.get(platform.system, platform.system)} {level[0]}.{level[1]}"


def _move(today: Shelf, after: Shelf, python: Column) -> Move | None:
    """Return the move on the newest system that has one, changed ones before newly served ones."""
    found, steps = None, after.levels
    for at, level in enumerate(steps):
        before, now = today.chosen(python, level), after.chosen(python, level)
        if now is None or (before is not None and before.filename == now.filename):
            continue
        only = f"before {needs(steps[at - 1], after.platform)}" if at else ""
        environment = Environment(python, after.platform)
        move = Move(environment, before.filename if before else None, now.filename, only)
        if before is not None and before.is_wheel:
            return move
        found = found or move
    return found


def _is_wheel(filename: str | None) -> bool:
    return bool(filename) and str(filename).endswith(".whl")


def _tags(python: Column, platforms: list[str], files: Sequence[Offer]) -> Iterator[Tag]:
    interpreter = f"{python.interpreter}{python.version[0]}{python.version[1]}"
    places = platforms or ["none"]  # an empty list would mean this machine's
    if python.interpreter == CPYTHON:
        yield from tags.cpython_tags(python.version, [f"{interpreter}{python.flags}"], places)
    else:
        abis = {tag.abi for file in files for tag in file.name.tags if tag.interpreter == interpreter}
        yield from tags.generic_tags(interpreter, sorted(abis), places)
    yield from tags.compatible_tags(python.version, interpreter, places)


def _platform_tags(files: Iterable[Offer], platform: Platform) -> set[str]:
    """Return the platform tags of the files that a platform takes; musl takes plain ``linux`` as well."""
    alike = {platform, Platform("Linux", platform.architecture)} if platform.system == "musl" else {platform}
    found = {tag.platform for file in files for tag in file.name.tags if tag.platform != _ANY}
    return {
        tag
        for tag in found
        if alike & set(platforms_of(tag)) and (platform.system != "musl" or not tag.startswith("manylinux"))
    }


def _level(tag: str) -> Level:
    if legacy := _LEGACY.get(tag.partition("_")[0]):
        return legacy
    read = _LEVEL.match(tag)
    return (int(read["major"]), int(read["minor"] or 0)) if read else LOWEST


def _preference(tag: str) -> tuple[int, int, bool, int, str]:
    """Sort as ``packaging.tags`` does: newest level first, of one level the old spelling later, own builds first."""
    major, minor = _level(tag)
    is_legacy = tag.partition("_")[0] in _LEGACY
    shape = next((at for at, form in enumerate(_FORMATS, 1) if tag.endswith(f"_{form}")), 0)
    return -major, -minor, is_legacy, shape, tag


def _reversed(suffix: str) -> tuple[int, ...]:
    """Return a key that sorts a build number's later suffix first."""
    return (*(-ord(letter) for letter in suffix), 1)


@lru_cache(maxsize=1024)
def _takes(requires_python: str, version: tuple[int, int]) -> bool:
    if not requires_python:
        return True
    try:
        wanted = SpecifierSet(requires_python)
    except InvalidSpecifier:
        return True
    return any(wanted.contains(f"{version[0]}.{version[1]}.{patch}") for patch in _PATCHES)
