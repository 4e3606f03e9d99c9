"""Two copies of one distribution: where they differ, member by member."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .errors import BadDistribution, Code
from .members import walk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .archives import Readable
    from .names import FileName


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two distributions differ: names of members that one has and the other has not, or with other contents."""

    changed: tuple[str, ...]
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    members: int

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that differs, in order."""
        return tuple(sorted((*self.changed, *self.only_before, *self.only_after)))


def digests(file: Readable, name: FileName, *, most: int) -> dict[str, str]:
    """Return the SHA-256 of every member's contents, by path. Raises BadDistribution, also for more than ``most`` bytes."""
    found, total = dict[str, str](), 0
    for walked in walk(file, name):
        if walked.problem:
            raise BadDistribution(Code.BAD_MEMBER_DATA, walked.problem)
        total += walked.member.size
        if total > most:
            raise BadDistribution(
                Code.INFLATES_TOO_MUCH, f"It inflates to more than the {most} bytes that are read here."
            )
        found[walked.member.path] = walked.member.sha256
    return found


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> Difference:
    """Compare what ``digests`` returned of two distributions."""
    return Difference(
        changed=tuple(sorted(name for name in before.keys() & after.keys() if before[name] != after[name])),
        only_before=tuple(sorted(before.keys() - after.keys())),
        only_after=tuple(sorted(after.keys() - before.keys())),
        members=len(before.keys() | after.keys()),
    )
