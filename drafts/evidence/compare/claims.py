"""What is compared: the files that are staged, and what logs claim of files."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum

COUNTABLE = frozenset({"sha256", "blake2b_256"})


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


class Why(StrEnum):
    """Why a claim proves less for a file than its log does, or nothing at all."""

    OWN_WORD = "own-word"
    OTHER_JOB = "other-job"
    OTHER_COMMIT = "other-commit"
    SUPERSEDED = "superseded"
    SET_ASIDE = "set-aside"
    HIDDEN = "hidden"
    NOT_ITS_FILE = "not-its-file"


@dataclass(frozen=True, slots=True)
class Staged:
    """A file of the draft.

    Digests are lower-case hexadecimal; `staged_by` is the key of the person or credential that staged it;
    `earlier` holds the digests, of any algorithm, of superseded uploads of this name; `commit` is what it was built
    from, where that is known.
    """

    filename: str
    sha256: str
    blake2b_256: str
    staged_by: str
    earlier: frozenset[str] = frozenset()
    commit: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Printed:
    """Which job of which run printed a log: of two of one job, the one with the higher run and attempt is newer."""

    job: str
    run: int
    attempt: int
    commit: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """One digest out of one log.

    `log` is the log's id, `by` the key of who added it, `filename` a base name or None, `digest` lower-case
    hexadecimal, `line` counts from 1. `hidden`: a terminal would not show it. `aside`: a maintainer set its log aside.
    `of_own_files`: the log came with an upload credential, which has a say about what it staged and nothing else.
    """

    log: int
    rank: Rank
    by: str
    filename: str | None
    algorithm: str
    digest: str
    line: int
    hidden: bool = False
    aside: bool = False
    of_own_files: bool = False
    printed: Printed | None = None
    why: Why | None = None


def matched_algorithm(file: Staged, claim: Claim) -> str | None:
    """Return which digest of `file` the claim equals: `sha256`, `blake2b_256` or None."""
    if claim.algorithm == "sha256" and claim.digest == file.sha256:
        return "sha256"
    if claim.algorithm in COUNTABLE and claim.digest == file.blake2b_256:
        return "blake2b_256"
    return None
