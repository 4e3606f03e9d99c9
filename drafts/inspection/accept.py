"""The acts on findings: accept one, for a draft or for the project, revoke that, inspect a file again."""

from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from drafts.inspection.codes import Code, severity
from drafts.models import Draft, Inspection, InspectionState, Kind, Project, Remembered, Severity, jobs

MOST_REASON = 1000
MOST_PATTERN = 1024


class Event(StrEnum):
    """What can happen to findings."""

    ACCEPTED = "finding:accepted"
    REVOKED = "finding:acceptance-revoked"
    AGAIN = "file:inspect-again"


class NotAccepted(Exception):
    """The finding is not accepted: the text says why, and what to do."""


@transaction.atomic
def accept(
    *, draft: Draft, code: str, pattern: str, reason: str, everywhere: bool, user: User, by: Actor
) -> Remembered:
    """Accept findings of a code whose path fits a pattern, in this draft, or with ``everywhere`` in the project.

    Raises NotAccepted for what is refused, unknown, said without a reason, or accepted already; NotEditable.
    """
    draft = Draft.objects.lock(draft)
    draft.must_be_editable()
    grave, pattern, reason = _judged(code, pattern, reason)
    scope = {"project": draft.project, "draft": None if everywhere else draft}
    if Remembered.objects.filter(**scope, code=code, pattern=pattern, revoked_at=None).exists():
        raise NotAccepted("This is accepted already.")
    row = Remembered.objects.create(
        **scope, code=code, severity=grave, pattern=pattern, reason=reason, by=user
    )
    draft.bump()
    audit.record(
        Event.ACCEPTED,
        on=draft,
        by=by,
        label=f"{code} of {pattern}",
        everywhere=everywhere,
        note=reason[:300],
    )
    return row


def _judged(code: str, pattern: str, reason: str) -> tuple[Severity, str, str]:
    """Return severity, pattern and reason as they are kept. Raises NotAccepted."""
    if code not in set(Code):
        raise NotAccepted("There is no such finding.")
    grave = severity(Code(code))
    if grave == Severity.REFUSE:
        raise NotAccepted("What is refused cannot be accepted: build the file anew, or delete it.")
    pattern, reason = pattern.strip() or "*", reason.strip()
    if not reason:
        raise NotAccepted("Say why: the reason is shown wherever the finding is.")
    if len(pattern) > MOST_PATTERN or len(reason) > MOST_REASON:
        raise NotAccepted(f"A reason has at most {MOST_REASON} characters, a pattern {MOST_PATTERN}.")
    return grave, pattern, reason


@transaction.atomic
def revoke(*, project: Project, remembered: int, user: User, by: Actor) -> Remembered:
    """Revoke an acceptance: its findings count again. Raises NotAccepted when there is none, or none any more."""
    project = Project.objects.lock(project.pk)
    row = Remembered.objects.select_for_update().filter(pk=remembered, project=project).first()
    if row is None or row.revoked_at is not None:
        raise NotAccepted("This is not accepted any more.")
    row.revoked_at, row.revoked_by = timezone.now(), user
    row.save(update_fields=["revoked_at", "revoked_by"])
    for draft in project.drafts.live():
        draft.bump()
    audit.record(Event.REVOKED, on=project, by=by, label=f"{row.code} of {row.pattern}")
    return row


@transaction.atomic
def again(*, draft: Draft, filename: str, by: Actor) -> None:
    """Inspect a file again whose inspection failed. Raises NotAccepted when there is none, NotEditable."""
    draft = Draft.objects.lock(draft)
    draft.must_be_editable()
    file = draft.files.live().named(filename)
    failed = Inspection.objects.filter(file=file, state=InspectionState.FAILED)
    if file is None or not failed.exists():
        raise NotAccepted(f"{filename} needs no other inspection.")
    failed.delete()
    jobs.enqueue(kind=Kind.INSPECT, subject=file.subject)
    draft.bump()
    audit.record(Event.AGAIN, on=draft, by=by, digest=file.sha256, filename=filename)
