"""Completing an upload: the act that closes it for bytes, and the job that looks at them and stages the file.

A small file's job is done in the request that completes it; the job table makes sure that it is done at all.
"""

import io
import logging
import time
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from packaging.version import Version

from accounts import audit
from drafts.dist import BadDistribution, Distribution, FileName, open_distribution, parse_filename
from drafts.intake import door, stage
from drafts.intake.arrival import Arrival, keep_metadata
from drafts.intake.arriving import Event
from drafts.intake.problems import Finding, Problem
from drafts.intake.rules import Refused, Stager
from drafts.intake.upload2 import mechanisms, parts
from drafts.intake.upload2.mechanisms.mechanism import NotWhole, Renew, Whole
from drafts.models import Draft, FileState, Job, Kind, NotEditable, UploadSession, jobs
from drafts.storage import NoSuchObject, storage

log = logging.getLogger(__name__)

_RENEW_SECONDS = 5.0
_BUFFER = 256 * 1024
_PATIENCE = 6  # unforeseen errors before the upload fails
_ATTEMPTS = 20  # workers that died at it before the same


def is_small(upload: UploadSession) -> bool:
    """Say whether an upload is looked at while its client waits."""
    return mechanisms.of(upload.mechanism).at_once and upload.size <= settings.UPLOAD_AT_ONCE


@transaction.atomic
def begin(*, upload: UploadSession, sending: dict[str, object]) -> Job:
    """Close an upload for bytes and write the job that looks at them. Raises Problem unless it is pending.

    A small upload's job waits for its caller: nobody is rung, and the sweep rings if the caller dies.
    """
    draft, upload = parts.locked(upload)
    upload.state, upload.sending, upload.last_activity = FileState.PROCESSING, sending, timezone.now()
    upload.save(update_fields=["state", "sending", "last_activity"])
    draft.bump()
    at_once = timezone.now() if is_small(upload) else None
    return jobs.enqueue(kind=Kind.COMPLETE, subject=upload.subject, not_before=at_once, is_new=True)


def work(job: Job) -> None:
    """Do a job that completes an upload: stage the file, or say in the upload why it cannot be."""
    rows = UploadSession.objects.select_related("draft__project", "staged_by_token")
    upload = rows.get(pk=job.subject_id)
    if upload.state != FileState.PROCESSING:
        job.finish()
        return
    if job.attempt > _ATTEMPTS:
        _fail(
            upload, job, _broken(f"looking at it was begun {_ATTEMPTS} times, and the worker died each time")
        )
        return
    try:
        renew = _Steady(job)
        with mechanisms.of(upload.mechanism).whole(upload, renew) as whole:
            _stage(upload, job, whole, renew)
    except jobs.Fenced:
        raise
    except Exception as error:
        problem = _problem(error)
        if problem is None and job.failures + 1 < _PATIENCE:
            raise
        if problem is None:
            log.exception("%s could not be completed", upload)
            problem = _broken(f"{type(error).__name__}, {_PATIENCE} times")
        _fail(upload, job, problem)


def _problem(error: Exception) -> Problem | None:
    """Return why an upload fails for good; None for what may go better another time."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, BadDistribution):
        return Problem.of(error)
    if isinstance(error, Refused | NotEditable):
        return door.problem(error)
    if isinstance(error, NotWhole):
        return Problem.one(400, "Not whole", "size-differs", str(error), source="size")
    if isinstance(error, NoSuchObject):
        return Problem.one(500, "Lost", "upload-broke", f"{error}. Announce the file again.")
    return None


def _broken(reason: str) -> Problem:
    message = f"The server could not look at the file ({reason}). Announce it again, and tell the operator."
    return Problem.one(500, "Something broke", "upload-broke", message)


class _Steady:
    """Renews a job's lease whenever it is called, at most once in five seconds. Raises Fenced."""

    def __init__(self, job: Job) -> None:
        self._job, self._next = job, time.monotonic() + _RENEW_SECONDS

    def __call__(self) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + _RENEW_SECONDS
            self._job.renew()


class _Renewing(io.RawIOBase):
    """A stored file whose reading renews the lease: an archive can take longer than that to look into."""

    def __init__(self, stored: BinaryIO, renew: Renew) -> None:
        super().__init__()
        self._stored, self._renew = stored, renew

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stored.seek(offset, whence)

    def tell(self) -> int:
        return self._stored.tell()

    def readinto(self, buffer: Any) -> int:
        self._renew()
        data = self._stored.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _stage(upload: UploadSession, job: Job, whole: Whole, renew: Renew) -> None:
    _must_be_as_announced(upload, whole)
    name = parse_filename(upload.filename)
    distribution = _look_inside(whole, name, renew)
    attestations = upload.attestations
    arrival = Arrival(
        name=name,
        object_id=whole.object_id,
        size=whole.size,
        sha256=whole.digests["sha256"],
        blake2b_256=whole.digests["blake2b_256"],
        attestations=tuple(attestations) if attestations else None,
    )
    doomed = _settle(upload, job, arrival, distribution)
    whole.kept = whole.object_id not in doomed
    parts.discard(doomed)


def _must_be_as_announced(upload: UploadSession, whole: Whole) -> None:
    """Raise Problem (400) with everything that differs from what was announced."""
    wrong = []
    if whole.size != upload.size:
        message = f"{whole.size} bytes arrived, and {upload.size} were announced."
        wrong.append(Finding("size", message, "size-differs"))
    for algorithm, digest in upload.hashes.items():
        if whole.digests[algorithm] != digest:
            message = f"The {algorithm} that was announced is {digest}, and the bytes that arrived have {whole.digests[algorithm]}."
            wrong.append(Finding("hashes", message, "digest-differs"))
    if wrong:
        raise Problem(400, "Not what was announced", tuple(wrong))


def _look_inside(whole: Whole, name: FileName, renew: Renew) -> Distribution:
    with storage().open(whole.object_id, name.filename) as stored:
        file = io.BufferedReader(_Renewing(stored, renew), _BUFFER)
        distribution = open_distribution(file, name.filename)
    keep_metadata(whole.object_id, distribution.metadata.raw)
    return distribution


@transaction.atomic
def _settle(upload: UploadSession, job: Job, arrival: Arrival, distribution: Distribution) -> list[str]:
    """Stage the file and end upload and job, all or nothing; returns the ids of objects that no row speaks of any more."""
    token, draft = upload.staged_by_token, Draft.objects.lock(upload.draft)
    upload = UploadSession.objects.lock(upload)
    job.finish()
    if upload.state != FileState.PROCESSING:
        return [arrival.object_id]
    received = list(upload.parts.values_list("object_id", flat=True))
    upload.parts.all().delete()
    by = Stager(actor=token.as_actor(), token=token)
    staged = stage.add_file(
        project=draft.project,
        version=Version(draft.version),
        arrival=arrival,
        distribution=distribution,
        by=by,
        completing=upload,
    )
    if staged.draft is None:
        raise Refused(409, "file-exists", f"'{upload.filename}' was published meanwhile, with these bytes.")
    if staged.did == stage.Did.UNCHANGED:
        draft.bump()
    return [one for one in {*received, arrival.object_id} if one != staged.file.object_id]


@transaction.atomic
def _fail(upload: UploadSession, job: Job, problem: Problem) -> None:
    """Say in the upload why it failed, which is final for it; its bytes go at once."""
    draft = Draft.objects.lock(upload.draft)
    upload = UploadSession.objects.lock(upload)
    errors = [
        {"source": finding.source, "message": finding.message, "code": finding.code}
        for finding in problem.errors
    ]
    job.give_up(" ".join(error["message"] for error in errors))
    if upload.state != FileState.PROCESSING:
        return
    upload.failure = {"status": problem.status, "errors": errors}
    upload.save(update_fields=["failure"])
    upload.end(FileState.ERROR)
    jobs.enqueue(kind=Kind.PURGE, subject=upload.subject)
    draft.bump()
    audit.record(
        Event.FAILED,
        on=draft,
        by=upload.staged_by_token.as_actor(),
        filename=upload.filename,
        reason=upload.error[:2000],
        codes=sorted({error["code"] for error in errors}),
    )


def failure(upload: UploadSession) -> Problem:
    """Return why an upload is in ``error``, as it is told to the client that completes it."""
    errors = [Finding(**error) for error in upload.failure["errors"]]
    return Problem(upload.failure["status"], "This upload failed", tuple(errors))
