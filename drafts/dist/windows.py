"""Windows: until when a published release takes more files, by its project's rule and its people's acts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from .series import series_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

TRIAL = timedelta(days=30)  # for so long a new rule tells, before it refuses


class Window(StrEnum):
    """How long releases stay open: closed at publish, within limits of which the first counts, or for ever."""

    NONE = "none"
    LIMITS = "limits"
    EVER = "ever"


class Series(StrEnum):
    """Which versions are one series: by how many leading numbers are equal (none, 1, 1.2, 1.2.3), or as lines say."""

    ALL = "all"
    MAJOR = "major"
    MINOR = "minor"
    MICRO = "micro"
    LINES = "lines"


_LINES = {Series.ALL: ("*",), Series.MAJOR: ("N",), Series.MINOR: ("N.N",), Series.MICRO: ("N.N.N",)}


class WindowMode(StrEnum):
    """What happens to files for a release whose window is over: taken and told of, or refused."""

    TELL = "tell"
    REFUSE = "refuse"


class State(StrEnum):
    """How a release stands: it takes files; it takes them and people are told; it takes none."""

    OPEN = "open"
    TELLING = "telling"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Life:
    """What happened to a release: its first and last file, the first ``newer`` stable one by lines of series, people's acts."""

    first: datetime
    last: datetime
    newer: Mapping[tuple[str, ...], datetime | None] = field(default_factory=dict)
    closed_at: datetime | None = None
    reopened_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A project's rule. Limits are days, 0 where one is not used; the limit that is reached first closes a release.

    ``lines`` say what a series is where ``series`` leaves it to them (``drafts.dist.series``).
    """

    window: Window = Window.LIMITS
    first_days: int = 14
    last_days: int = 0
    newer: bool = False
    series: Series = Series.MINOR
    mode: WindowMode = WindowMode.REFUSE
    lines: tuple[str, ...] = ()

    @classmethod
    def read(cls, plain: Mapping[str, Any]) -> Rule:
        """Return the rule of plain values, as JSON keeps them."""
        kinds = {"window": Window, "series": Series, "mode": WindowMode, "lines": tuple}
        return cls(**{name: kinds[name](value) if name in kinds else value for name, value in plain.items()})

    @property
    def series_lines(self) -> tuple[str, ...]:
        """Return what a series is, as lines."""
        return _LINES.get(self.series, self.lines)

    def closes(self, life: Life) -> datetime | None:
        """Return when the rule closes a release; None: never, as far as one knows today."""
        if self.window == Window.EVER:
            return None
        if self.window == Window.NONE:
            return life.first
        newer = life.newer.get(self.series_lines) if self.newer else None
        limits = [
            life.first + timedelta(days=self.first_days) if self.first_days else None,
            life.last + timedelta(days=self.last_days) if self.last_days else None,
            max(newer, life.first) if newer else None,
        ]
        return min((limit for limit in limits if limit is not None), default=None)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a release stands now: ``since`` when, ``until`` when that is so as far as one knows today."""

    state: State
    since: datetime | None = None
    until: datetime | None = None
    reopened: bool = False
    by_person: bool = False

    @property
    def is_closed(self) -> bool:
        return self.state == State.CLOSED


@dataclass(frozen=True, slots=True)
class Enforced:
    """A project's rule ``since`` when it holds, and the rule ``before``, which refuses while the new one only tells."""

    rule: Rule
    since: datetime
    before: Rule | None = None

    def refuses_from(self, life: Life) -> datetime | None:
        """Return from when on files are refused by the rule; None: not as far as one knows today."""
        closes = self.rule.closes(life)
        if closes is None or self.rule.mode == WindowMode.TELL:
            return None
        found = max(closes, self.since + TRIAL)
        earlier = self.before.closes(life) if self.before and self.before.mode == WindowMode.REFUSE else None
        return found if earlier is None else min(found, max(closes, earlier))

    def standing(self, life: Life, now: datetime) -> Standing:
        """Say how a release stands: what people did counts before the rule."""
        again = life.reopened_until
        if again is not None and now < again:
            return Standing(State.OPEN, until=again, reopened=True)
        if life.closed_at is not None:
            return Standing(State.CLOSED, since=max(life.closed_at, again or life.closed_at), by_person=True)
        closes, refuses = self.rule.closes(life), self.refuses_from(life)
        if closes is None or now < closes:
            return Standing(State.OPEN, until=closes)
        if refuses is None or now < refuses:
            return Standing(State.TELLING, since=closes, until=refuses)
        return Standing(State.CLOSED, since=max(refuses, again or refuses))


def newer_stable(releases: Sequence[tuple[Version, datetime]], lines: Sequence[str]) -> list[datetime | None]:
    """Return, for each of a project's releases, when the first newer stable one of its series came; None: not yet.

    ``lines`` say what a series is. Local versions of one public version are no newer than each other.
    """
    found: list[datetime | None] = [None] * len(releases)
    publics = [Version(version.public) for version, _ in releases]
    first: dict[tuple[int, ...], datetime] = {}  # of stable releases above those that are looked at
    order = sorted(range(len(releases)), key=lambda at: publics[at], reverse=True)
    for public, same in groupby(order, key=lambda at: publics[at]):
        places, key = list(same), series_of(public, lines)
        for at in places:
            found[at] = first.get(key)
        if not public.is_prerelease:
            moments = [releases[at][1] for at in places]
            first[key] = min([*moments, first[key]] if key in first else moments)
    return found
