"""Events of the record as lines of a page: who, what in words, on what, and the details one by one."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from accounts.models import AuditEvent
from drafts.review.history import WORDS

_LONGEST = 300  # characters of one detail
_MOST = 40  # details of one event
# What stands before the colon of an event, and how people call it.
KINDS = (
    ("draft:", "drafts"),
    ("file:", "files"),
    ("upload:", "uploads"),
    ("evidence:", "evidence"),
    ("finding:", "findings"),
    ("run:", "CI runs"),
    ("builder:", "builders"),
    ("link:", "draft links"),
    ("token:", "tokens"),
    ("publisher:", "trusted publishers"),
    ("release:", "releases"),
    ("project:", "projects"),
    ("person:", "people"),
    ("factor:", "second factors"),
    ("session:", "sign-ins"),
    ("recovery:", "recoveries"),
    ("server:", "the server"),
    ("audit:", "the record"),
)

# Events that no draft's timeline shows, in words.
_ALSO = {
    "draft:receipt": "signed the receipt",
    "link:made": "made a draft link",
    "link:revoked": "revoked a draft link",
    "token:made": "made a token",
    "token:revoked": "revoked a token",
    "release:yanked": "yanked files",
    "release:unyanked": "took a yank back",
    "release:deleted": "deleted published files",
    "release:quarantined": "put the release into quarantine",
    "release:quarantine-lifted": "lifted the release’s quarantine",
    "project:created": "made the project",
    "project:quota-changed": "changed the quota",
    "project:sandbox-ended": "ended the sandbox and freed its name",
    "project:policy-changed": "changed the settings",
    "project:status-changed": "changed the project’s status",
    "project:quarantined": "put the project into quarantine",
    "project:quarantine-lifted": "lifted the project’s quarantine",
    "server:read-only": "made the server read-only",
    "server:writable": "let the server take changes again",
    "person:added": "added a person",
    "person:signed-in": "signed in",
    "audit:exported": "exported the record",
    "audit:checkpoint": "signed the heads of all chains",
    "receipt-key:made": "made a key that signs receipts",
    "receipt-key:revoked": "revoked a key that signs receipts",
}


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event. ``who_url`` and ``on_url`` lead to all events by the same, on the same."""

    seq: int
    scope: str
    at: datetime
    who: str
    who_kind: str
    who_url: str
    text: str
    event: str
    on: str
    on_kind: str
    on_url: str
    details: tuple[tuple[str, str], ...]
    digest: str
    hash: str


def event_line(row: AuditEvent, url: str, *, has_scopes: bool) -> EventLine:
    """Return one event as a line; ``url`` is the page that filters."""
    return EventLine(
        seq=row.seq,
        scope=row.scope if has_scopes else "",
        at=row.at,
        who=row.actor_label or "nobody",
        who_kind=row.actor_kind,
        who_url=f"{url}?{urlencode({'who': f'{row.actor_kind}:{row.actor_id}'})}",
        text=WORDS.get(row.event) or _ALSO.get(row.event, ""),
        event=row.event,
        on=row.on_label,
        on_kind=row.on_kind,
        on_url=f"{url}?{urlencode({'on': f'{row.on_kind}:{row.on_id}'})}" if row.on_id.isdecimal() else "",
        details=_details(row.details),
        digest=row.digest,
        hash=row.hash,
    )


def _details(details: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    found = [(name.replace("_", " "), _spelled(value)) for name, value in details.items()]
    shown = [(name, text) for name, text in found if text]
    more = len(shown) - _MOST
    return (*shown[:_MOST], *([("and", f"{more} more")] if more > 0 else []))


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        text = ", ".join(value)
    else:
        text = (
            value
            if isinstance(value, str)
            else json.dumps(value, ensure_ascii=False)
            if value is not None
            else ""
        )
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text)} characters)"
