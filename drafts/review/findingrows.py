"""What the findings section shows, as plain values."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Accepted:
    """Who accepted a finding, why, and where that is taken back."""

    by: str
    reason: str
    at: datetime
    everywhere: bool
    pattern: str
    revoke_url: str


@dataclass(frozen=True, slots=True)
class Place:
    """One place that a finding is about."""

    filename: str
    text: str
    url: str
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """All findings of one code that are accepted alike."""

    code: str
    title: str
    severity: str
    files: int
    total: int
    new: int
    places: tuple[Place, ...]
    more: int
    pattern: str
    accepted: Accepted | None = None

    @property
    def count(self) -> int:
        """Return how many places there are, shown or not."""
        return len(self.places) + self.more

    @property
    def is_new(self) -> bool:
        return self.new > 0 and self.accepted is None


@dataclass(frozen=True, slots=True)
class FindingsSection:
    """What inspections found in a draft. ``accept_url`` is empty for those who may not accept."""

    summary: str
    lines: tuple[Line, ...] = ()
    accept_url: str = ""
    remembered_url: str = ""
    inspected: int = 0
    total: int = 0
    new: int = 0
    accepted: int = 0
