"""What a page says to a person who returns to it, as plain values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Area(StrEnum):
    """The sections of a draft's page that can be marked as viewed."""

    FILES = "files"
    EVIDENCE = "evidence"
    FINDINGS = "findings"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class ViewedMark:
    """One section: ``state`` is ``viewed``, ``changed`` since it was, or empty; ``digest`` names what it shows now."""

    area: str
    digest: str
    state: str = ""


@dataclass(frozen=True, slots=True)
class Looking:
    """When the person was here before, what happened since by others, and what they marked as viewed."""

    since: datetime | None
    sentence: str
    url: str
    files: ViewedMark
    evidence: ViewedMark
    findings: ViewedMark
    changes: ViewedMark
