"""What a 2xx told a client, each checked against the rows when all is quiet."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import AuditEvent
from drafts import secrets
from drafts.models import DraftLink, EvidenceLog, File, FileState, Token


@dataclass(frozen=True, slots=True)
class Staged:
    """``filename`` with these bytes is in a draft of the project, or published."""

    project: str
    filename: str
    sha256: str

    def wrong(self) -> str:
        rows = File.objects.filter(
            draft__project__name=self.project, filename=self.filename, sha256=self.sha256
        )
        row = rows.order_by("-pk").first()
        if row is None:
            return f"{self.filename} ({self.sha256[:8]}) was said to be staged, and there is no row of it"
        if row.state == FileState.CANCELED and row.superseded_by_id is None and not self._was_deleted():
            return f"{self.filename} ({self.sha256[:8]}) was staged and left its draft without an event"
        return ""

    def _was_deleted(self) -> bool:
        return AuditEvent.objects.filter(event="file:deleted", digest=self.sha256).exists()


@dataclass(frozen=True, slots=True)
class Happened:
    """An event stands in the trail, not older than ``since``; it speaks of ``label`` and, where told, has this digest."""

    event: str
    label: str
    since: datetime
    digest: str = ""

    def wrong(self) -> str:
        rows = AuditEvent.objects.filter(event=self.event, on_label=self.label, at__gte=self.since)
        if self.digest:
            rows = rows.filter(digest=self.digest)
        return (
            "" if rows.exists() else f"{self.label}: a client was told of {self.event}, and there is no event"
        )


@dataclass(frozen=True, slots=True)
class Decided:
    """A publish was decided: it ended as published, or in an error with words."""

    label: str
    fingerprint: str
    since: datetime

    def wrong(self) -> str:
        rows = AuditEvent.objects.filter(on_label=self.label, digest=self.fingerprint, at__gte=self.since)
        if not rows.filter(event="draft:publishing").exists():
            return f"{self.label}: publishing was said to have begun, and there is no event"
        if rows.filter(event="draft:published").exists():
            return ""
        failed = rows.filter(event="draft:publishing-failed").order_by("-pk").first()
        if failed is None:
            return f"{self.label}: publishing began, and it neither ended nor failed"
        return "" if failed.details.get("reason") else f"{self.label}: publishing failed without a word"


@dataclass(frozen=True, slots=True)
class LinkIs:
    """A draft link is there, and it is or is not revoked."""

    token: str
    revoked: bool

    def wrong(self) -> str:
        row = DraftLink.objects.filter(handle=secrets.draft_token_handle(self.token) or "").first()
        if row is None:
            return "a link that was made is not there"
        if self.revoked and row.revoked_at is None:
            return f"{row}: it was said to be revoked, and it is not"
        return ""


@dataclass(frozen=True, slots=True)
class Revoked:
    """An upload token is revoked."""

    token: str

    def wrong(self) -> str:
        row = Token.objects.filter(token_sha256=secrets.token_digest(self.token)).first()
        if row is None or row.revoked_at is None:
            return "a token that was revoked is valid"
        return ""


@dataclass(frozen=True, slots=True)
class Logged:
    """A pasted log is kept."""

    label: str
    sha256: str

    def wrong(self) -> str:
        kept = EvidenceLog.objects.filter(sha256=self.sha256).exists()
        return "" if kept else f"{self.label}: a log was said to be kept, and there is no row of it"
