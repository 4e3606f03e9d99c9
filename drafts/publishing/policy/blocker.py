"""Blockers: one reason each why a draft cannot be published now."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

_NAMED = 20  # names that one sentence holds


class Code(StrEnum):
    """Stable codes of blockers."""

    ENDED = "ended"
    NO_FILES = "no-files"
    FILE_NOT_READY = "file-not-ready"
    BUILDER_FILES = "builder-files"
    FILE_FAILED = "file-failed"
    EXPECTED_MISSING = "expected-missing"
    EVIDENCE_MISMATCH = "evidence-mismatch"
    EVIDENCE_CONFLICT = "evidence-conflict"
    NAME_PUBLISHED = "name-published"


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason, in one sentence, with who can clear it (``you``, ``CI``, ``maintainer``, ``the clock``)."""

    code: Code
    title: str
    detail: str
    owner: str
    filename: str | None = None
    staged_digest: str = ""
    logged_digest: str = ""

    @property
    def sentence(self) -> str:
        return f"{self.title}: {self.detail}"


def listed(names: Sequence[str]) -> str:
    """Write names in a sentence; of many, the first and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
