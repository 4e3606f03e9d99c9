"""The job behind the act: bring the bytes to their destination, hash them there, then show all of them in one transaction.

Every step may be run twice or die half-way. Readers see nothing until ``_flip`` commits and everything after it.
"""

import logging
import time

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor, ActorKind
from drafts.evidence import verdicts, waiting
from drafts.index import pages
from drafts.models import BurntName, Draft, DraftState, File, Job, Kind, Project, Release, jobs
from drafts.publishing import promotion
from drafts.publishing.promotion import NotTheReviewedBytes
from drafts.publishing.publish import Event
from drafts.storage import StorageDown, storage

log = logging.getLogger(__name__)

_PATIENCE = 6  # unforeseen errors before the draft is handed back to its maintainers
_ATTEMPTS = 20  # workers that died at it before the same


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
    files = list(draft.files.completed().defer("core_metadata").order_by("filename"))
    promotion.promote(files, job)
    promotion.hash_again(files, job)
    if draft.fingerprint() != draft.publishing_fingerprint:
        raise NotTheReviewedBytes("The files are not those that were reviewed: nothing was published.")
    hashed = time.monotonic()
    _flip(draft, job)
    told = (hashed - began, time.monotonic() - hashed)
    log.info("a publish: copied and hashed in %.3f s, shown by a transaction of %.3f s", *told)


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
    files = list(draft.files.completed().defer("core_metadata"))
    draft.files.completed().update(release=release, published_at=now)
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
    jobs.enqueue(kind=Kind.RECEIPT, subject=draft.subject)


def _record(draft: Draft, files: list[File]) -> None:
    by = draft.publishing_by
    actor = Actor(ActorKind.PERSON, str(by.pk), str(by)) if by else Actor.system()
    audit.record(
        Event.PUBLISHED,
        on=draft,
        by=actor,
        digest=draft.publishing_fingerprint,
        files={file.filename: file.sha256 for file in files},
        uploaders=sorted({file.staged_by for file in files}),
        evidence=verdicts.summary(draft),
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
    waiting.join(draft=draft)  # what came while nothing could be added
    audit.record(
        Event.FAILED, on=draft, by=Actor.system(), digest=draft.publishing_fingerprint, reason=reason
    )
    copied = draft.files.filter(release=None).exclude(public_id=None)
    public_ids = [str(file.public_id) for file in copied]
    copied.update(public_id=None)
    return public_ids
