"""Differences of members: what a file has that another has not, with sizes, by the paths they have once installed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from drafts.dist.members import Member
from drafts.inspection.changes.sources import read_as_installed
from drafts.inspection.members import NotInspected, members
from drafts.models import File
from drafts.storage import NoSuchObject, StorageDown

_ALWAYS_DIFFERS = "dist-info/RECORD"
_SOURCES = (
    ".py",
    ".pyi",
    ".pyx",
    ".pxd",
    ".c",
    ".h",
    ".cpp",
    ".hpp",
    ".cc",
    ".rs",
    ".f90",
    ".toml",
    ".json",
    ".txt",
)


class MemberState(StrEnum):
    """What became of a member."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class MemberChange:
    """One member that differs: its path once installed, and the member on each side."""

    path: str
    state: MemberState
    before: Member | None
    now: Member | None

    @property
    def delta(self) -> int:
        """Return how many bytes more there are now."""
        return (self.now.size if self.now else 0) - (self.before.size if self.before else 0)


@dataclass(frozen=True, slots=True)
class Compared:
    """Two files' members: those that differ, and how many are the same."""

    changes: tuple[MemberChange, ...]
    same: int
    new_tops: tuple[str, ...] = ()
    gone_tops: tuple[str, ...] = ()

    def count(self, state: MemberState) -> int:
        return sum(change.state == state for change in self.changes)

    @property
    def delta(self) -> int:
        return sum(change.delta for change in self.changes)

    @property
    def sentence(self) -> str:
        """Say it in numbers."""
        parts = [f"{number} {state}" for state in MemberState if (number := self.count(state))]
        said = (
            f"{', '.join(parts)}, {self.same} the same" if parts else f"all {self.same} members are the same"
        )
        new = f"; new top-level: {', '.join(self.new_tops)}" if self.new_tops else ""
        gone = f"; no more: {', '.join(self.gone_tops)}" if self.gone_tops else ""
        return f"{said}{new}{gone}"


def compare(now: File, before: File) -> Compared:
    """Compare the members of two files. Raises NotInspected, StorageDown."""
    if now.filetype != before.filetype:
        return _across(now, before)
    return compared(_read(now), _read(before))


def compared(now: dict[str, Member], before: dict[str, Member]) -> Compared:
    """Compare members by path; RECORD, which always differs, is left out."""
    found, same = [], 0
    for path in sorted({*now, *before} - {_ALWAYS_DIFFERS}):
        old, new = before.get(path), now.get(path)
        if old and new and old.sha256 == new.sha256:
            same += 1
        elif new is None:
            found.append(MemberChange(path, MemberState.REMOVED, old, None))
        else:
            found.append(MemberChange(path, MemberState.CHANGED if old else MemberState.ADDED, old, new))
    old_tops, new_tops = _tops(before), _tops(now)
    return Compared(
        tuple(found), same, tuple(sorted(new_tops - old_tops)), tuple(sorted(old_tops - new_tops))
    )


def _tops(paths: Iterable[str]) -> set[str]:
    """Return the names that installing adds beside other packages."""
    return {path.partition("/")[0].removesuffix(".py") for path in paths} - {"dist-info"}


def _across(now: File, before: File) -> Compared:
    """Compare a wheel with a sdist: source files below the wheel's own folders, which both should have."""
    left, right = _read(now), _read(before)
    wheel = left if now.filename.endswith(".whl") else right
    tops = {path.partition("/")[0] for path in wheel if not path.startswith("dist-info/")}
    return compared(_sources(left, tops), _sources(right, tops))


def _sources(listed: dict[str, Member], tops: set[str]) -> dict[str, Member]:
    return {
        path: member
        for path, member in listed.items()
        if path.endswith(_SOURCES) and path.partition("/")[0] in tops and not path.startswith("dist-info/")
    }


def _read(file: File) -> dict[str, Member]:
    try:
        return dict(read_as_installed(file.filename, members(file)))
    except NoSuchObject as error:
        raise NotInspected(f"the list of members of {file.filename} is not kept any more") from error


def pair(files: Iterable[File], last: Sequence[File]) -> tuple[File, File] | None:
    """Return a file and its like of last time, by which a whole release is summed up: a wheel rather than the sdist."""
    before = {file.identity: file for file in last}
    alike = [(file, before[file.identity]) for file in files if file.identity in before]
    return min(alike, key=lambda two: (two[0].filetype, two[0].filename), default=None)


def summed(files: Iterable[File], last: Sequence[File]) -> tuple[File, File, Compared] | None:
    """Compare one file of a release with its like of last time; None where there is none, or no list of members."""
    two = pair(files, last)
    try:
        return (*two, compare(*two)) if two else None
    except (NotInspected, StorageDown):
        return None
