"""The acts of taking single files out of a draft again: by whom may, and by the credential that staged them."""

from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from drafts.intake import rules
from drafts.intake.rules import Stager
from drafts.models import Changed, Draft, File, FileState, Kind, jobs
from drafts.publishing import approvals


class Event(StrEnum):
    """What is on record of it."""

    DELETED = "file:deleted"


class NoSuchFile(Exception):
    """The draft has no such file; it may have been deleted a moment ago."""


@transaction.atomic
def delete_file(*, draft: Draft, filename: str, by: Actor, seen: str) -> None:
    """Take one file out of a draft as it was seen (``seen``: the SHA-256 that the page showed).

    Nothing was published, so the name stays free. Raises NotEditable, NoSuchFile, Changed.
    """
    draft = Draft.objects.lock(draft)
    draft.must_be_editable()
    file = draft.files.live().named(filename)
    if file is None:
        raise NoSuchFile(f"{filename} is not in the draft of {draft} any more")
    if file.sha256 != seen:
        raise Changed(f"{filename} was replaced after the page was shown: look at it again")
    _take_out(draft, file, by)


def _take_out(draft: Draft, file: File, by: Actor) -> None:
    file.cancel()
    draft.touch()
    jobs.enqueue(kind=Kind.PURGE, subject=file.subject, not_before=timezone.now() + rules.grace())
    voided = approvals.void(draft=draft)
    audit.record(Event.DELETED, on=draft, by=by, digest=file.sha256, filename=file.filename, **voided)


@transaction.atomic
def delete_own(*, file: File, by: Stager) -> None:
    """Take a file that a credential itself staged out of its draft; one that is out already stays out.

    Raises Refused (403) for a file of others and for tokens that may only add, NotEditable.
    """
    draft = Draft.objects.lock(file.draft)
    file = File.objects.select_for_update().get(pk=file.pk)
    assert by.token is not None
    rules.may_replace(draft, file, by.token, act="delete")
    if file.state == FileState.CANCELED:
        return
    draft.must_be_editable()
    _take_out(draft, file, by.actor)
