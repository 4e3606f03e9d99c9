"""What changed against the newest published release before this one: metadata, dependencies, files, size."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from packaging.version import Version

from drafts.models import Draft, File, Release


class ChangeKind(StrEnum):
    """Which part of the release changed."""

    METADATA = "metadata"
    DEPENDENCIES = "dependencies"
    FILES = "files"
    SIZE = "size"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: a sentence, and what it was before and is now."""

    kind: ChangeKind
    text: str
    detail: str = ""


def last_release(draft: Draft, releases: Iterable[Release]) -> Release | None:
    """Return the newest of these releases with a lower version, finals before pre-releases; None for the first."""
    own = Version(draft.version)
    lower = [release for release in releases if Version(release.version) < own]
    finals = [release for release in lower if not Version(release.version).is_prerelease]
    return max(finals or lower, key=lambda release: Version(release.version), default=None)


def changes(now: Sequence[File], last: Sequence[File]) -> list[Change]:
    """Compare the files of a draft with those of the last release; both without files: nothing."""
    if not now or not last:
        return []
    return [
        *_field(now, last, "requires_python", "Requires-Python"),
        *_field(now, last, "license", "License"),
        *_dependencies(now, last),
        *_files(now, last),
        *_size(now, last),
    ]


def _values(files: Iterable[File], field: str) -> list[str]:
    return sorted({str(file.core_metadata.get(field) or "(none)") for file in files})


def _field(now: Sequence[File], last: Sequence[File], field: str, label: str) -> Iterator[Change]:
    before, after = _values(last, field), _values(now, field)
    if before != after:
        yield Change(ChangeKind.METADATA, f"{label} changed", f"{', '.join(before)} → {', '.join(after)}")


def _dependencies(now: Sequence[File], last: Sequence[File]) -> Iterator[Change]:
    before = {text for file in last for text in file.core_metadata.get("requires_dist", ())}
    after = {text for file in now for text in file.core_metadata.get("requires_dist", ())}
    for text in sorted(after - before):
        yield Change(ChangeKind.DEPENDENCIES, "New dependency", text)
    for text in sorted(before - after):
        yield Change(ChangeKind.DEPENDENCIES, "Dependency gone", text)


def _files(now: Sequence[File], last: Sequence[File]) -> Iterator[Change]:
    before = {file.identity: file.filename for file in last}
    after = {file.identity: file.filename for file in now}
    for identity in sorted(set(before) - set(after), key=lambda key: before[key]):
        yield Change(ChangeKind.FILES, "No file of this kind any more", before[identity])
    for identity in sorted(set(after) - set(before), key=lambda key: after[key]):
        yield Change(ChangeKind.FILES, "New kind of file", after[identity])


def _size(now: Sequence[File], last: Sequence[File]) -> Iterator[Change]:
    before, after = sum(file.size for file in last), sum(file.size for file in now)
    if abs(after - before) * 20 > before:
        sign = "+" if after > before else "−"
        yield Change(
            ChangeKind.SIZE,
            "Total size changed",
            f"{sign}{abs(after - before) / before:.0%}, {before} → {after} bytes",
        )
