"""Expected files: whom a release leaves without a wheel that the last one had, and patterns that no file matches."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from .environments import Environment, Offer, Shelf, by_platform, environments

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SDIST = "sdist"


class Effect(StrEnum):
    """What becomes of people whose wheel is missing."""

    BUILDS = "builds"  # from the sdist
    FALLS_BACK = "falls-back"  # to the wheel for any platform, which the last release had beside theirs
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Lost:
    """An environment whose wheel of last time has no successor."""

    environment: Environment
    filename: str
    effect: Effect

    @property
    def place(self) -> str:
        """Name it for a decision: what stays the same while other files change."""
        return self.environment.label


def lost(now: Sequence[Offer], last: Sequence[Offer]) -> list[Lost]:
    """Return the environments that had a wheel last time and are left without one.

    Not lost: what another wheel serves now (abi3, another level, a build number, a universal binary, a wheel for any
    platform that is new), and Pythons that no file of the release takes any more by its Requires-Python.
    """
    had_fallback = any(file.is_pure for file in last)
    found = []
    for platform, pythons in by_platform(environments([*now, *last])).items():
        shelf, shelf_last = Shelf(now, platform), Shelf(last, platform)
        for python in pythons:
            before = shelf_last.chosen(python)
            if before is None or not before.is_wheel or not any(file.takes(python) for file in now):
                continue
            effect = _effect(before, shelf.chosen(python), had_fallback=had_fallback)
            if effect is not None:
                found.append(Lost(Environment(python, platform), before.filename, effect))
    return found


def _effect(before: Offer, after: Offer | None, *, had_fallback: bool) -> Effect | None:
    if after is None:
        return Effect.NOTHING
    if not after.is_wheel:
        return Effect.BUILDS
    return Effect.FALLS_BACK if after.is_pure and not before.is_pure and had_fallback else None


def lost_sdist(now: Iterable[Offer], last: Iterable[Offer]) -> str:
    """Return the name of last time's sdist when there is none now; empty otherwise."""
    if any(not file.is_wheel for file in now):
        return ""
    return next((file.filename for file in last if not file.is_wheel), "")


def unmatched(patterns: Iterable[str], files: Sequence[Offer]) -> Iterator[str]:
    """Yield the patterns that no file matches, by its name or by one of its tags spelled in full."""
    for pattern in patterns:
        if not any(
            fnmatchcase(spelling, pattern)
            for file in files
            for spelling in (file.filename, *file.name.spellings)
        ):
            yield pattern
