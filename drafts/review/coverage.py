"""The coverage grid as the pages show it: the file overview, with a text in each cell."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from drafts.dist.coverage import Cell, CellState, Grid
from drafts.dist.coverage import Row as FoundRow
from drafts.evidence.compare import Verdict
from drafts.models import DecisionKind
from drafts.review.sight import Sight

_STATE_WORDS = {
    "present": "staged",
    "published": "published already",
    "new": "new",
    "lost": "lost",
    "struck": "published without it",
    "dropped": "not supported any more",
    "covered": "served by another wheel",
    "absent": "none",
    "differs": "differs from CI",
}
_EMPTY = {"lost", "struck", "dropped", "covered", "absent"}


@dataclass(frozen=True, slots=True)
class GridCell:
    """One cell of the coverage grid; ``span`` columns wide from column ``at`` on, ``mark`` says why: abi3, any."""

    state: str
    filename: str
    text: str
    at: int = 0
    span: int = 1
    mark: str = ""
    build: str = ""

    @property
    def has_file(self) -> bool:
        return bool(self.filename) and self.state not in _EMPTY


@dataclass(frozen=True, slots=True)
class GridRow:
    """One platform; on a phone it is one line: how many cells are served, and how many are lost."""

    label: str
    cells: tuple[GridCell, ...]

    @property
    def served(self) -> int:
        """Return how many Pythons have a file."""
        return sum(cell.span for cell in self.cells if cell.has_file)

    @property
    def lost(self) -> int:
        return sum(cell.span for cell in self.cells if cell.state == "lost")

    @property
    def expected(self) -> int:
        """Return how many Pythons have a file, or should."""
        return self.served + self.lost


@dataclass(frozen=True, slots=True)
class GridView:
    """The coverage grid: the file overview."""

    columns: tuple[str, ...]
    rows: tuple[GridRow, ...]
    sdist: str
    summary: str

    @property
    def states(self) -> frozenset[str]:
        """Return the states that stand in it, for its legend."""
        return frozenset({cell.state for row in self.rows for cell in row.cells} | {self.sdist})


def grid_view(known: Sight) -> GridView | None:
    """Return the grid of a draft; None while it has no files."""
    found = known.grid
    if found is None:
        return None
    painter = _Painter(known)
    rows = tuple(GridRow(row.label, painter.row(row, found.columns)) for row in found.rows)
    return GridView(found.columns, rows, painter.sdist(found), _summary(known, found))


class _Painter:
    """Says of each cell what it is: what the draft has, what the release has already, and what became of the rest."""

    def __init__(self, known: Sight) -> None:
        against = {Verdict.MISMATCH, Verdict.CONFLICT}
        self.differs = {name for name, one in known.comparison.files.items() if one.verdict in against}
        self.published = {file.filename for file in known.before.same_files}
        self.missed = {(one.environment.platform.label, one.filename) for one in known.missed}
        self.lost = {(one.environment.platform.label, one.filename) for one in known.lost}
        self.is_struck = known.decided(DecisionKind.WITHOUT)
        self.takes = known.takes

    def row(self, row: FoundRow, columns: Sequence[str]) -> tuple[GridCell, ...]:
        cells = [self.cell(cell, row.label, column) for cell, column in zip(row.cells, columns, strict=True)]
        return tuple(_joined(cells, columns, row.label))

    def cell(self, cell: Cell, row: str, column: str) -> GridCell:
        wrong = [name for name in cell.filenames if name in self.differs]
        shown = wrong[0] if wrong else (cell.filename or "")
        state = "differs" if wrong and cell.state != CellState.LOST else self.state(cell, row, column)
        return GridCell(
            state,
            shown,
            f"{_STATE_WORDS[state]}: {row}, {column}{f', {shown}' if shown else ''}",
            build=_build(shown),
        )

    def state(self, cell: Cell, row: str, column: str) -> str:
        if cell.state == CellState.LOST:
            if any((row, name) in self.missed for name in cell.filenames):
                return "lost"
            if any((row, name) in self.lost for name in cell.filenames):
                return "struck"
            return "covered" if self.takes(column) else "dropped"
        return "published" if cell.filename in self.published else str(cell.state)

    def sdist(self, found: Grid) -> str:
        if found.sdist == CellState.LOST and "sdist" in self.is_struck:
            return "struck"
        if any(name.endswith(".tar.gz") for name in self.published):
            return "published"
        return str(found.sdist)


def _build(filename: str) -> str:
    """Return a wheel's build number, if it has one: the grid shows it raised."""
    parts = filename.removesuffix(".whl").split("-")
    return (
        parts[2]
        if filename.endswith(".whl") and len(parts) == len(("name", "version", "1", "py", "abi", "any"))
        else ""
    )


def _joined(cells: Sequence[GridCell], columns: Sequence[str], row: str) -> list[GridCell]:
    """Let one wheel that serves several Pythons stand in one cell across their columns."""
    joined: list[GridCell] = []
    for at, cell in enumerate(cells):
        last = joined[-1] if joined else None
        if last and cell.filename and (last.filename, last.state) == (cell.filename, cell.state):
            span, first = last.span + 1, columns[last.at]
            mark = "abi3" if "-abi3-" in cell.filename else "any" if "-none-" in cell.filename else ""
            text = f"{_STATE_WORDS[cell.state]}: {row}, {first} to {columns[at]}, {cell.filename}"
            joined[-1] = replace(last, span=span, mark=mark, text=text)
        else:
            joined.append(replace(cell, at=at))
    return joined


def _summary(known: Sight, found: Grid) -> str:
    wheels = sum(file.filetype == "bdist_wheel" for file in known.files)
    sdists = len(known.files) - wheels
    what = ", ".join(filter(None, [_count(wheels, "wheel") if wheels else "", "sdist" if sdists else ""]))
    own = f"{_count(len(known.files), 'file')} ({what})"
    if known.before.adds:
        return f"{own} beside {_count(len(known.before.same_files), 'published file')}"
    if not known.last_version:
        return own
    new, lost = (
        len(found.new_files) + (found.sdist == CellState.NEW),
        len({one.filename for one in known.lost}) + (found.sdist == CellState.LOST),
    )
    parts = [
        f"{len(known.files) - new} as last time" if new < len(known.files) else "",
        f"{new} new" if new else "",
        f"{lost} lost" if lost else "",
    ]
    difference = ", ".join(filter(None, parts)) if new or lost else "nothing new, nothing lost"
    return f"{own}, against {known.last_version}: {difference}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
