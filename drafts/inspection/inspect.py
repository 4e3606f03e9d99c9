"""The job that inspects a file: reads it to its end, lets every check look, keeps what it saw.

It may die and begin again at any moment: what it keeps lies under a new id until its last transaction speaks of it.
"""

import hashlib
import logging
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from drafts.dist import BadDistribution, parse_filename
from drafts.dist.metadata import parse_metadata
from drafts.inspection import checks, fenced, keeping, last, reading
from drafts.inspection.checks import CHECKS, Subject, installing
from drafts.inspection.codes import severity
from drafts.inspection.fenced import Described
from drafts.inspection.keeping import KeptSeen, Seen
from drafts.inspection.reading import Clock, Findings, TooLong
from drafts.models import Draft, File, Finding, Inspection, InspectionState, Job, Severity, jobs
from drafts.storage import NoSuchObject, StorageDown, opened, storage

log = logging.getLogger(__name__)

_PATIENCE = 4  # unforeseen errors before the file counts as one that cannot be inspected
_ATTEMPTS = 20  # workers that died at it before the same
_BEAT = 2.0  # seconds between two signs of life


class Event(StrEnum):
    """What inspecting leaves on record: only what changes what may happen to a file."""

    REFUSED = "file:refused"
    FAILED = "file:not-inspected"


class NotTheStagedBytes(Exception):
    """What the store gave is not what was staged: nothing that would be found in it says anything of the file."""


def work(job: Job) -> None:
    """Do one inspection; a file whose bytes are gone needs none."""
    file = File.objects.select_related("draft__project").get(pk=job.subject_id)
    if file.purged_at is not None:
        job.finish()
        return
    if job.attempt > _ATTEMPTS:
        _fail(job, file, f"It was begun {_ATTEMPTS} times, and its worker died each time.")
        return
    try:
        _inspect(job, file)
    except jobs.Fenced:
        raise
    except (BadDistribution, TooLong, NoSuchObject) as error:
        _fail(job, file, str(error))
    except Exception as error:
        if job.failures + 1 < _PATIENCE:
            raise
        _fail(job, file, f"It failed {_PATIENCE} times; the last time: {type(error).__name__}.")


def _inspect(job: Job, file: File) -> None:
    findings, beat = Findings(), _Beat(job)
    with _local(file) as stored:
        subject = _subject(file, stored, findings, beat)
        for check in CHECKS:
            findings.run(check, subject)
            beat()
        described = fenced.ask(subject, stored, findings, lambda digest: _known(file, digest), beat)
    kept = keeping.keep(Seen(subject.members, described.html, described.renders))
    row = _row(file, subject, described, kept)
    if not _settle(job, file, row, _rows(file, findings)):
        storage().delete(kept.object_id)


def _subject(file: File, stored: BinaryIO, findings: Findings, beat: "_Beat") -> Subject:
    name = parse_filename(file.filename)
    with opened(file.kept_metadata) as metadata:
        parsed = parse_metadata(metadata.read())
    clock = Clock(time.monotonic() + settings.INSPECTION_SECONDS, beat)
    read = reading.read(stored, name, findings, clock)
    return Subject(
        name=name,
        metadata=parsed,
        members=read.members,
        kept=read.kept,
        natives=read.natives,
        problems=read.problems,
        other_digests=reading.stronger_digests(stored, name, read.kept),
        before=last.before(file.draft),
        direct_urls=file.draft.project.direct_urls,
        form=file.form_fields,
    )


class _Beat:
    """Keeps the job's lease, at most every two seconds, and tells how many bytes were read."""

    def __init__(self, job: Job) -> None:
        self._job, self._next, self._done = job, time.monotonic() + _BEAT, 0

    def __call__(self, done: int | None = None) -> None:
        self._done = done or self._done
        if time.monotonic() >= self._next:
            self._job.renew(done=self._done)
            self._next = time.monotonic() + _BEAT


@contextmanager
def _local(file: File) -> Iterator[BinaryIO]:
    """Open a file's bytes where they can be read to and fro: from a bucket they are fetched once. Raises NotTheStagedBytes."""
    with opened(file.kept) as stored:
        if storage().local_path(file.object_id, file.filename) is not None:
            yield stored
            return
        with tempfile.TemporaryFile(dir=settings.DATA_DIR) as copy:
            digest = hashlib.sha256()
            while piece := stored.read(1024 * 1024):
                digest.update(piece)
                copy.write(piece)
            if digest.hexdigest() != file.sha256:
                raise NotTheStagedBytes(f"the store gave other bytes of {file.filename} than were staged")
            copy.seek(0)
            yield copy


def _known(file: File, digest: str) -> Described | None:
    """Return the description as an inspection of the same draft rendered it: most wheels of a release have one text."""
    done = Inspection.objects.filter(file__draft=file.draft_id, description_sha256=digest, purged_at=None)
    row = done.exclude(object_id=None).exclude(file=file).first()
    if row is None or row.object_id is None:
        return None
    try:
        seen = keeping.read(row.object_id, row.sha256)
    except (NoSuchObject, StorageDown):  # it is rendered once more
        return None
    return Described(digest, seen.description, seen.renders)


def _row(file: File, subject: Subject, described: Described, kept: KeptSeen) -> Inspection:
    return Inspection(
        file=file,
        state=InspectionState.DONE,
        checks=checks.EDITION,
        ended_at=timezone.now(),
        members=len(subject.members),
        inflated=sum(member.size for member in subject.members),
        natives=len(subject.natives),
        tops=sorted(installing.tops(subject)),
        description_sha256=described.digest,
        object_id=kept.object_id,
        sha256=kept.sha256,
        size=kept.size,
    )


def _rows(file: File, findings: Findings) -> list[Finding]:
    return [
        Finding(
            file=file,
            code=found.code,
            severity=severity(found.code),
            path=found.path,
            line=found.line,
            text=found.text,
            more=more,
        )
        for found, more in findings.all()
    ]


def _fail(job: Job, file: File, reason: str) -> None:
    row = Inspection(file=file, state=InspectionState.FAILED, checks=checks.EDITION, error=reason[:2000])
    _settle(job, file, row, [])


@transaction.atomic
def _settle(job: Job, file: File, row: Inspection, found: list[Finding]) -> bool:
    """Write what came of it and end the job; False when the bytes went meanwhile, and nothing is written."""
    draft = Draft.objects.lock(file.draft)
    job.finish()
    locked = File.objects.select_for_update().get(pk=file.pk)
    if locked.purged_at is not None:
        return False
    before = Inspection.objects.filter(file=file).first()
    Finding.objects.filter(file=file).delete()
    row.save(force_insert=before is None, force_update=before is not None)
    Finding.objects.bulk_create(found)
    locked.refused = any(one.severity == Severity.REFUSE for one in found)
    locked.save(update_fields=["refused"])
    draft.bump()
    _record(draft, locked, row, found)
    if before is not None and before.object_id:
        transaction.on_commit(lambda: storage().delete(str(before.object_id)), robust=True)
    return True


def _record(draft: Draft, file: File, row: Inspection, found: list[Finding]) -> None:
    told = {"filename": file.filename}
    if row.state == InspectionState.FAILED:
        audit.record(
            Event.FAILED, on=draft, by=Actor.system(), digest=file.sha256, **told, note=row.error[:300]
        )
    elif file.refused:
        codes = sorted({one.code for one in found if one.severity == Severity.REFUSE})
        audit.record(
            Event.REFUSED, on=draft, by=Actor.system(), digest=file.sha256, **told, note=", ".join(codes)
        )
