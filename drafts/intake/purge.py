"""Deleting bytes for good: discarded files and drafts a day later, ended uploads at once, never what readers of a release get."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from drafts.intake import rules
from drafts.models import (
    Draft,
    DraftState,
    EvidenceLog,
    File,
    FileState,
    Inspection,
    Job,
    UploadPart,
    UploadSession,
)
from drafts.models.uploads import UNDER_WAY
from drafts.storage import NoSuchObject, storage

log = logging.getLogger(__name__)


class Event(StrEnum):
    """What purging leaves on record."""

    PURGED = "draft:purged"
    FILE_PURGED = "file:purged"
    UPLOAD_PURGED = "upload:purged"


def work(job: Job) -> None:
    """Do a purge job: rows say so first, bytes go after, so that no row speaks of bytes that are gone."""
    acts = {"draft": _purge_draft, "file": _purge_file, "upload": _purge_upload}
    doomed = acts[job.subject.partition(":")[0]](job)
    for object_id in doomed.staged:
        storage().delete(object_id)
    for public_id in doomed.public:
        storage().delete_public(public_id)


@dataclass(frozen=True, slots=True)
class _Doomed:
    """Which bytes go: by the ids of objects, and by those of public copies."""

    staged: Sequence[str]
    public: Sequence[str] = ()


@transaction.atomic
def _purge_draft(job: Job) -> _Doomed:
    draft = Draft.objects.lock(Draft.objects.get(pk=job.subject_id))
    doomed: list[str] = []
    if not draft.is_live:
        files = draft.files.filter(release=None).with_bytes()
        doomed += files.values_list("object_id", flat=True)
        doomed += _inspections_of(list(files.values_list("pk", flat=True)))
        files.update(purged_at=timezone.now())
        draft.purged_at = timezone.now()
        draft.save(update_fields=["purged_at"])
    if draft.state == DraftState.CANCELED:  # a published draft keeps the logs it was judged by
        logs = EvidenceLog.objects.filter(draft=draft, purged_at=None)
        doomed += logs.values_list("object_id", flat=True)
        logs.update(purged_at=timezone.now())
    job.finish()
    audit.record(Event.PURGED, on=draft, by=Actor.system(), objects=len(doomed))
    return _Doomed(doomed)


@transaction.atomic
def _purge_file(job: Job) -> _Doomed:
    draft = Draft.objects.lock(Draft.objects.get(files=job.subject_id))
    doomed = draft.files.filter(pk=job.subject_id, state=FileState.CANCELED, release=None).with_bytes()
    object_ids = list(doomed.values_list("object_id", flat=True))
    object_ids += _inspections_of(list(doomed.values_list("pk", flat=True)))
    public_ids = [str(file.public_id) for file in doomed.exclude(public_id=None)]
    doomed.update(purged_at=timezone.now())
    job.finish()
    audit.record(Event.FILE_PURGED, on=draft, by=Actor.system(), objects=len(object_ids))
    return _Doomed(object_ids, public_ids)


def _inspections_of(file_ids: list[int]) -> list[str]:
    """Mark what inspections kept of these files as purged, and return the objects; the findings stay as a record."""
    rows = Inspection.objects.filter(file__in=file_ids, purged_at=None).exclude(object_id=None)
    object_ids = [str(object_id) for object_id in rows.values_list("object_id", flat=True)]
    rows.update(purged_at=timezone.now())
    return object_ids


@transaction.atomic
def _purge_upload(job: Job) -> _Doomed:
    upload = UploadSession.objects.get(pk=job.subject_id)
    draft = Draft.objects.lock(upload.draft)
    parts = UploadPart.objects.filter(upload=upload).exclude(upload__state__in=UNDER_WAY)
    object_ids = list(parts.values_list("object_id", flat=True))
    parts.delete()
    job.finish()
    audit.record(Event.UPLOAD_PURGED, on=draft, by=Actor.system(), objects=len(object_ids))
    return _Doomed(object_ids)


def orphans() -> int:
    """Delete objects older than a day that no row speaks of: uploads that died half-way. Returns how many."""
    before, deleted = timezone.now() - rules.grace(), 0
    for object_id, written in storage().objects():
        if written < before and not has_row(object_id):
            storage().delete(object_id)
            deleted += 1
    for public_id, written in storage().public_objects():
        if written < before and not has_public_row(public_id):
            storage().delete_public(public_id)
            deleted += 1
    return deleted


def staged_copies() -> int:
    """Delete, a day after publishing, what was staged and lies there as a public copy, too. Returns how many.

    By then nobody has an address of the staged copy any more. It stays where the public one is not whole.
    """
    if not storage().has_copies:
        return 0
    before, deleted = timezone.now() - rules.grace(), 0
    for object_id, _ in storage().objects():
        file = File.objects.published().filter(object_id=object_id, published_at__lt=before).first()
        if file is not None and _is_public(file):
            storage().delete(object_id)
            deleted += 1
    return deleted


def _is_public(file: File) -> bool:
    try:
        is_whole = storage().size(file.kept) == file.size and storage().size(file.kept_metadata) > 0
    except NoSuchObject:
        is_whole = False
    if not is_whole:
        log.error("the public copy of %s is not whole: the staged one stays; run verify_storage", file)
    return is_whole


def has_row(object_id: str) -> bool:
    """Say whether a row speaks of an object's bytes."""
    return (
        File.objects.filter(object_id=object_id, purged_at=None).exists()
        or EvidenceLog.objects.filter(object_id=object_id, purged_at=None).exists()
        or Inspection.objects.filter(object_id=object_id, purged_at=None).exists()
        or UploadPart.objects.filter(object_id=object_id).exists()
    )


def has_public_row(public_id: str) -> bool:
    """Say whether a row speaks of a public copy: of a file that is published, or about to be."""
    return File.objects.filter(public_id=public_id).exclude(state=FileState.CANCELED).exists()
