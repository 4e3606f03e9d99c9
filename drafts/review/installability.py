"""Where the draft can be installed, as its resolver said: a small grid, with the reason where it cannot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from drafts.review.sight import Sight

if TYPE_CHECKING:
    from drafts.models import Resolution


@dataclass(frozen=True, slots=True)
class Outcome:
    """One environment: ``state`` is resolves, builds, fails, excluded or unknown."""

    python: str
    platform: str
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """One platform, with one outcome for each Python."""

    platform: str
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Installability:
    """What the resolver said, when, of which files, and asking which indexes."""

    summary: str
    pythons: tuple[str, ...] = ()
    rows: tuple[OutcomeRow, ...] = ()
    reasons: tuple[tuple[str, str], ...] = ()
    against: str = ""
    at: datetime | None = None
    is_stale: bool = False
    error: str = ""

    @property
    def platforms(self) -> tuple[int, int]:
        """Return on how many platforms every Python installs from wheels, and on how many any was asked."""
        asked = [[one.state for one in row.outcomes if one.state != "excluded"] for row in self.rows]
        asked = [states for states in asked if states]
        return sum(set(states) == {"resolves"} for states in asked), len(asked)


def installability(known: Sight) -> Installability | None:
    """Return what is known of a draft's installability; None for a draft without files."""
    if not known.files:
        return None
    row: Resolution | None = getattr(known.draft, "resolution", None)
    if row is None:
        return Installability("not asked yet") if known.draft.is_live else None
    outcomes = [Outcome(*values) for values in row.results]
    good = sum(one.state == "resolves" for one in outcomes)
    builds = sum(one.state == "builds" for one in outcomes)
    fails = sum(one.state == "fails" for one in outcomes)
    unknown = sum(one.state == "unknown" for one in outcomes)
    parts = [f"installs from wheels in {good} of {len(outcomes)} environments"]
    parts += [f"builds from source in {builds}"] if builds else []
    parts += [f"cannot be installed in {fails}"] if fails else []
    parts += [f"not known in {unknown}"] if unknown else []
    return Installability(
        summary=row.error or ", ".join(parts),
        pythons=tuple(dict.fromkeys(one.python for one in outcomes)),
        rows=_rows(outcomes),
        reasons=_reasons(outcomes),
        against=row.against,
        at=row.at,
        is_stale=known.draft.is_live and row.fingerprint != known.draft.fingerprint_of(known.files),
        error=row.error,
    )


def _rows(outcomes: Sequence[Outcome]) -> tuple[OutcomeRow, ...]:
    platforms = dict.fromkeys(one.platform for one in outcomes)
    return tuple(
        OutcomeRow(platform, tuple(one for one in outcomes if one.platform == platform))
        for platform in platforms
    )


def _reasons(outcomes: Sequence[Outcome]) -> tuple[tuple[str, str], ...]:
    """Return each reason once, with the environments that it holds for, those against the draft first."""
    found: dict[str, list[str]] = {}
    for one in sorted(outcomes, key=lambda one: one.state):
        if one.state in {"fails", "unknown"}:
            found.setdefault(one.reason, []).append(f"CPython {one.python} on {one.platform}")
    return tuple((reason, _who(who)) for reason, who in found.items())


def _who(who: Sequence[str]) -> str:
    return who[0] if len(who) == 1 else f"{who[0]} and {len(who) - 1} more"
