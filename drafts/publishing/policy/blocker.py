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
    EVIDENCE_MISSING = "evidence-missing"
    EVIDENCE_WEAK = "evidence-weak"
    NAME_PUBLISHED = "name-published"
    BEING_INSPECTED = "being-inspected"
    NOT_INSPECTED = "not-inspected"
    FINDING_REFUSED = "finding-refused"
    CREDENTIAL_LEAKED = "credential-leaked"
    STAGED_BY_LEAKED = "staged-by-leaked"
    NOT_AS_LAST_TIME = "not-as-last-time"
    PATTERN_MISSING = "pattern-missing"
    ENVIRONMENT_CHANGED = "environment-changed"
    SOURCES_DIFFER = "sources-differ"
    SOURCES_UNKNOWN = "sources-unknown"
    NEW_FILE = "new-file"
    RELEASE_CLOSED = "release-closed"
    APPROVALS_MISSING = "approvals-missing"
    CHANGES_WANTED = "changes-wanted"
    SOAK = "soak"
    REPORTS_UNANSWERED = "reports-unanswered"
    PROJECT_ARCHIVED = "project-archived"
    PROJECT_QUARANTINED = "project-quarantined"
    RELEASE_QUARANTINED = "release-quarantined"
    READ_ONLY = "read-only"
    IN_TRAIN = "in-train"
    TARGET_NOT_READY = "target-not-ready"
    TARGET_ATTESTATIONS = "target-attestations"


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason, in one sentence, with who can clear it (``you``, ``CI``, ``maintainer``, ``the clock``).

    ``subject`` says what it is about where that is no file; ``decision`` is the kind of decision that clears it, and
    ``what`` names exactly what such a decision covers.
    """

    code: Code
    title: str
    detail: str
    owner: str
    filename: str | None = None
    staged_digest: str = ""
    logged_digest: str = ""
    subject: str = ""
    decision: str = ""
    what: tuple[str, ...] = ()
    link: str = ""  # where it is cleared: links.py knows for each code

    @property
    def sentence(self) -> str:
        return f"{self.title}: {self.detail}"


def listed(names: Sequence[str]) -> str:
    """Write names in a sentence; of many, the first and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
