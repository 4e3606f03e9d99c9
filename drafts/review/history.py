"""A draft's history: its events in words, and what changed since a person saw it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from accounts.models import AuditEvent
from drafts.models import Draft, Provenance
from drafts.publishing.since import differences
from drafts.review.rows import EventRow

__all__ = ["differences", "timeline"]

_SHOWN = 200
WORDS = {
    "draft:opened": "opened the draft",
    "file:staged": "staged a file",
    "file:replaced": "replaced a file",
    "file:deleted": "deleted a file from the draft",
    "draft:canceled": "canceled the draft",
    "draft:expired": "let the draft expire",
    "draft:extended": "extended the draft",
    "draft:purged": "deleted the bytes of what was not published",
    "file:purged": "deleted the bytes of a file that was taken out",
    "upload:announced": "announced a file",
    "upload:canceled": "took an upload back",
    "upload:abandoned": "took the name of an upload that was abandoned or failed",
    "upload:failed": "sent a file that could not be staged",
    "upload:purged": "deleted the bytes of an upload that came to nothing",
    "draft:complete-said": "called the draft complete",
    "draft:expectation-struck": "struck files that were waited for",
    "draft:decided": "decided, with a reason",
    "draft:decision-revoked": "took a decision back",
    "evidence:added": "added a log",
    "evidence:weighed": "saw which jobs made which files",
    "evidence:attestations-looked-for": "had attestations looked for",
    "evidence:attestations-checked": "verified attestations",
    "evidence:read-again": "read a log again, as this version reads logs",
    "evidence:set-aside": "set a log aside",
    "evidence:counted-again": "counted a log again",
    "file:put-back": "put CI’s copy back",
    "builder:invited": "invited a builder",
    "builder:expected": "changed how many files a builder sends",
    "builder:revoked": "revoked a builder’s invitation",
    "run:fetched": "fetched a CI run",
    "run:failed": "could not fetch a CI run",
    "file:refused": "found in a file what must not be published",
    "file:not-inspected": "could not inspect a file",
    "file:inspect-again": "had a file inspected again",
    "finding:accepted": "accepted a finding",
    "draft:scheduled": "scheduled publishing",
    "draft:schedule-withdrawn": "withdrew the schedule",
    "draft:schedule-canceled": "did not publish at the scheduled time",
    "draft:reminded": "reminded people that it expires soon",
    "draft:approved": "approved",
    "draft:changes-wanted": "wants changes",
    "draft:approval-withdrawn": "took back what they had said",
    "report:made": "reported how it went",
    "report:answered": "answered a tester’s report",
    "report:revoked": "took a tester’s report off the page",
    "draft:looked-into": "looked into the draft, as an operator",
    "draft:publishing": "pressed Publish",
    "draft:published": "published",
    "draft:publishing-failed": "could not publish",
    "order:stopped": "left the draft to its maintainers",
    "train:made": "made a train of drafts",
    "train:joined": "put the draft on a train",
    "train:left": "took the draft out of its train",
    "train:link-made": "made a link to the whole train",
    "train:link-revoked": "revoked a link to the whole train",
    "upstream:sent": "sent a file to the upstream index",
    "upstream:confirmed": "read a file’s digest back from the upstream index",
    "upstream:refused": "was refused by the upstream index",
    "upstream:ci-asked": "asked CI to publish",
    "upstream:stopped": "stopped at the upstream index",
    "upstream:done": "saw every file at the upstream index",
    "upstream:resumed": "resumed the upload to the upstream index",
    "upstream:left": "finished here without the rest of the upload",
    "draft:fetched-back": "fetched the published files back: as reviewed",
    "draft:public-bytes-differ": "found other bytes at public addresses than were reviewed",
    "draft:not-fetched-back": "could not fetch the published files back",
    "draft:receipt": "signed the receipt",
}


def events(draft: Draft) -> list[AuditEvent]:
    """Return the newest events of a draft, newest first."""
    return list(AuditEvent.objects.filter(on_kind="draft", on_id=str(draft.pk)).order_by("-seq")[:_SHOWN])


def timeline(rows: Sequence[AuditEvent], is_new: Callable[[AuditEvent], bool]) -> tuple[EventRow, ...]:
    """Return events as rows."""
    return tuple(_event(row, is_new=is_new(row)) for row in rows)


def _event(row: AuditEvent, *, is_new: bool) -> EventRow:
    details = row.details
    parts = [
        str(
            details.get("filename")
            or details.get("label")
            or details.get("reason")
            or details.get("note")
            or ""
        )
    ]
    if row.event in {"file:replaced", "file:put-back"}:
        parts.append(f"{details.get('before', '')[:12]} → {row.digest[:12]}")
    elif row.event in {"file:staged", "file:deleted"}:
        parts.append(row.digest[:12])
    if details.get("reason") and details.get("filename"):
        parts.append(f"“{details['reason']}”")
    if row.event.startswith("draft:publish"):
        parts += _how(details)
    if details.get("taken_from"):
        parts.append(str(Provenance.of(details["taken_from"])))
    return EventRow(
        row.at, row.actor_label, WORDS.get(row.event, row.event), " · ".join(filter(None, parts)), is_new
    )


def _how(details: Mapping[str, Any]) -> list[str]:
    """Say in which train, or at which time that a person chose before, a draft was published."""
    train, schedule = details.get("train"), details.get("schedule")
    return [
        f"in the train {train['label']}" if train else "",
        f"at the time that was chosen, {schedule['at'][:16].replace('T', ' ')} UTC" if schedule else "",
    ]
