"""Files that are still on their way by the Upload 2.0 API, as other acts meet them: in the way, abandoned, taken back."""

from datetime import timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from drafts.dist import FileName
from drafts.intake.rules import Refused
from drafts.models import Draft, FileState, Kind, UploadSession, jobs


class Event(StrEnum):
    """What can happen to a file before it is in a draft; what became of it is an event of the file."""

    ANNOUNCED = "upload:announced"
    CANCELED = "upload:canceled"
    ABANDONED = "upload:abandoned"
    FAILED = "upload:failed"


class Busy(Exception):
    """The upload is being looked at right now: it cannot be taken back."""


def make_way(
    *,
    draft: Draft,
    name: FileName,
    by: Actor,
    completing: UploadSession | None = None,
    failed_too: bool = True,
) -> None:
    """Let a file take the name of uploads that were abandoned or, with ``failed_too``, that failed.

    Part of an act that locked the draft. Raises Refused (409) for an upload that a minute of silence has not ended.
    """
    same = draft.arriving.in_the_way().filter(Q(filename=name.filename) | Q(identity=name.identity))
    if completing is not None:
        same = same.exclude(pk=completing.pk)
    for upload in same.select_for_update(of=("self",)):
        if upload.state == FileState.ERROR and not failed_too:
            raise Refused(
                409,
                "upload-failed",
                f"The last upload of '{upload.filename}' failed, and that is final: delete it, then announce it again.",
            )
        if upload.state != FileState.ERROR and not _is_silent(upload):
            raise Refused(
                409,
                "upload-in-progress",
                f"'{upload.filename}' is being uploaded to this draft right now, through the Upload 2.0 API: try again in "
                "a minute. A minute of silence abandons it.",
            )
        was = str(upload.state)
        _end(upload)
        audit.record(Event.ABANDONED, on=draft, by=by, filename=upload.filename, was=was)


def _is_silent(upload: UploadSession) -> bool:
    """Say whether nothing was heard of it for so long that it counts as abandoned; what is being looked at never is."""
    silence = timezone.now() - upload.last_activity
    return upload.state == FileState.PENDING and silence >= timedelta(seconds=settings.UPLOAD_SILENCE_SECONDS)


def cancel_all(*, draft: Draft) -> None:
    """End every upload of a draft that ends. Part of an act that locked the draft and records it."""
    for upload in draft.arriving.in_the_way().select_for_update(of=("self",)):
        _end(upload)


@transaction.atomic
def cancel(*, upload: UploadSession, by: Actor) -> None:
    """Take back an upload that is pending or failed: its name is free, its bytes go. One that is canceled stays so.

    Raises NotEditable, Busy.
    """
    draft = Draft.objects.lock(upload.draft)
    upload = UploadSession.objects.lock(upload)
    if upload.state == FileState.CANCELED:
        return
    draft.must_be_editable()
    if upload.state not in {FileState.PENDING, FileState.ERROR}:
        raise Busy(f"{upload.filename} is {upload.state}")
    _end(upload)
    draft.bump()
    audit.record(Event.CANCELED, on=draft, by=by, filename=upload.filename)


def _end(upload: UploadSession) -> None:
    upload.end(FileState.CANCELED)
    jobs.enqueue(kind=Kind.PURGE, subject=upload.subject)
