"""Holding the files of a draft against what logs say about them: one verdict for each file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_DISTRIBUTION = (".whl", ".tar.gz")
_COUNTABLE = frozenset({"sha256", "blake2b_256"})


class Rank(IntEnum):
    """How much a source of evidence proves, weakest first."""

    SELF = 0
    PASTED = 1
    CI = 2
    FETCHED = 3
    ATTESTED = 4

    @property
    def label(self) -> str:
        """The rank as one word."""
        return self.name.lower()


class Verdict(StrEnum):
    """What all evidence together says about one file."""

    MATCH = "match"
    MISMATCH = "mismatch"
    CONFLICT = "conflict"
    MISSING = "missing"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Staged:
    """A file of the draft.

    Digests are lower-case hexadecimal; `staged_by` is the key of the person or credential that staged it;
    `earlier` holds the digests, of any algorithm, of superseded uploads of this name.
    """

    filename: str
    sha256: str
    blake2b_256: str
    staged_by: str
    earlier: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Claim:
    """One digest out of one log.

    `log` is the log's id, `by` the key of who added it, `filename` a base name or None, `digest` lower-case
    hexadecimal, `line` counts from 1.
    """

    log: int
    rank: Rank
    by: str
    filename: str | None
    algorithm: str
    digest: str
    line: int


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """What the evidence says about one file.

    `rank` is the best of the claims that decided, None when none did. The tuples hold claims with the rank
    they have for this file, best first: those equal to a digest of the file and those not (also of rank
    `self` where it decided nothing), those equal to an earlier upload, those equal but without a name, and
    those of an algorithm that counts for nothing.
    """

    filename: str
    verdict: Verdict
    rank: Rank | None = None
    agreeing: tuple[Claim, ...] = ()
    disagreeing: tuple[Claim, ...] = ()
    earlier: tuple[Claim, ...] = ()
    unnamed: tuple[Claim, ...] = ()
    weak: tuple[Claim, ...] = ()

    @property
    def against(self) -> tuple[Claim, ...]:
        """The claims that the file's present bytes do not have, best first: of other bytes, then of an earlier upload."""
        return tuple(sorted((*self.disagreeing, *self.earlier), key=lambda claim: -claim.rank))


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


def compare(staged: Iterable[Staged], claims: Iterable[Claim]) -> Comparison:
    """Give each staged file its verdict by all claims together.

    Names are compared exactly. A claim added by whoever staged a file has rank `self` for that file, and
    `self` decides only where nothing better speaks. A digest of 64 digits called `sha256` may be either of
    the file's digests; MD5, SHA-1 and what this server does not compute itself count for nothing.
    """
    sorter = _Sorter({file.filename: file for file in staged})
    for claim in claims:
        sorter.take(claim)
    files = {name: sorter.verdict(name) for name in sorter.staged}
    return Comparison(MappingProxyType(files), tuple(sorter.extra))


def matched_algorithm(file: Staged, claim: Claim) -> str | None:
    """Return which digest of `file` the claim equals: `sha256`, `blake2b_256` or None."""
    if claim.algorithm == "sha256" and claim.digest == file.sha256:
        return "sha256"
    if claim.algorithm in _COUNTABLE and claim.digest == file.blake2b_256:
        return "blake2b_256"
    return None


@dataclass(slots=True)
class _Heap:
    """The claims about one file, by what they are."""

    agreeing: list[Claim] = field(default_factory=list)
    disagreeing: list[Claim] = field(default_factory=list)
    earlier: list[Claim] = field(default_factory=list)
    unnamed: list[Claim] = field(default_factory=list)
    weak: list[Claim] = field(default_factory=list)

    def deciding(self) -> list[Claim]:
        """Return the claims that decide: those better than `self` where there are any.

        A digest of an earlier upload is against the file (it replaced what was logged), until a claim as good
        speaks for the bytes that are staged now: so a tampered file is red, and a wheel that CI built again is
        green once the new run's log is here.
        """
        better = any(claim.rank > Rank.SELF for claim in (*self.agreeing, *self.disagreeing, *self.earlier))
        floor = Rank.PASTED if better else Rank.SELF
        agreeing = [claim for claim in self.agreeing if claim.rank >= floor]
        against = self.disagreeing if agreeing else self.disagreeing + self.earlier
        return agreeing + [claim for claim in against if claim.rank >= floor]


class _Sorter:
    """Puts each claim where it belongs, in one pass over claims that may be many."""

    def __init__(self, staged: dict[str, Staged]) -> None:
        self.staged = staged
        self.heaps = {name: _Heap() for name in staged}
        self.extra: list[Claim] = []
        self.any_evidence = False
        self._by_digest: dict[str, list[Staged]] = {}
        for file in staged.values():
            for digest in {file.sha256, file.blake2b_256}:
                self._by_digest.setdefault(digest, []).append(file)

    def take(self, claim: Claim) -> None:
        """Sort one claim under the file that it names, or under each whose digest it equals."""
        if claim.filename is None:
            for file in self._by_digest.get(claim.digest, ()):
                if matched_algorithm(file, claim):
                    self.heaps[file.filename].unnamed.append(_ranked(claim, file))
                    self.any_evidence = True
        elif claim.filename in self.staged:
            self._take_named(claim, self.staged[claim.filename])
        elif claim.filename.endswith(_DISTRIBUTION):
            self.extra.append(claim)
            self.any_evidence = self.any_evidence or claim.algorithm in _COUNTABLE

    def _take_named(self, claim: Claim, file: Staged) -> None:
        heap, ranked = self.heaps[file.filename], _ranked(claim, file)
        if matched_algorithm(file, claim):
            heap.agreeing.append(ranked)
        elif claim.digest in file.earlier:
            heap.earlier.append(ranked)
        elif claim.algorithm in _COUNTABLE:
            heap.disagreeing.append(ranked)
        else:
            heap.weak.append(ranked)
        self.any_evidence = self.any_evidence or claim.algorithm in _COUNTABLE

    def verdict(self, name: str) -> FileVerdict:
        """Decide about one file, after all claims were taken."""
        heap = self.heaps[name]
        deciding = heap.deciding()
        agree = {matched_algorithm(self.staged[name], claim) is not None for claim in deciding}
        silent = Verdict.MISSING if self.any_evidence else Verdict.NONE
        return FileVerdict(
            filename=name,
            verdict=_OUTCOMES[frozenset(agree)] or silent,
            rank=max((claim.rank for claim in deciding), default=None),
            agreeing=_best_first(heap.agreeing),
            disagreeing=_best_first(heap.disagreeing),
            earlier=_best_first(heap.earlier),
            unnamed=_best_first(heap.unnamed),
            weak=_best_first(heap.weak),
        )


# Whether the claims that decide agree with the file -> the verdict; evidence that disagrees with itself is never green.
_OUTCOMES: dict[frozenset[bool], Verdict | None] = {
    frozenset(): None,
    frozenset({True}): Verdict.MATCH,
    frozenset({False}): Verdict.MISMATCH,
    frozenset({True, False}): Verdict.CONFLICT,
}


def _ranked(claim: Claim, file: Staged) -> Claim:
    return replace(claim, rank=Rank.SELF) if claim.by == file.staged_by else claim


def _best_first(claims: list[Claim]) -> tuple[Claim, ...]:
    return tuple(sorted(claims, key=lambda claim: (-claim.rank, claim.log, claim.line)))
