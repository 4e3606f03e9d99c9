"""What changed in a draft between what a person saw and what is: read from its rows, which are never rewritten."""

from collections.abc import Mapping

from accounts.models import AuditEvent
from drafts.models import Draft, File, Provenance
from drafts.review.rows import Difference, EventRow

_SHOWN = 200
_WORDS = {
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
    "draft:publishing": "pressed Publish",
    "draft:published": "published",
    "draft:publishing-failed": "could not publish",
}


def differences(draft: Draft, seen: str) -> tuple[Difference, ...] | None:
    """Return what changed since the draft had the fingerprint ``seen``; None when it never had it."""
    every = list(draft.files.all())
    moments = sorted(
        {file.staged_at for file in every} | {file.ended_at for file in every if file.ended_at}, reverse=True
    )
    now = {file.filename: file for file in every if file.ended_at is None}
    for moment in moments:
        then = {
            f.filename: f
            for f in every
            if f.staged_at <= moment and (f.ended_at is None or f.ended_at > moment)
        }
        if draft.fingerprint_of(then.values()) == seen:
            return _difference(then, now)
    if draft.fingerprint_of([]) == seen:
        return _difference({}, now)
    return None


def _difference(then: Mapping[str, File], now: Mapping[str, File]) -> tuple[Difference, ...]:
    found = []
    for name in sorted({*then, *now}):
        before, after = then.get(name), now.get(name)
        if before is None and after is not None:
            found.append(Difference("added", name, "", after.sha256))
        elif before is not None and after is None:
            found.append(Difference("removed", name, before.sha256, ""))
        elif before is not None and after is not None and _differ(before, after):
            found.append(Difference("replaced", name, before.sha256, after.sha256))
    return tuple(found)


def _differ(before: File, after: File) -> bool:
    return (before.sha256, before.attestations_sha256) != (after.sha256, after.attestations_sha256)


def timeline(draft: Draft) -> tuple[EventRow, ...]:
    """Return the newest events of a draft, newest first."""
    rows = AuditEvent.objects.filter(on_kind="draft", on_id=str(draft.pk)).order_by("-seq")[:_SHOWN]
    return tuple(_event(row) for row in rows)


def _event(row: AuditEvent) -> EventRow:
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
    if details.get("taken_from"):
        parts.append(str(Provenance.of(details["taken_from"])))
    return EventRow(
        row.at, row.actor_label, _WORDS.get(row.event, row.event), " · ".join(filter(None, parts))
    )
