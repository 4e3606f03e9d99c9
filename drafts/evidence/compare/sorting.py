"""Sorting claims under the files that they speak of, and deciding about each file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from drafts.evidence.compare.claims import COUNTABLE, Claim, Printed, Rank, Staged, Why, matched_algorithm
from drafts.evidence.compare.judged import Comparison, FileVerdict, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

_DISTRIBUTION = (".whl", ".tar.gz")


def compare(staged: Iterable[Staged], claims: Iterable[Claim]) -> Comparison:
    """Give each staged file its verdict by all claims together.

    Names are compared exactly. A claim added by whoever staged a file has rank `self` for that file, and
    `self` decides only where nothing better speaks. A digest of 64 digits called `sha256` may be either of
    the file's digests; MD5, SHA-1 and what this server does not compute itself count for nothing. Of the fetched
    logs of one job those of its newest run count. What a terminal would not show can contradict, and confirms nothing.
    """
    sorter = _Sorter({file.filename: file for file in staged})
    for claim in claims:
        sorter.take(claim)
    files = {name: sorter.verdict(name) for name in sorter.staged}
    return Comparison(MappingProxyType(files), tuple(sorter.extra))


@dataclass(slots=True)
class _Heap:
    """The claims about one file, by what they are."""

    agreeing: list[Claim] = field(default_factory=list)
    disagreeing: list[Claim] = field(default_factory=list)
    earlier: list[Claim] = field(default_factory=list)
    unnamed: list[Claim] = field(default_factory=list)
    weak: list[Claim] = field(default_factory=list)
    hidden: list[Claim] = field(default_factory=list)
    uncounted: list[Claim] = field(default_factory=list)

    def drop_superseded(self) -> None:
        """Put away what an older run of a job said, where its newest run says something of the file."""
        newest: dict[str, Printed] = {}
        for claim in (*self.agreeing, *self.disagreeing, *self.earlier):
            if claim.printed and claim.rank >= Rank.FETCHED:
                job = claim.printed.job
                newest[job] = max(newest.get(job, claim.printed), claim.printed)
        for heap in (self.agreeing, self.disagreeing, self.earlier, self.hidden):
            self.uncounted += [replace(one, why=Why.SUPERSEDED) for one in heap if _is_older(one, newest)]
            heap[:] = [one for one in heap if not _is_older(one, newest)]

    def deciding(self) -> list[Claim]:
        """Return the claims that decide: those better than `self` where there are any.

        A digest of an earlier upload is against the file (it replaced what was logged), until a claim as good
        speaks for the bytes that are staged now: so a tampered file is red, also where a weaker line speaks for
        it, and a wheel that CI built again is green once the new run's log is here.
        """
        better = any(claim.rank > Rank.SELF for claim in (*self.agreeing, *self.disagreeing, *self.earlier))
        floor = Rank.PASTED if better else Rank.SELF
        agreeing = [claim for claim in self.agreeing if claim.rank >= floor]
        best = max((claim.rank for claim in agreeing), default=None)
        replaced = [claim for claim in self.earlier if best is None or claim.rank > best]
        return agreeing + [claim for claim in (*self.disagreeing, *replaced) if claim.rank >= floor]

    def contradicts(self, rank: Rank) -> bool:
        """Say whether hidden text contradicts a match of this rank: what is as independent as the match, or more."""
        return any(claim.rank >= min(rank, Rank.PASTED) for claim in self.hidden)


def _is_older(claim: Claim, newest: dict[str, Printed]) -> bool:
    return claim.printed is not None and claim.printed < newest.get(claim.printed.job, claim.printed)


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
                    self._take_unnamed(_ranked(claim, file), file)
        elif claim.filename in self.staged:
            self._take_named(claim, self.staged[claim.filename])
        elif claim.filename.endswith(_DISTRIBUTION) and not claim.hidden:
            self.extra.append(claim)
            self._count(claim)

    def _count(self, claim: Claim) -> None:
        """Remember that there is evidence to be missing from; what was set aside is none."""
        self.any_evidence = self.any_evidence or (claim.algorithm in COUNTABLE and not claim.aside)

    def _take_unnamed(self, claim: Claim, file: Staged) -> None:
        heap = self.heaps[file.filename]
        if (why := _discounted(claim, file)) or claim.hidden:
            heap.uncounted.append(replace(claim, why=why or Why.HIDDEN))
        else:
            heap.unnamed.append(claim)
            self.any_evidence = True

    def _take_named(self, claim: Claim, file: Staged) -> None:
        heap, ranked = self.heaps[file.filename], _ranked(claim, file)
        if why := _discounted(claim, file):
            heap.uncounted.append(replace(ranked, why=why))
            return
        if matched_algorithm(file, claim):
            where = heap.uncounted if claim.hidden else heap.agreeing
            where.append(replace(ranked, why=Why.HIDDEN) if claim.hidden else ranked)
        elif claim.digest in file.earlier:
            where = heap.uncounted if claim.hidden else heap.earlier
            where.append(replace(ranked, why=Why.HIDDEN) if claim.hidden else ranked)
        elif claim.algorithm in COUNTABLE:
            (heap.hidden if claim.hidden else heap.disagreeing).append(ranked)
        else:
            heap.weak.append(ranked)
        self._count(claim)

    def verdict(self, name: str) -> FileVerdict:
        """Decide about one file, after all claims were taken."""
        heap = self.heaps[name]
        heap.drop_superseded()
        deciding = heap.deciding()
        agree = {matched_algorithm(self.staged[name], claim) is not None for claim in deciding}
        rank = max((claim.rank for claim in deciding), default=None)
        silent = Verdict.MISSING if self.any_evidence else Verdict.NONE
        verdict = _OUTCOMES[frozenset(agree)] or silent
        if verdict is Verdict.MATCH and rank is not None and heap.contradicts(rank):
            verdict = Verdict.CONFLICT
        return FileVerdict(
            filename=name,
            verdict=verdict,
            rank=rank,
            agreeing=_best_first(heap.agreeing),
            disagreeing=_best_first(heap.disagreeing),
            earlier=_best_first(heap.earlier),
            unnamed=_best_first(heap.unnamed),
            weak=_best_first(heap.weak),
            hidden=_best_first(heap.hidden),
            uncounted=_best_first(heap.uncounted),
        )


# Whether the claims that decide agree with the file -> the verdict; evidence that disagrees with itself is never green.
_OUTCOMES: dict[frozenset[bool], Verdict | None] = {
    frozenset(): None,
    frozenset({True}): Verdict.MATCH,
    frozenset({False}): Verdict.MISMATCH,
    frozenset({True, False}): Verdict.CONFLICT,
}


def _discounted(claim: Claim, file: Staged) -> Why | None:
    """Return why a claim counts for nothing at all where this file is concerned."""
    if claim.aside:
        return Why.SET_ASIDE
    return Why.NOT_ITS_FILE if claim.of_own_files and claim.by != file.staged_by else None


def _ranked(claim: Claim, file: Staged) -> Claim:
    """Return the claim with the rank that it has for this file."""
    if claim.by == file.staged_by:
        return replace(claim, rank=Rank.SELF, why=Why.OWN_WORD)
    commit = claim.printed.commit if claim.printed else ""
    if commit and file.commit and commit != file.commit:
        return replace(claim, rank=min(claim.rank, Rank.PASTED), why=Why.OTHER_COMMIT)
    return claim


def _best_first(claims: list[Claim]) -> tuple[Claim, ...]:
    return tuple(sorted(claims, key=lambda claim: (-claim.rank, claim.log, claim.line)))
