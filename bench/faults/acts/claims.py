"""What a 2xx told a client, each checked against the rows when all is quiet."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from accounts.models import AuditEvent
from drafts import secrets
from drafts.models import DraftLink, EvidenceLog, File, FileState, Token, TrainLink


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
    """An event stands in the trail, not older than ``since``; where told, it speaks of ``label`` and has this digest."""

    event: str
    label: str
    since: datetime
    digest: str = ""

    def wrong(self) -> str:
        rows = AuditEvent.objects.filter(event=self.event, at__gte=self.since)
        if self.label:
            rows = rows.filter(on_label=self.label)
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
    options: tuple[str, ...] = ()

    def wrong(self) -> str:
        rows = AuditEvent.objects.filter(on_label=self.label, digest=self.fingerprint, at__gte=self.since)
        began = rows.filter(event="draft:publishing").order_by("pk").first()
        if began is None:
            return f"{self.label}: publishing was said to have begun, and there is no event"
        if "closes" in self.options and not began.details.get("closed"):
            return f"{self.label}: closing the release was chosen, and the event does not say so"
        if "yanked" in self.options and not began.details.get("yanked"):
            return f"{self.label}: yanking it first was chosen, and the event does not say so"
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
class TrainLinkIs:
    """A train's link is there, and it is or is not revoked."""

    token: str
    revoked: bool

    def wrong(self) -> str:
        row = TrainLink.objects.filter(handle=secrets.draft_token_handle(self.token) or "").first()
        if row is None:
            return "a train's link that was made is not there"
        if self.revoked and row.revoked_at is None:
            return f"{row} to a train: it was said to be revoked, and it is not"
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


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A publish at a time was decided: it was published, or canceled, withdrawn or failed, which an event says."""

    label: str
    fingerprint: str
    since: datetime

    def wrong(self) -> str:
        rows = AuditEvent.objects.filter(on_label=self.label, at__gte=self.since)
        if not rows.filter(event="draft:scheduled", digest=self.fingerprint).exists():
            return f"{self.label}: it was said to be scheduled, and there is no event"
        ended = ("published", "publishing-failed", "schedule-canceled", "schedule-withdrawn", "canceled")
        if rows.filter(event__in=[f"draft:{word}" for word in ended]).exists():
            return ""
        return f"{self.label}: it was scheduled, and its time passed without a word"


@dataclass(frozen=True, slots=True)
class TrainDecided:
    """A train's publish was decided: all of its drafts were published, or all were handed back with a reason."""

    train: int
    fingerprint: str
    since: datetime

    def wrong(self) -> str:
        rows = AuditEvent.objects.filter(on_kind="draft", at__gte=self.since)
        began = [
            row
            for row in rows.filter(event="draft:publishing")
            if row.details.get("train", {}).get("fingerprint") == self.fingerprint
        ]
        if not began or len(began) != began[0].details["train"]["drafts"]:
            return f"train {self.train}: publishing was said to have begun, and {len(began)} drafts have the event"
        ends = {_end_of(rows, row) for row in began}
        if ends in ({"draft:published"}, {"draft:publishing-failed"}):
            return ""
        return f"train {self.train}: its {len(began)} drafts ended in different ways: {sorted(ends)}"


def _end_of(rows: QuerySet[AuditEvent], began: AuditEvent) -> str:
    """Return how a publish of a draft ended, or nothing."""
    wanted = ("draft:published", "draft:publishing-failed")
    later = rows.filter(event__in=wanted, scope=began.scope, on_id=began.on_id, seq__gt=began.seq)
    return str(later.order_by("seq").values_list("event", flat=True).first() or "")


_DECIDED_BY_PEOPLE = (
    "draft:published",
    "draft:canceled",
    "draft:publishing",
    "draft:scheduled",
    "train:made",
)
_ON_DRAFT = ("order:stopped", "file:staged", "file:replaced", "file:deleted")


@dataclass(frozen=True, slots=True)
class Followed:
    """CI called a draft complete that an order may publish: it did, or something says why not."""

    label: str
    since: datetime

    def wrong(self) -> str:
        rows = AuditEvent.objects.filter(at__gte=self.since)
        said = rows.filter(on_label=self.label, event="draft:complete-said").order_by("seq").last()
        if said is None:
            return f"{self.label}: CI was told that its word is noted, and there is no event"
        later = rows.filter(scope=said.scope, seq__gt=said.seq)
        ended = later.filter(on_label=self.label, event__in=(*_DECIDED_BY_PEOPLE, *_ON_DRAFT))
        if ended.exists() or later.filter(event__in=("order:revoked", "order:void")).exists():
            return ""
        if not _an_order_stood(said):
            return ""
        return f"{self.label}: CI called it complete, an order stands, and nothing came of it"


def _an_order_stood(said: AuditEvent) -> bool:
    """Say whether the project had an order when CI said its word."""
    before = AuditEvent.objects.filter(scope=said.scope, seq__lt=said.seq, event__startswith="order:")
    last = before.exclude(event="order:stopped").order_by("seq").last()
    return last is not None and last.event == "order:given"


@dataclass(frozen=True, slots=True)
class NotFollowed:
    """No order decided to publish this draft, since something is not as an order takes it."""

    label: str
    since: datetime

    def wrong(self) -> str:
        rows = AuditEvent.objects.filter(event="draft:publishing", on_label=self.label, at__gte=self.since)
        if any("order" in row.details for row in rows):
            return f"{self.label}: a standing order published what it must leave to people"
        return ""
