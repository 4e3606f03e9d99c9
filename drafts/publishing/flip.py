"""The job behind the act: bring the bytes to their destination, hash them there, then show all of them in one transaction.

Every step may be run twice or die half-way. Readers see nothing until ``_flip`` commits and everything after it.
"""

import logging
import time
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor, ActorKind
from drafts.evidence import verdicts, waiting
from drafts.evidence.attested import provenance
from drafts.index import pages
from drafts.models import BurntName, Draft, DraftState, File, Job, Kind, Project, Release, jobs
from drafts.publishing import (
    accepted,
    approvals,
    edge,
    how,
    late,
    news,
    options,
    promotion,
    schedule,
    standstill,
)
from drafts.publishing.orders.flip import must_stand
from drafts.publishing.promotion import NotTheReviewedBytes
from drafts.publishing.publish import Event
from drafts.publishing.targets import relay
from drafts.publishing.targets import rows as upstream
from drafts.storage import StorageDown, storage

log = logging.getLogger(__name__)

PATIENCE = 6  # unforeseen errors before the draft is handed back to its maintainers
ATTEMPTS = 20  # workers that died at it before the same


def work(job: Job) -> None:
    """Do a publish job: finish what was decided, or say in the draft why it cannot be."""
    draft = Draft.objects.select_related("project", "publishing_by").get(pk=job.subject_id)
    if draft.state != DraftState.PROCESSING and not relay.follows(draft):
        job.finish()
        return
    if standstill.put_off(job):
        return
    if job.attempt > ATTEMPTS:
        _fail(
            draft,
            job,
            f"Publishing was begun {ATTEMPTS} times, and its worker died each time: tell the operator.",
        )
        return
    try:
        _in_time(draft, job)
    except NotTheReviewedBytes as error:
        _fail(draft, job, str(error), is_alarm=True)
    except upstream.HandBack as error:
        delete_copies(_hand_back(draft, job, str(error), is_alarm=False))
    except standstill.Stopped as error:
        _fail(draft, job, str(error))
    except jobs.Fenced:
        raise
    except Exception as error:
        if job.failures + 1 < PATIENCE:
            raise
        _fail(
            draft, job, f"Publishing failed {PATIENCE} times; the last time: {type(error).__name__}: {error}"
        )


def _in_time(draft: Draft, job: Job) -> None:
    """Take the steps, and tell the log how long they took. What goes upstream is hashed before it does, and after.

    A draft of a train shows here already: what is left of it is to go upstream.
    """
    if draft.state == DraftState.PUBLISHED:
        if relay.go_on(draft, job):
            job.finish()
        return
    began = time.monotonic()
    is_begun = relay.is_begun(draft)
    if not is_begun:
        _hash(draft, job)
    if not relay.go_on(draft, job):
        return
    if is_begun:
        _hash(draft, job)
    hashed = time.monotonic()
    _flip(draft, job)
    told = (hashed - began, time.monotonic() - hashed)
    log.info("a publish: copied and hashed in %.3f s, shown by a transaction of %.3f s", *told)


def _hash(draft: Draft, job: Job) -> None:
    """Bring the files to their destination and hash them there. Raises NotTheReviewedBytes."""
    files = list(draft.files.completed().defer("core_metadata").order_by("filename"))
    promotion.promote(files, job)
    promotion.hash_again(files, job)
    if draft.fingerprint() != draft.publishing_fingerprint:
        raise NotTheReviewedBytes("The files are not those that were reviewed: nothing was published.")


@transaction.atomic
def _flip(draft: Draft, job: Job) -> None:
    """Make every file public, burn the names, render the page, end draft and job: all or nothing."""
    draft = Draft.objects.lock(draft)
    job.finish()
    if draft.state != DraftState.PROCESSING:
        return
    must_stand(draft)
    record(draft, show(draft))


def show(draft: Draft) -> list[File]:
    """Make a draft public whose project's lock and own are held, and end it; returns its files, for ``record``."""
    now = timezone.now()
    project = draft.project
    standstill.must_take_releases(draft)
    release, _ = Release.objects.get_or_create(
        project=project,
        version_key=draft.version_key,
        defaults={"version": draft.version, "published_at": now},
    )
    files = list(draft.files.completed())
    draft.files.completed().update(release=release, published_at=now)
    BurntName.objects.filter(draft=draft).update(permanent=True)
    late.mark(draft=draft, release=release, files=files, now=now)
    options.apply(draft=draft, release=release, now=now)
    _count(project, now)
    provenance.keep(files)
    pages.store(project)
    edge.forget_page(project)
    _end(draft, now)
    news.published(draft=draft, files=len(files))
    return files


def _count(project: Project, now: object) -> None:
    project.serial += 1
    if project.first_published_at is None:
        Project.objects.filter(pk=project.pk).update(first_published_at=now)
    project.save(update_fields=["serial"])


def _end(draft: Draft, now: object) -> None:
    Draft.objects.filter(pk=draft.pk).update(
        state=DraftState.PUBLISHED, ended_at=now, ended_by=draft.decided_by, error=""
    )
    draft.bump()
    jobs.enqueue(kind=Kind.PURGE, subject=draft.subject)
    jobs.enqueue(kind=Kind.RECEIPT, subject=draft.subject)
    jobs.enqueue(kind=Kind.LOOK_BACK, subject=draft.subject)


def record(draft: Draft, files: list[File]) -> None:
    """Write who published what: the last write of the transaction."""
    by = draft.publishing_by
    actor = Actor(ActorKind.PERSON, str(by.pk), str(by)) if by else Actor.system()
    actor = Actor.system(draft.decided_by) if draft.publishing_order_id else actor
    audit.record(
        Event.PUBLISHED,
        on=draft,
        by=actor,
        digest=draft.publishing_fingerprint,
        files={file.filename: file.sha256 for file in files},
        uploaders=sorted({file.staged_by for file in files}),
        evidence=verdicts.summary(draft),
        accepted=accepted.summary(draft, files),
        note=draft.publishing_note,
        **options.told(draft),
        approvals=approvals.on_record(draft),
        approvals_needed=draft.project.approvals_needed,
        **upstream.said(draft),
        **how.said(draft),
    )


def _fail(draft: Draft, job: Job, reason: str, *, is_alarm: bool = False) -> None:
    """Hand the draft back, then delete the copies that nobody was told of; the sweep deletes what this leaves.

    A draft of which something may be upstream is not handed back: it stops.
    """
    if not relay.stops_instead(draft, job, reason):
        delete_copies(_hand_back(draft, job, reason, is_alarm=is_alarm))


def delete_copies(public_ids: Sequence[str]) -> None:
    """Delete copies that nobody was told of; what a store that is down keeps, the sweep deletes."""
    for public_id in public_ids:
        try:
            storage().delete_public(public_id)
        except StorageDown:
            log.warning("copies of a publish that failed were not deleted: the sweep will")
            return


@transaction.atomic
def _hand_back(draft: Draft, job: Job, reason: str, *, is_alarm: bool) -> list[str]:
    """Make the draft editable again, release its names, say the reason in words; returns the ids of its copies."""
    draft = Draft.objects.lock(draft)
    job.give_up(reason)
    if draft.state != DraftState.PROCESSING:
        return []
    public_ids = give_back(draft, reason, is_alarm=is_alarm)
    record_failure(draft, reason)
    return public_ids


def give_back(draft: Draft, reason: str, *, is_alarm: bool) -> list[str]:
    """Undo what was decided for a draft whose lock is held; returns the ids of its copies, which nobody was told of.

    It is an alarm, which goes to the maintainers, where the stored bytes are not those that were reviewed.
    """
    draft.state, draft.error = DraftState.ERROR, reason
    draft.save(update_fields=["state", "error"])
    draft.bump()
    BurntName.objects.filter(draft=draft, permanent=False).delete()
    upstream.forget(draft, reason)
    waiting.join(draft=draft)  # what came while nothing could be added
    schedule.failed(draft=draft, reason=reason)
    if is_alarm:
        news.other_bytes(draft=draft, reason=reason)
    copied = draft.files.filter(release=None).exclude(public_id=None)
    public_ids = [str(file.public_id) for file in copied]
    copied.update(public_id=None)
    return public_ids


def record_failure(draft: Draft, reason: str) -> None:
    """Write that a draft was handed back, and why: the last write of the transaction."""
    audit.record(
        Event.FAILED, on=draft, by=Actor.system(), digest=draft.publishing_fingerprint, reason=reason
    )
