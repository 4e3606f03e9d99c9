"""What the file page shows, as plain values."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from drafts.review.findingrows import FindingsSection


@dataclass(frozen=True, slots=True)
class Tab:
    """One way to look at a file."""

    label: str
    url: str
    is_current: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One field of the metadata, with one or several values."""

    label: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One folder or file inside the archive; ``files`` counts what lies in a folder."""

    name: str
    url: str
    size: int
    is_folder: bool = False
    files: int = 0
    sha256: str = ""
    mode: str = ""
    findings: int = 0


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder's entries, or what a search found; ``crumbs`` are the folders above it."""

    crumbs: tuple[tuple[str, str], ...]
    entries: tuple[Entry, ...]
    shown: int
    total: int
    find: str = ""
    more_url: str = ""


@dataclass(frozen=True, slots=True)
class CodeLine:
    """One line of a member; ``left_out`` characters at its end are not shown."""

    number: int
    text: str
    left_out: int = 0
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Viewer:
    """One member: its lines, or in words why none are shown."""

    path: str
    crumbs: tuple[tuple[str, str], ...]
    size: int
    sha256: str
    lines: tuple[CodeLine, ...] = ()
    said: str = ""
    findings: tuple[str, ...] = ()
    earlier_url: str = ""
    later_url: str = ""
    lines_total: int = 0

    @property
    def name(self) -> str:
        """Return the last part of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Statement:
    """One attestation that came with the file, as its statement says; nobody verified it here."""

    kind: str
    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """What the file says of itself and others say of it."""

    facts: tuple[Fact, ...]
    description: SafeString
    renders: bool
    evidence: str
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class FilePage:
    """Everything the file page shows: one of overview, folder and viewer."""

    project: str
    version: str
    state: str
    draft_url: str
    filename: str
    kind: str
    tags: str
    size: int
    sha256: str
    blake2b_256: str
    staged_by: str
    staged_at: datetime
    download_url: str
    refused: bool
    tabs: tuple[Tab, ...]
    findings: FindingsSection
    inspected: str
    failed: str = ""
    again_url: str = ""
    overview: Overview | None = None
    folder: Folder | None = None
    viewer: Viewer | None = None
