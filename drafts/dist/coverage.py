"""The coverage grid: which platforms and Pythons a release's files serve, held against the release before it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from .errors import BadDistribution
from .names import FileName, FileType, parse_filename
from .platforms import Platform, platforms_of
from .pythons import ANY_PYTHON, CPYTHON, GENERIC, Column, Reach, reach_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class CellState(StrEnum):
    """How a cell compares with last time; without a last time nothing is new or lost."""

    PRESENT = "present"
    NEW = "new"
    LOST = "lost"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Cell:
    """One platform on one Python: the files that serve it now, or served it last time; the best one first."""

    state: CellState
    filename: str | None
    filenames: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One platform, with one cell for each column."""

    label: str
    cells: tuple[Cell, ...]


class Place(NamedTuple):
    """A cell by its labels, and a file that stands there (or stood there last time)."""

    row: str
    column: str
    filename: str


@dataclass(frozen=True, slots=True)
class Grid:
    """Platforms by Pythons. ``lost`` and ``new`` list cells row by row, with every file of each."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    sdist: CellState
    lost: tuple[Place, ...]
    new: tuple[Place, ...]

    @property
    def new_files(self) -> tuple[str, ...]:
        """Wheels that serve at least one cell that had none last time, each once."""
        return tuple(dict.fromkeys(place.filename for place in self.new))


class _Wheel(NamedTuple):
    name: FileName
    spots: frozenset[tuple[Platform, Reach]]


def grid(now: Iterable[str], last: Iterable[str] = ()) -> Grid:
    """Draw the grid of a release's file names, compared with those of the release before it.

    Names that are neither wheels nor sdists (eggs of old releases) are left out. Levels of one C library
    (manylinux_2_17, manylinux_2_28) are one row; universal binaries stand in the rows of both architectures.
    """
    names_now, names_last = _parsed(now), _parsed(last)
    wheels_now, wheels_last = _wheels(names_now), _wheels(names_last)
    columns = _columns([*wheels_now, *wheels_last])
    cells_now, cells_last = _served(wheels_now, columns), _served(wheels_last, columns)
    compared = bool(names_last)
    platforms = sorted({platform for platform, _ in {**cells_now, **cells_last}}, key=lambda row: row.order)
    labels = _labels(columns, [*wheels_now, *wheels_last])
    rows = tuple(
        Row(
            platform.label,
            tuple(
                _cell(
                    cells_now.get((platform, column)), cells_last.get((platform, column)), compared=compared
                )
                for column in columns
            ),
        )
        for platform in platforms
    )
    sdist = _state(now=_has_sdist(names_now), last=_has_sdist(names_last), compared=compared)
    return Grid(
        labels, rows, sdist, _places(labels, rows, CellState.LOST), _places(labels, rows, CellState.NEW)
    )


def _parsed(filenames: Iterable[str]) -> list[FileName]:
    parsed = []
    for filename in filenames:
        try:
            parsed.append(parse_filename(filename))
        except BadDistribution:
            continue
    return parsed


def _wheels(names: Iterable[FileName]) -> list[_Wheel]:
    return [_Wheel(name, _spots(name)) for name in names if name.filetype is FileType.WHEEL]


def _spots(name: FileName) -> frozenset[tuple[Platform, Reach]]:
    spots = {(platform, reach_of(tag)) for tag in name.tags for platform in platforms_of(tag.platform)}
    # py2.py3 is one wheel for any Python, not one for a column of its own
    served_anyway = {platform for platform, reach in spots if reach.spans == "any"}
    return frozenset(
        (platform, reach)
        for platform, reach in spots
        if reach.spans == "any" or not (platform in served_anyway and reach.column.interpreter == GENERIC)
    )


def _columns(wheels: Iterable[_Wheel]) -> list[Column]:
    """Name a column for each Python that a wheel is made for; *any* if a generic wheel serves no CPython of them."""
    reaches = {reach for wheel in wheels for _, reach in wheel.spots}
    generic = {reach for reach in reaches if reach.spans == "any"}
    columns = {reach.column for reach in reaches - generic}
    cpython = [column for column in columns if column.interpreter == CPYTHON]
    if not all(any(reach.serves(column) for column in cpython) for reach in generic):
        columns.add(ANY_PYTHON)
    return sorted(columns, key=lambda column: column.order)


def _labels(columns: Iterable[Column], wheels: Iterable[_Wheel]) -> tuple[str, ...]:
    """Spell the columns; ``3.9+`` is the newest one where only stable-ABI wheels stand for all later Pythons."""
    reaches = {reach for wheel in wheels for _, reach in wheel.spots}
    open_ended = {
        max((column for column in columns if reach.serves(column)), key=lambda column: column.version)
        for reach in reaches
        if reach.spans == "abi3"
    }
    exact = {reach.column for reach in reaches if reach.spans is None}
    return tuple(f"{column.label}+" if column in open_ended - exact else column.label for column in columns)


def _served(
    wheels: Iterable[_Wheel], columns: Iterable[Column]
) -> Mapping[tuple[Platform, Column], tuple[str, ...]]:
    found: defaultdict[tuple[Platform, Column], list[tuple[bool, bool, str]]] = defaultdict(list)
    for wheel in wheels:
        for platform, reach in wheel.spots:
            for column in columns:
                if reach.serves(column):
                    found[platform, column].append(
                        (reach.spans == "any", reach.spans is not None, wheel.name.filename)
                    )
    # the wheel made for exactly this Python first, as installers choose
    return {key: tuple(dict.fromkeys(name for _, _, name in sorted(files))) for key, files in found.items()}


def _cell(now: tuple[str, ...] | None, last: tuple[str, ...] | None, *, compared: bool) -> Cell:
    shown = now or last or ()
    state = _state(now=bool(now), last=bool(last), compared=compared)
    return Cell(state, shown[0] if shown else None, shown)


def _state(*, now: bool, last: bool, compared: bool) -> CellState:
    if now:
        return CellState.NEW if compared and not last else CellState.PRESENT
    return CellState.LOST if last else CellState.ABSENT


def _has_sdist(names: Iterable[FileName]) -> bool:
    return any(name.filetype is FileType.SDIST for name in names)


def _places(columns: tuple[str, ...], rows: Iterable[Row], state: CellState) -> tuple[Place, ...]:
    return tuple(
        Place(row.label, column, filename)
        for row in rows
        for column, cell in zip(columns, row.cells, strict=True)
        if cell.state is state
        for filename in cell.filenames
    )
