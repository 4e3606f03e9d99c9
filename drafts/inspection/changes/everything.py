"""All differences between two releases that their rows tell, without opening an archive."""

from collections.abc import Iterator, Sequence

from drafts.inspection.changes import audience, kinds, metadata
from drafts.inspection.changes.change import Change, ChangeKind
from drafts.models import File

_NOTEWORTHY = 20  # a change of total size by more than a twentieth


def changes(now: Sequence[File], last: Sequence[File]) -> list[Change]:
    """Compare the files of a draft with those of the last release; both without files: nothing."""
    if not now or not last:
        return []
    return [
        *metadata.changes(now, last),
        *audience.levels(now, last),
        *kinds.changes(now, last),
        *_size(now, last),
    ]


def _size(now: Sequence[File], last: Sequence[File]) -> Iterator[Change]:
    before, after = sum(file.size for file in last), sum(file.size for file in now)
    if abs(after - before) * _NOTEWORTHY > before:
        sign = "+" if after > before else "−"
        yield Change(
            ChangeKind.SIZE,
            "Total size changed",
            f"{sign}{abs(after - before) / before:.0%}, {before} → {after} bytes",
        )
