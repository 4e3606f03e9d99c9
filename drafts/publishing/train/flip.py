"""The job behind a train: bring all drafts' bytes to their destination, hash them there, then show all in one transaction.

Every step may be run twice or die half-way. Readers see nothing of any draft until ``_flip`` commits, and all of all after it.
What goes to upstream indexes follows, a job for each draft: an index elsewhere knows no act over several projects.
"""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from drafts.models import Draft, DraftState, File, Job, Train, TrainState, jobs
from drafts.publishing import flip, promotion, standstill
from drafts.publishing.promotion import NotTheReviewedBytes
from drafts.publishing.targets import rows as upstream
from drafts.publishing.train.publish import drafts_of


def work(job: Job) -> None:
    """Do a train's job: finish what was decided, or say in each draft why it cannot be."""
    train = Train.objects.get(pk=job.subject_id)
    if train.state != TrainState.PROCESSING:
        job.finish()
        return
    if standstill.put_off(job):
        return
    if job.attempt > flip.ATTEMPTS:
        died = (
            f"Publishing was begun {flip.ATTEMPTS} times, and its worker died each time: tell the operator."
        )
        _fail(train, job, died)
        return
    try:
        _in_time(train, job)
    except NotTheReviewedBytes as error:
        _fail(train, job, str(error), is_alarm=True)
    except standstill.Stopped as error:
        _fail(train, job, str(error))
    except jobs.Fenced:
        raise
    except Exception as error:
        if job.failures + 1 < flip.PATIENCE:
            raise
        last = f"{type(error).__name__}: {error}"
        _fail(train, job, f"Publishing failed {flip.PATIENCE} times; the last time: {last}")


def _in_time(train: Train, job: Job) -> None:
    drafts = drafts_of(train)
    rows = File.objects.completed().filter(draft__in=drafts).defer("core_metadata")
    files = list(rows.order_by("filename", "pk"))
    promotion.promote(files, job)
    promotion.hash_again(files, job)
    for draft in drafts:
        if draft.fingerprint() != draft.publishing_fingerprint:
            raise NotTheReviewedBytes(
                f"The files of {draft} are not those that were reviewed: nothing was published."
            )
    _flip(train, job)


@transaction.atomic
def _flip(train: Train, job: Job) -> None:
    """Make every file of every draft public, and end drafts, train and job: all or nothing."""
    train, drafts = Train.objects.lock_whole(train)
    job.finish()
    if train.state != TrainState.PROCESSING:
        return
    if any(draft.state != DraftState.PROCESSING for draft in drafts):
        raise standstill.Stopped("A draft of the train was ended meanwhile: nothing was published.")
    shown = [(draft, flip.show(draft)) for draft in drafts]
    for draft in drafts:
        upstream.follow(draft)
    train.state, train.ended_at, train.error = TrainState.PUBLISHED, timezone.now(), ""
    train.save(update_fields=["state", "ended_at", "error"])
    for draft, files in shown:
        flip.record(draft, files)


def _fail(train: Train, job: Job, reason: str, *, is_alarm: bool = False) -> None:
    flip.delete_copies(_hand_back(train, job, reason, is_alarm=is_alarm))


@transaction.atomic
def _hand_back(train: Train, job: Job, reason: str, *, is_alarm: bool) -> Sequence[str]:
    """Make all drafts editable again, with the reason in each; returns the ids of their copies."""
    train, drafts = Train.objects.lock_whole(train)
    job.give_up(reason)
    if train.state != TrainState.PROCESSING:
        return []
    held: list[Draft] = [draft for draft in drafts if draft.state == DraftState.PROCESSING]
    public_ids = [id_ for draft in held for id_ in flip.give_back(draft, reason, is_alarm=is_alarm)]
    train.state, train.error = TrainState.ERROR, reason
    train.save(update_fields=["state", "error"])
    for draft in held:
        flip.record_failure(draft, reason)
    return public_ids
