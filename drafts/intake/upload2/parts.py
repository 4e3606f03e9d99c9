"""The acts on an upload's bytes: they take the place of what was there, or follow it. Each is short; bytes came before."""

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.db import transaction
from django.utils import timezone

from drafts.intake.arrival import Upload
from drafts.intake.problems import Problem
from drafts.models import Draft, FileState, NotEditable, UploadPart, UploadSession
from drafts.storage import StorageDown, storage

_BEAT_SECONDS = 10.0


class WrongOffset(Exception):
    """A part does not begin where the bytes end: ``offset`` says where that is."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"the bytes received so far end at {offset}")
        self.offset = offset


def replace(*, upload: UploadSession, arriving: Upload) -> None:
    """Let a whole file, whose bytes are durable, be what was received. Raises Problem when it is too late."""
    digests = arriving.digests.all()
    with transaction.atomic():
        draft, upload = locked(upload)
        old = list(upload.parts.values_list("object_id", flat=True)) if upload.received else []
        if old:
            upload.parts.all().delete()
        UploadPart.objects.create(
            upload=upload,
            object_id=arriving.object_id,
            stored_as=arriving.filename,
            offset=0,
            size=arriving.size,
            sha256=digests["sha256"],
        )
        upload.received, upload.digests, upload.last_activity = arriving.size, digests, timezone.now()
        upload.save(update_fields=["received", "digests", "last_activity"])
        draft.bump()
    discard(old)


def append(*, upload: UploadSession, offset: int, part: UploadPart) -> int:
    """Let a part, whose bytes are durable, follow what was received; returns where the bytes end now.

    Raises WrongOffset, Problem when it is too late.
    """
    with transaction.atomic():
        draft, upload = locked(upload)
        if offset != upload.received:
            raise WrongOffset(upload.received)
        part.upload, part.offset = upload, offset
        part.save(force_insert=True)
        upload.received, upload.last_activity = offset + part.size, timezone.now()
        upload.save(update_fields=["received", "last_activity"])
        draft.bump()
    return upload.received


@transaction.atomic
def attest(*, upload: UploadSession, attestations: Sequence[dict[str, Any]]) -> None:
    """Keep the attestations that will go with the file. Raises Problem when it is too late."""
    _, upload = locked(upload)
    upload.attestations, upload.last_activity = list(attestations), timezone.now()
    upload.save(update_fields=["attestations", "last_activity"])


def locked(upload: UploadSession) -> tuple[Draft, UploadSession]:
    """Lock draft and upload, which must be pending. Raises Problem (409, and 404 once it is canceled)."""
    draft = Draft.objects.lock(upload.draft)
    upload = UploadSession.objects.lock(upload)
    must_be_pending(upload)
    try:
        draft.must_be_editable()
    except NotEditable as error:
        raise Problem.one(409, "Not now", "not-editable", f"{error}.", Retry_After="60") from error
    return draft, upload


def must_be_pending(upload: UploadSession) -> None:
    """Raise Problem unless an upload takes bytes: 404 when it is canceled, else 409."""
    if upload.status == FileState.CANCELED:
        raise Problem.one(404, "Not found", "not-found", f"The upload of '{upload.filename}' was canceled.")
    if upload.state != FileState.PENDING:
        raise Problem.one(
            409,
            "Too late",
            "not-pending",
            f"The upload of '{upload.filename}' {_OVER[upload.status]}{upload.error}".rstrip(),
        )


_OVER: dict[str, str] = {
    FileState.PROCESSING: "is being looked at and takes nothing more: ask its address until that ends.",
    FileState.COMPLETED: "is complete and takes nothing more. To replace the file, announce it again.",
    FileState.ERROR: "failed, which is final: delete it, then announce the file again. What was wrong: ",
}


def discard(object_ids: list[str]) -> None:
    """Delete bytes that no row speaks of any more; the orphans' sweep takes what a store that is down keeps."""
    with suppress(StorageDown):
        for object_id in object_ids:
            storage().delete(object_id)


class Pulse:
    """Says from time to time that an upload's bytes still come, and hears when nobody wants them any more."""

    def __init__(self, upload: UploadSession) -> None:
        self._upload, self._next = upload, time.monotonic() + _BEAT_SECONDS  # it was heard of a moment ago

    def beat(self) -> None:
        """Mark the upload, once in ten seconds (not an act: a mark). Raises Problem when it is pending no more."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _BEAT_SECONDS
        rows = UploadSession.objects.filter(pk=self._upload.pk, state=FileState.PENDING)
        if rows.update(last_activity=timezone.now()) == 0:
            must_be_pending(UploadSession.objects.get(pk=self._upload.pk))
