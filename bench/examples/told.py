"""What the page says of an example: blockers, changes and the grid's summary, from what was recorded."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drafts.dist import BadDistribution, parse_filename
from drafts.evidence.compare import compare
from drafts.inspection.changes import Before, changes
from drafts.models import Draft, File, Project, Release
from drafts.publishing.opinions import Opinions
from drafts.publishing.policy import Case, expected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from drafts.inspection.changes import Change
    from drafts.publishing.policy import Blocker

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Recorded:
    """One release as it was recorded."""

    version: str
    files: tuple[File, ...]


@dataclass(frozen=True)
class Example:
    """One project: its release, and the one before."""

    name: str
    last: Recorded
    now: Recorded
    inside: tuple[str, str, bool]

    @property
    def changes(self) -> list[Change]:
        return changes(self.now.files, self.last.files)

    @property
    def blockers(self) -> list[Blocker]:
        """What publishing would wait for, were the newer release a draft."""
        draft = Draft(project=Project(name=self.name), version=self.now.version)
        before = Before(Release(version=self.last.version), self.last.files)
        case = Case(
            draft, self.now.files, (), compare([], []), frozenset(), before=before, opinions=Opinions(draft)
        )
        return list(expected.as_last_time(case))


def examples(names: Sequence[str] = ()) -> Iterator[Example]:
    """Yield the examples that were recorded."""
    for path in sorted(FOLDER.glob("*.json")):
        if not names or path.stem in names:
            told = json.loads(path.read_text(encoding="utf-8"))
            yield Example(told["name"], _release(told["last"]), _release(told["now"]), tuple(told["inside"]))


def _release(told: dict[str, Any]) -> Recorded:
    return Recorded(told["version"], tuple(_files(told)))


def _files(told: dict[str, Any]) -> Iterator[File]:
    for filename, size, requires_python in told["files"]:
        try:
            name = parse_filename(filename)
        except BadDistribution:
            continue  # installers of old: eggs, .exe, .zip
        yield File(
            filename=filename,
            filetype=name.filetype,
            identity=name.identity,
            size=size,
            requires_python=requires_python,
            core_metadata=told["metadata"],
        )


def lines(example: Example) -> Iterator[str]:
    """Write what the page would say, a line for each thing."""
    yield f"{len(example.last.files)} files, now {len(example.now.files)}"
    for blocker in example.blockers:
        yield f"BLOCKS  {blocker.title}: {blocker.detail}"
    for change in example.changes:
        yield f"{change.kind:13} {change.text}{f': {change.detail}' if change.detail else ''}"
    filename, sentence, entry_points = example.inside
    yield f"inside        {filename}: {sentence}{'; its entry points changed' if entry_points else ''}"
