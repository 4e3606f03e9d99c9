"""What comes of comparing: a verdict for each file, and the claims behind it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drafts.evidence.compare.claims import Claim, Rank


class Verdict(StrEnum):
    """What all evidence together says about one file."""

    MATCH = "match"
    MISMATCH = "mismatch"
    CONFLICT = "conflict"
    MISSING = "missing"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """What the evidence says about one file.

    `rank` is the best of the claims that decided, None when none did. The tuples hold claims with the rank
    they have for this file, best first: those equal to a digest of the file and those not (also of rank
    `self` where it decided nothing), those equal to an earlier upload, those equal but without a name,
    those of an algorithm that counts for nothing, those of other bytes that a terminal would not show, and those
    that do not count for another reason (``why``).
    """

    filename: str
    verdict: Verdict
    rank: Rank | None = None
    agreeing: tuple[Claim, ...] = ()
    disagreeing: tuple[Claim, ...] = ()
    earlier: tuple[Claim, ...] = ()
    unnamed: tuple[Claim, ...] = ()
    weak: tuple[Claim, ...] = ()
    hidden: tuple[Claim, ...] = ()
    uncounted: tuple[Claim, ...] = ()

    @property
    def against(self) -> tuple[Claim, ...]:
        """The claims that the file's present bytes do not have, best first: of other bytes, of an earlier upload, hidden."""
        claims = (*self.disagreeing, *self.earlier, *self.hidden)
        return tuple(sorted(claims, key=lambda claim: -claim.rank))

    @property
    def deciding(self) -> tuple[Claim, ...]:
        """The claims that agree and are as good as the best of them."""
        return tuple(claim for claim in self.agreeing if claim.rank == self.rank)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The verdicts by file name, and the claims about distributions that the draft lacks."""

    files: Mapping[str, FileVerdict]
    extra: tuple[Claim, ...]

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many files have each verdict; every verdict is a key."""
        counted = Counter(file.verdict for file in self.files.values())
        return {verdict: counted[verdict] for verdict in Verdict}

    @property
    def matched(self) -> int:
        """How many files match by evidence that is independent of who staged them."""
        return sum(file.verdict is Verdict.MATCH and bool(file.rank) for file in self.files.values())

    def short_of(self, demanded: Rank) -> tuple[FileVerdict, ...]:
        """Return the files that do not match by evidence of the demanded rank or a better one."""
        return tuple(
            file
            for file in self.files.values()
            if file.verdict is not Verdict.MATCH or file.rank is None or file.rank < demanded
        )
