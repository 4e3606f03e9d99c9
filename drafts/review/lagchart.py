"""The lag chart as places in a picture: for each year, how many of its releases still took files so many days later."""

from collections.abc import Sequence
from dataclasses import dataclass

from drafts.review.lags import DAYS, YearRow

WIDTH, HEIGHT = 720, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 12, 24
_GAP = 0.25  # of a year's room
_WIDEST = 120
_LINES = 4
_STEPS = (0.02, 0.05, 0.1, 0.2, 0.4, 1.0)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; ``level`` counts from 1 for the shortest lag, ``text`` is what a reader hears."""

    x: float
    y: float
    width: float
    height: float
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Label:
    """A year below the bars, or a share beside a line."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The whole picture."""

    bars: tuple[Bar, ...]
    years: tuple[Label, ...]
    lines: tuple[Label, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT


def chart(rows: Sequence[YearRow]) -> Chart | None:
    """Return the picture of some years; None where there is nothing to show."""
    if not any(row.later[0] for row in rows):
        return None
    highest = max(row.later[0] / row.releases for row in rows)
    scale = next(step for step in _STEPS if step >= highest)
    room = min(_WIDEST, (WIDTH - _LEFT - _RIGHT) / len(rows))
    return Chart(
        bars=tuple(bar for at, row in enumerate(rows) for bar in _bars(row, _LEFT + at * room, room, scale)),
        years=tuple(
            Label(round(_LEFT + (at + 0.5) * room, 1), HEIGHT - 6, str(row.year))
            for at, row in enumerate(rows)
        ),
        lines=tuple(_line(at / _LINES, scale) for at in range(_LINES + 1)),
    )


def _bars(row: YearRow, left: float, room: float, scale: float) -> list[Bar]:
    width = room * (1 - _GAP) / len(DAYS)
    found = []
    for level, (days, count) in enumerate(zip(DAYS, row.later, strict=True), start=1):
        share = count / row.releases
        height = round(share / scale * (HEIGHT - _TOP - _BOTTOM), 1)
        text = f"{row.year}: {count} of {row.releases} releases ({share:.1%}) after {days} day{'' if days == 1 else 's'}"
        x = left + room * _GAP / 2 + (level - 1) * width
        found.append(
            Bar(round(x, 1), round(HEIGHT - _BOTTOM - height, 1), round(width, 1), height, level, text)
        )
    return found


def _line(part: float, scale: float) -> Label:
    y = round(HEIGHT - _BOTTOM - part * (HEIGHT - _TOP - _BOTTOM), 1)
    share = part * scale * 100
    return Label(_LEFT - 6, y, f"{share:g} %")
