"""What the clients of a campaign did, what they were told, and what they saw: held against the state afterwards."""

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

LOST = "lost"


class Claim(Protocol):
    """Something that a client was told with 2xx, and which must be true when all is quiet again."""

    def wrong(self) -> str:
        """Return in words what is not as it was told, or nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """One act of a client, and how it was answered: a status code, or ``lost``."""

    round: int
    act: str
    answer: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """A project's files as one reader saw them between two moments (POSIX seconds): pairs of name and SHA-256."""

    began: float
    ended: float
    project: str
    files: frozenset[tuple[str, str]]


@dataclass
class Ledger:
    """Everything that was told and seen so far; threads write it. ``logged`` are the digests that CI's logs named."""

    round: int = 0
    calls: list[Call] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    hostile: set[str] = field(default_factory=set)
    revoked: set[str] = field(default_factory=set)
    logged: set[str] = field(default_factory=set)
    lies: bool = False

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def note(self, act: str, answer: str) -> None:
        """Note how an act was answered."""
        with self._lock:
            self.calls.append(Call(self.round, act, answer))

    def claim(self, claim: Claim) -> None:
        """Note what a client was told."""
        with self._lock:
            self.claims.append(claim)

    def saw(self, sighting: Sighting) -> None:
        """Note what a reader saw."""
        with self._lock:
            self.sightings.append(sighting)

    def complain(self, words: str) -> None:
        """Note an answer that is wrong whatever the state is."""
        with self._lock:
            self.wrong.append(words)

    def turn_the_page(self) -> None:
        """Forget what was held against the state by now, but for what each project's readers saw last."""
        with self._lock:
            last = {one.project: one for one in sorted(self.sightings, key=lambda one: one.ended)}
            self.sightings[:] = last.values()
            self.claims.clear()
            self.wrong.clear()

    def answers(self) -> dict[str, Counter[str]]:
        """Count the answers by act."""
        counted: dict[str, Counter[str]] = {}
        for call in self.calls:
            counted.setdefault(call.act, Counter())[call.answer] += 1
        return counted
