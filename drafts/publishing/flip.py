"""The job behind the act: bring the bytes to their destination, hash them there, then show all of them in one transaction.

Every step may be run twice or die half-way. Readers see nothing until ``_flip`` commits and everything after it.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor, ActorKind
from drafts.evidence import verdicts
from drafts.index import pages
from drafts.models import BurntName, Draft, DraftState, File, Job, Kind, Project, Release, jobs
from drafts.publishing.publish import Event
from drafts.storage import Kept, NoSuchObject, StorageDown, storage

log = logging.getLogger(__name__)

_CHUNK = 1024 * 1024
_PATIENCE = 6  # unforeseen errors before the draft is handed back to its maintainers
_ATTEMPTS = 20  # workers that died at it before the same


class NotTheReviewedBytes(Exception):
    """What lies in storage is not what was reviewed: nothing is published, the text names the file."""


def work(job: Job) -> None:
    """Do a publish job: finish what was decided, or say in the draft why it cannot be."""
    draft = Draft.objects.select_related("project", "publishing_by").get(pk=job.subject_id)
    if draft.state != DraftState.PROCESSING:
        job.finish()
        return
    if job.attempt > _ATTEMPTS:
        _fail(
            draft,
            job,
            f"Publishing was begun {_ATTEMPTS} times, and its worker died each time: tell the operator.",
        )
        return
    try:
        _in_time(draft, job)
    except NotTheReviewedBytes as error:
        _fail(draft, job, str(error))
    except jobs.Fenced:
        raise
    except Exception as error:
        if job.failures + 1 < _PATIENCE:
            raise
        _fail(
            draft, job, f"Publishing failed {_PATIENCE} times; the last time: {type(error).__name__}: {error}"
        )


def _in_time(draft: Draft, job: Job) -> None:
    """Take the three steps, and tell the log how long they took."""
    began = time.monotonic()
    _promote(draft, job)
    _hash_again(draft, job)
    hashed = time.monotonic()
    _flip(draft, job)
    told = (hashed - began, time.monotonic() - hashed)
    log.info("a publish: copied and hashed in %.3f s, shown by a transaction of %.3f s", *told)


def _destinations(file: File) -> tuple[Kept, Kept]:
    """Say where a file and its METADATA will be served from once they are public."""
    public_id = str(file.public_id)
    return replace(file.kept, public_id=public_id), replace(file.kept_metadata, public_id=public_id)


def _promote(draft: Draft, job: Job) -> None:
    for file in draft.files.completed().order_by("filename"):
        for kept in _destinations(file):
            job.renew()
            with _in_words(file):
                storage().promote(kept)


def _hash_again(draft: Draft, job: Job) -> None:
    files = list(draft.files.completed().order_by("filename"))
    total, done = sum(file.size for file in files), 0
    job.renew(done=0, total=total)
    for file in files:
        done = _hash_file(file, done, lambda so_far: job.renew(done=so_far))
    if draft.fingerprint() != draft.publishing_fingerprint:
        raise NotTheReviewedBytes("The files are not those that were reviewed: nothing was published.")


def _hash_file(file: File, done: int, renew: Callable[[int], None]) -> int:
    """Hash one object, and METADATA beside it, where they will be served from; returns how many bytes of the draft are hashed now."""
    digest, size = hashlib.sha256(), 0
    kept, kept_metadata = _destinations(file)
    for chunk in _chunks(file, kept):
        digest.update(chunk)
        size += len(chunk)
        if size % (64 * _CHUNK) == 0:
            renew(done + size)
    if (digest.hexdigest(), size) != (file.sha256, file.size):
        raise _changed(file.filename, file.sha256)
    metadata = hashlib.sha256(b"".join(_chunks(file, kept_metadata))).hexdigest()
    if metadata != file.metadata_sha256:
        raise _changed(file.metadata_filename, file.metadata_sha256)
    renew(done + size)
    return done + size


@contextmanager
def _in_words(file: File) -> Iterator[None]:
    try:
        yield
    except NoSuchObject as error:
        raise NotTheReviewedBytes(
            f"{file.filename} is not whole in the storage any more ({error}): nothing was published. "
            "Delete it and upload it again, and tell the operator.",
        ) from error


def _chunks(file: File, kept: Kept) -> Iterator[bytes]:
    with _in_words(file), storage().open_public(kept) as stored:
        while chunk := stored.read(_CHUNK):
            yield chunk


def _changed(name: str, sha256: str) -> NotTheReviewedBytes:
    return NotTheReviewedBytes(
        f"{name} does not have the bytes that were reviewed (SHA-256 {sha256}): nothing was published. "
        "Delete the file and upload it again, and tell the operator: the storage changed it.",
    )


@transaction.atomic
def _flip(draft: Draft, job: Job) -> None:
    """Make every file public, burn the names, render the page, end draft and job: all or nothing."""
    draft = Draft.objects.lock(draft)
    job.finish()
    if draft.state != DraftState.PROCESSING:
        return
    now = timezone.now()
    project = draft.project
    release, _ = Release.objects.get_or_create(
        project=project,
        version_key=draft.version_key,
        defaults={"version": draft.version, "published_at": now},
    )
    files = list(draft.files.completed())
    for file in files:
        file.release, file.published_at = release, now
    File.objects.bulk_update(files, ["release", "published_at"], batch_size=100)
    BurntName.objects.filter(draft=draft).update(permanent=True)
    _count(project, now)
    pages.store(project)
    _end(draft, now)
    _record(draft, files)


def _count(project: Project, now: object) -> None:
    project.serial += 1
    if project.first_published_at is None:
        Project.objects.filter(pk=project.pk).update(first_published_at=now)
    project.save(update_fields=["serial"])


def _end(draft: Draft, now: object) -> None:
    by = draft.publishing_by
    Draft.objects.filter(pk=draft.pk).update(
        state=DraftState.PUBLISHED, ended_at=now, ended_by=str(by), error=""
    )
    draft.bump()
    jobs.enqueue(kind=Kind.PURGE, subject=draft.subject)


def _record(draft: Draft, files: list[File]) -> None:
    by = draft.publishing_by
    actor = Actor(ActorKind.PERSON, str(by.pk), str(by)) if by else Actor.system()
    compared = verdicts.comparison(draft)
    audit.record(
        Event.PUBLISHED,
        on=draft,
        by=actor,
        digest=draft.publishing_fingerprint,
        files={file.filename: file.sha256 for file in files},
        uploaders=sorted({file.staged_by for file in files}),
        evidence={name: str(verdict.verdict) for name, verdict in compared.files.items()},
        note=draft.publishing_note,
    )


def _fail(draft: Draft, job: Job, reason: str) -> None:
    """Hand the draft back, then delete the copies that nobody was told of; the sweep deletes what this leaves."""
    for public_id in _hand_back(draft, job, reason):
        try:
            storage().delete_public(public_id)
        except StorageDown:
            log.warning("copies of %s were not deleted: the sweep will", draft)
            return


@transaction.atomic
def _hand_back(draft: Draft, job: Job, reason: str) -> list[str]:
    """Make the draft editable again, release its names, say the reason in words; returns the ids of its copies."""
    draft = Draft.objects.lock(draft)
    job.give_up(reason)
    if draft.state != DraftState.PROCESSING:
        return []
    draft.state, draft.error = DraftState.ERROR, reason
    draft.save(update_fields=["state", "error"])
    draft.bump()
    BurntName.objects.filter(draft=draft, permanent=False).delete()
    audit.record(
        Event.FAILED, on=draft, by=Actor.system(), digest=draft.publishing_fingerprint, reason=reason
    )
    copied = draft.files.filter(release=None).exclude(public_id=None)
    public_ids = [str(file.public_id) for file in copied]
    copied.update(public_id=None)
    return public_ids
