"""What the pages show, as plain values: made by the page builders, read by the templates."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from drafts.publishing.policy import Blocker
from drafts.publishing.since import Difference
from drafts.review.evidencerows import EvidenceSection
from drafts.review.fileevidence import FileEvidence

if TYPE_CHECKING:
    from drafts.review.approvalrows import ApprovalsSection
    from drafts.review.changes import ChangesSection
    from drafts.review.scheduled import ScheduleSection
    from drafts.review.testerrows import TestersSection
    from drafts.review.trainrows import TrainSection
    from drafts.review.upstream import UpstreamSection
from drafts.review.attestedrows import AttestedRow
from drafts.review.findingrows import FindingsSection
from drafts.review.lookingrows import Looking


class Level(StrEnum):
    """How loud a verdict is."""

    STOP = "stop"
    WAIT = "wait"
    YOU = "you"
    READY = "ready"
    BUSY = "busy"
    DONE = "done"
    QUIET = "quiet"


class Mark(StrEnum):
    """The sign before a line of the publish panel."""

    OK = "ok"
    BAD = "bad"
    WAIT = "wait"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The one sentence at the top of a draft, and a quieter second one."""

    level: Level
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the publish panel; ``at``: the numbers of the blockers that it speaks of, ``url``: where more is."""

    mark: Mark
    text: str
    owner: str = ""
    at: tuple[int, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True)
class Button:
    """The publish button: it names what is left."""

    text: str
    enabled: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A superseded upload."""

    sha256: str
    size: int
    uploaded_by: str
    uploaded_at: datetime


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file of a draft."""

    filename: str
    filetype: str
    tags: str
    size: int
    delta: str
    sha256: str
    blake2b_256: str
    evidence: FileEvidence
    uploaded_by: str
    uploaded_at: datetime
    previous: tuple[Earlier, ...]
    download_url: str
    delete_url: str
    replace_url: str
    taken_from: str = ""
    taken_from_short: str = ""
    identified_as: str = ""
    identified_url: str = ""
    run_url: str = ""
    attestations: tuple[AttestedRow, ...] = ()

    @property
    def replaced(self) -> int:
        return len(self.previous)


@dataclass(frozen=True, slots=True)
class ArrivingRow:
    """One upload that is on its way to a draft, or failed."""

    filename: str
    state: str
    size: int
    text: str
    by: str
    at: datetime
    delete_url: str


@dataclass(frozen=True, slots=True)
class LinkRow:
    """One draft link."""

    label: str
    url: str
    by: str
    at: datetime
    expires_at: datetime
    uses: int
    last_used_at: datetime | None
    revoke_url: str
    revoked_at: datetime | None
    with_others: bool = False


@dataclass(frozen=True, slots=True)
class BuilderRow:
    """One builder who was invited: what is waited for, in a sentence, and where that is changed."""

    name: str
    sentence: str
    missing: int
    expected: int | None
    arrived: int
    by: str
    at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    is_over: bool
    expect_url: str
    revoke_url: str


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event of the timeline."""

    at: datetime
    who: str
    text: str
    detail: str
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Can:
    """What this person may do with this draft now."""

    publish: bool = False
    upload: bool = False
    evidence: bool = False
    links: bool = False
    cancel: bool = False
    builders: bool = False
    set_aside: bool = False
    decide: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far publishing is, in bytes hashed again or in files that are upstream; ``by_ci``: it waits for CI to go on."""

    done: int
    total: int
    text: str
    level: Level = Level.BUSY
    by_ci: bool = False


@dataclass(frozen=True, slots=True)
class DraftPage:
    """Everything the draft page shows."""

    project: str
    version: str
    url: str
    state: str
    phase: int
    expires_at: datetime
    totals: str
    staged: str
    verdict: Verdict
    blockers: tuple[Blocker, ...]
    checks: tuple[Check, ...]
    button: Button
    fingerprint: str
    files: tuple[FileRow, ...]
    evidence: EvidenceSection
    changes: "ChangesSection"
    links: tuple[LinkRow, ...]
    activity: tuple[EventRow, ...]
    can: Can
    poll_url: str
    progress: Progress | None
    error_reason: str
    ended_text: str
    arriving: tuple[ArrivingRow, ...] = ()
    missing: tuple[str, ...] = ()
    complete_said: datetime | None = None
    complete_said_by: str = ""
    strike_url: str = ""
    upload_url: str = ""
    link_create_url: str = ""
    link_others: bool = False
    cancel_url: str = ""
    extend_url: str = ""
    builders: tuple[BuilderRow, ...] = ()
    invite_url: str = ""
    run_url: str = ""
    findings: FindingsSection | None = None
    receipt_url: str = ""
    release_url: str = ""
    looking: Looking | None = None
    schedule: "ScheduleSection | None" = None
    approvals: "ApprovalsSection | None" = None
    testers: "TestersSection | None" = None
    train: "TrainSection | None" = None
    upstream: "UpstreamSection | None" = None


@dataclass(frozen=True, slots=True)
class Confirm:
    """What the publish confirmation asks for."""

    fingerprint: str
    totals: str
    files: tuple[FileRow, ...] = ()
    code_needed: bool = True
    error: str = ""
    blockers: tuple[Blocker, ...] = ()
    changed: tuple[Difference, ...] = ()
