"""What maintainers accepted when a draft is published: decisions, struck names and findings, for the event and the receipt."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from accounts.models import AuditEvent
from drafts.inspection import release
from drafts.inspection.changes import befores
from drafts.inspection.standing import acceptance, place, remembered
from drafts.models import Decision, Draft, File, Finding, Remembered

STRUCK = "draft:expectation-struck"


def summary(draft: Draft, files: Sequence[File]) -> list[dict[str, Any]]:
    """Return what is published all the same, each with who, when and why, as plain values; the oldest first."""
    found = [*_decisions(draft), *_struck(draft), *_findings(draft, files)]
    return sorted(found, key=lambda one: (one["at"], one["kind"]))


def _decisions(draft: Draft) -> Iterator[dict[str, Any]]:
    for one in Decision.objects.standing().filter(draft=draft).select_related("by"):
        yield _told("decision", one.kind, one.what, one.reason, str(one.by), one.at)


def _struck(draft: Draft) -> Iterator[dict[str, Any]]:
    for event in AuditEvent.objects.filter(on_kind="draft", on_id=str(draft.pk), event=STRUCK):
        what = event.details.get("what", [])
        yield _told("struck", "expected", what, event.details.get("reason", ""), event.actor_label, event.at)


def _findings(draft: Draft, files: Sequence[File]) -> Iterator[dict[str, Any]]:
    """Yield what is remembered as accepted, where a finding of these files is accepted by it."""
    rows = remembered([draft])[draft.pk]
    used: dict[int, set[str]] = {}
    for code, where, more, filename in _found(draft, files) if rows else ():
        row = acceptance(rows, code, where, more=more)
        if row is not None:
            used.setdefault(row.pk, set()).add(filename)
    for row in rows:
        if row.pk in used:
            yield _of_finding(row, used[row.pk])


def _found(draft: Draft, files: Sequence[File]) -> Iterator[tuple[str, str, int, str]]:
    by_id = {file.pk: file for file in files}
    for row in Finding.objects.filter(file__in=by_id):
        file = by_id[row.file_id]
        yield row.code, place(row.path, file), row.more, file.filename
    for about in release.found(draft, files, befores([draft])[draft.pk].newest):
        for filename in about.filenames:
            yield str(about.code), "", 0, filename


def _of_finding(row: Remembered, filenames: set[str]) -> dict[str, Any]:
    told = _told("finding", row.code, sorted(filenames), row.reason, str(row.by), row.at)
    return {**told, "pattern": row.pattern, "everywhere": row.draft_id is None}


def _told(kind: str, code: str, what: Sequence[str], reason: str, by: str, at: datetime) -> dict[str, Any]:
    moment = at.astimezone(UTC).isoformat(timespec="seconds")
    return {"kind": kind, "code": str(code), "what": list(what), "reason": reason, "by": by, "at": moment}
