"""Late files: what a file is that came more than a day after the first file of its release."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from .errors import BadDistribution
from .names import FileType, parse_filename

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.tags import Tag

LATE = timedelta(days=1)


class LateKind(StrEnum):
    """Why files come late, as far as their names say."""

    FIRST_WHEELS = "first wheels"
    NEW_TARGET = "new platform or Python"
    REBUILD = "rebuild with build number"
    OTHER = "other"


def late_kind(filename: str, before: Iterable[str]) -> LateKind:
    """Say what a late file is, by its name and those that its release had before."""
    try:
        name = parse_filename(filename)
    except BadDistribution:
        return LateKind.OTHER
    if name.filetype is not FileType.WHEEL:
        return LateKind.OTHER
    there = [other for other in before if other.endswith(".whl")]
    if not there:
        return LateKind.FIRST_WHEELS
    if name.tags - _tags(there):
        return LateKind.NEW_TARGET
    return LateKind.REBUILD if name.build else LateKind.OTHER


def _tags(filenames: Iterable[str]) -> frozenset[Tag]:
    found: frozenset[Tag] = frozenset()
    for filename in filenames:
        try:
            found |= parse_filename(filename).tags
        except BadDistribution:
            continue
    return found
