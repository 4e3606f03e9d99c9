"""Which file of another set a file is to be held against."""

from collections.abc import Iterable

from drafts.dist.coverage import grid
from drafts.models import File


def like(file: File, others: Iterable[File]) -> File | None:
    """Return the file of the same kind: the same tags, else one that stands in the same cells of the grid, else any wheel."""
    alike = [one for one in others if one.filetype == file.filetype]
    same = next((one for one in alike if one.identity == file.identity), None)
    if same is not None or not file.filename.endswith(".whl"):
        return same
    cells = _cells(file)
    return max(alike, key=lambda one: (len(cells & _cells(one)), one.filename), default=None)


def _cells(file: File) -> set[tuple[str, str]]:
    found = grid([file.filename])
    return {
        (row.label, column)
        for row in found.rows
        for column, cell in zip(found.columns, row.cells, strict=True)
        if cell.filename
    }
