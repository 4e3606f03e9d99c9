"""Differences of metadata: fields added, removed and changed, and dependencies as a difference of sets."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from drafts.inspection.changes.change import Change, ChangeKind
from drafts.models import File

_ONE = {
    "requires_python": "Requires-Python",
    "license": "License",
    "summary": "Summary",
    "description_content_type": "Description-Content-Type",
    "home_page": "Home-Page",
    "download_url": "Download-URL",
    "author": "Author",
    "author_email": "Author-Email",
    "maintainer": "Maintainer",
    "maintainer_email": "Maintainer-Email",
}
_MANY = {
    "provides_extra": "extra",
    "license_files": "license file",
    "classifiers": "classifier",
    "keywords": "keyword",
    "project_urls": "project URL",
    "requires_external": "external requirement",
}
_NONE = "(none)"
_LONGEST = 80

Values = Mapping[str, object]


def changes(now: Sequence[File], last: Sequence[File]) -> list[Change]:
    """Compare the metadata of two sets of files, field by field over all files of each."""
    before, after = [file.core_metadata for file in last], [file.core_metadata for file in now]
    return compare(after, before)


def compare(now: Sequence[Values], last: Sequence[Values]) -> list[Change]:
    """Compare metadata as files keep it; a field that one side never kept is not compared."""
    return [*_single(now, last), *_several(now, last), *_description(now, last), *dependencies(now, last)]


def _kept(rows: Iterable[Values], field: str) -> bool:
    return all(field in row for row in rows)


def _single(now: Sequence[Values], last: Sequence[Values]) -> Iterator[Change]:
    for field, label in _ONE.items():
        if not _kept([*now, *last], field):
            continue
        before, after = _values(last, field), _values(now, field)
        if before != after:
            word = "new" if before == [_NONE] else "gone" if after == [_NONE] else "changed"
            old, new = (", ".join(map(_line, side)) for side in (before, after))
            yield Change(
                ChangeKind.METADATA,
                f"{label} {word}",
                f"{old} → {new}" if old != new else f"still begins {old}",
            )


def _several(now: Sequence[Values], last: Sequence[Values]) -> Iterator[Change]:
    for field, label in _MANY.items():
        if not _kept([*now, *last], field):
            continue
        before, after = _set(last, field), _set(now, field)
        for text in sorted(after - before):
            yield Change(ChangeKind.METADATA, f"New {label}", text)
        for text in sorted(before - after):
            yield Change(ChangeKind.METADATA, f"{label[0].upper()}{label[1:]} gone", text)


def _description(now: Sequence[Values], last: Sequence[Values]) -> Iterator[Change]:
    if not _kept([*now, *last], "description_sha256"):
        return
    before, after = _values(last, "description_sha256"), _values(now, "description_sha256")
    if before != after:
        lines = " → ".join(
            " or ".join(sorted({str(row.get("description_lines", 0)) for row in rows}))
            for rows in (last, now)
        )
        yield Change(ChangeKind.METADATA, "Description changed", f"{lines} lines")


def _values(rows: Iterable[Values], field: str) -> list[str]:
    """Return the values of a field, spaces and ends of lines alike: builders end lines as their system does."""
    return sorted({" ".join(str(row.get(field) or _NONE).split()) for row in rows})


def _line(text: str) -> str:
    """Write a value in one short line: some are whole licences."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _set(rows: Iterable[Values], field: str) -> set[str]:
    found = set()
    for row in rows:
        values = row.get(field) or ()
        for value in values if isinstance(values, list | tuple) else ():
            found.add(": ".join(map(str, value)) if isinstance(value, list | tuple) else str(value))
    return found


def dependencies(now: Iterable[Values], last: Iterable[Values]) -> Iterator[Change]:
    """Yield requirements that are new, gone or changed: each that everybody gets, and one line for each extra."""
    before, after = _requirements(last), _requirements(now)
    extras: dict[str, list[str]] = {}
    for key in sorted({*before, *after}):
        old, new = before.get(key, set()), after.get(key, set())
        if old == new:
            continue
        if key.extra:
            extras.setdefault(key.extra, []).append(_shortly(old, new))
        elif not old:
            yield from (Change(ChangeKind.DEPENDENCIES, "New dependency", text) for text in sorted(new))
        elif not new:
            yield from (Change(ChangeKind.DEPENDENCIES, "Dependency gone", text) for text in sorted(old))
        else:
            detail = f"{', '.join(sorted(old))} → {', '.join(sorted(new))}"
            yield Change(ChangeKind.DEPENDENCIES, "Dependency changed", detail)
    for extra, texts in extras.items():
        yield Change(ChangeKind.DEPENDENCIES, f"Dependencies of the extra {extra}", ", ".join(texts))


class _Key(NamedTuple):
    extra: str
    name: str


def _shortly(old: set[str], new: set[str]) -> str:
    """Write what became of one dependency of an extra: ``+mypy>=1.11``, ``−zope``, ``sphinx>=7 → sphinx>=8``."""
    before, after = (", ".join(sorted(text.partition(";")[0] for text in side)) for side in (old, new))
    if not old or not new:
        return f"+{after}" if new else f"−{before}"
    return f"{before} → {after}" if before != after else f"{after} (other markers)"


def _requirements(rows: Iterable[Values]) -> dict[_Key, set[str]]:
    """Return what is required, spelled in one way, by extra and name; other markers belong to the requirement."""
    found: dict[_Key, set[str]] = {}
    for text in _set(rows, "requires_dist"):
        try:
            one = Requirement(text)
        except InvalidRequirement:
            found.setdefault(_Key("", text), set()).add(text)
            continue
        name, marker = canonicalize_name(one.name), str(one.marker or "")
        extra = marker.partition('extra == "')[2].partition('"')[0]
        one.name = name
        found.setdefault(_Key(extra, name), set()).add(str(one))
    return found
