"""One difference, as pages list it."""

from dataclasses import dataclass
from enum import StrEnum


class ChangeKind(StrEnum):
    """Which part of the release changed."""

    METADATA = "metadata"
    DEPENDENCIES = "dependencies"
    PLATFORMS = "platforms"
    FILES = "files"
    SIZE = "size"
    ENTRY_POINTS = "entry points"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: a sentence, and what it was before and is now."""

    kind: ChangeKind
    text: str
    detail: str = ""
