"""Bringing a draft's files to its upstream index, between hashing and the flip; of a train, after it. Every step may be run twice or die half-way.

From the first byte that is sent the act only goes forward: it waits, stops or ends, and is never handed back.
"""

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import timedelta

from drafts.models import (
    Attestations,
    Draft,
    DraftState,
    File,
    Job,
    Push,
    PushedFile,
    PushedFileState,
    PushState,
)
from drafts.publishing.targets import ci, following, listing, places, rows, upload
from drafts.publishing.targets.deployments import NotTold
from drafts.publishing.targets.listing import Listed, NotRead
from drafts.publishing.targets.places import Place
from drafts.publishing.targets.rows import HandBack
from drafts.publishing.targets.upload import NotSent, Parcel, Refused, Unclear, WrongBytes

BACKOFF_SECONDS = (2, 5, 15, 60, 300, 600)
_ENDS = (".", "!", "?")  # of the upstream's own words
_TRIES_BEFORE = 10  # about 45 minutes, while nothing is upstream
_TRIES_AFTER = 150  # about a day, once something may be
_TOLD_SECONDS = 1.0


class _Stop(Exception):
    """A person has to decide; the text says what happened."""

    def __init__(self, words: str, *, alarm: bool = False) -> None:
        super().__init__(words)
        self.alarm = alarm


def is_begun(draft: Draft) -> bool:
    """Say whether files of a draft are on their way, so that its bytes were hashed in an earlier run."""
    push = rows.of(draft)
    return push is not None and push.begun_at is not None and not push.is_over


def follows(draft: Draft) -> bool:
    """Say whether a draft that shows here, because its train does, is still to be brought upstream."""
    push = rows.of(draft) if draft.state == DraftState.PUBLISHED else None
    return push is not None and not push.is_over and push.state != PushState.STOPPED


def go_on(draft: Draft, job: Job) -> bool:
    """Bring a draft's files further. True when the flip may follow; else the job has ended, and says why.

    Raises HandBack while nothing is upstream, standstill.Stopped, Fenced.
    """
    push = rows.of(draft)
    if push is None or push.is_over:
        return True
    following.must_go_on(draft)
    push.draft = draft
    try:
        place = places.place_of(push.target)
        is_done = ci.step(push, place, job) if push.target.by_ci else _step(push, place, job)
    except (_Stop, ci.Stop, places.Locked) as error:
        _stop(push, error, job)
        return False
    except (NotRead, NotSent, Unclear, NotTold) as error:
        _later(push, str(error), job)
        return False
    if is_done:
        rows.done(push, job)
    return is_done


def stops_instead(draft: Draft, job: Job, words: str) -> bool:
    """Stop a publish of which something may be upstream. False when nothing is, and it can be handed back.

    Where CI was asked, it may be publishing now.
    """
    push = rows.of(draft)
    if push is None or not (rows.goes_forward(draft) or push.state == PushState.ASKED):
        return False
    push.draft = draft
    rows.stop(push, words, job)
    return True


def _stop(push: Push, error: Exception, job: Job) -> None:
    alarm = bool(getattr(error, "alarm", False))
    if not rows.goes_forward(push.draft) and not (alarm and push.target.by_ci):
        raise HandBack(
            f"{error} Nothing of {push.draft} is at {push.target}, and nothing was published."
        ) from error
    rows.stop(push, str(error), job, alarm=alarm)


def _later(push: Push, words: str, job: Job) -> None:
    forward = rows.goes_forward(push.draft)
    if not forward and push.tries + 1 >= _TRIES_BEFORE:
        raise HandBack(
            f"{words} Presscheck tried {_TRIES_BEFORE} times. Nothing of {push.draft} is at {push.target}, and nothing was "
            "published."
        )
    if forward and push.tries + 1 >= _TRIES_AFTER:
        rows.stop(push, f"{words} Presscheck tried {_TRIES_AFTER} times, for about a day.", job)
        return
    wait_seconds = BACKOFF_SECONDS[min(push.tries, len(BACKOFF_SECONDS) - 1)]
    rows.later(push, timedelta(seconds=wait_seconds), words, job)


def _step(push: Push, place: Place, job: Job) -> bool:
    """Look what is there, send what is not, read back what was sent."""
    project = push.draft.project.name
    listed = listing.read(place, project)
    missing = [row for row in rows.deliveries(push) if not _is_there(push, place, row, listed, job)]
    for delivery in missing:
        if delivery.state != PushedFileState.SENT:
            _send(push, place, delivery, job)
    if all(row.state == PushedFileState.CONFIRMED for row in rows.deliveries(push)):
        return True
    listed = listing.read(place, project)
    found = [_is_there(push, place, row, listed, job) for row in rows.deliveries(push)]
    if all(found):
        return True
    raise NotRead(f"{place.label} took every file. Its index lists {sum(found)} of {len(found)} so far.")


def _is_there(push: Push, place: Place, delivery: PushedFile, listed: dict[str, Listed], job: Job) -> bool:
    """Say whether upstream lists a file with the reviewed bytes. Raises _Stop where it lists others under its name."""
    if delivery.state == PushedFileState.CONFIRMED:
        return True
    there = listed.get(delivery.file.filename)
    if there is None:
        return False
    sha256 = listing.digest(place, there)
    if sha256 != delivery.file.sha256:
        words = f"{place.label} has other bytes under this name: SHA-256 {sha256}."
        rows.settle(push, delivery, PushedFileState.REFUSED, words, job)
        raise _Stop(f"{delivery.file.filename}: {words} Reviewed was {delivery.file.sha256}.", alarm=True)
    was_sent = delivery.state == PushedFileState.SENT
    words = delivery.words if was_sent else "It was there already, with the reviewed bytes."
    rows.settle(push, delivery, PushedFileState.CONFIRMED, words, job)
    return True


def _send(push: Push, place: Place, delivery: PushedFile, job: Job) -> None:
    """Send one file. Raises NotSent and Unclear, to be tried again, and _Stop when it is refused for good."""
    before, parcel = delivery.state, _parcel(push, delivery.file)
    rows.sending(push, delivery, job)
    try:
        words = _in_time(place, parcel, job)
    except NotSent as error:
        rows.settle(push, delivery, PushedFileState(before), str(error), job)
        raise
    except Unclear as error:
        rows.settle(push, delivery, PushedFileState.UNCLEAR, str(error), job)
        raise
    except WrongBytes as error:
        rows.settle(push, delivery, PushedFileState(before), str(error), job)
        raise _Stop(f"{error} Delete the file and upload it again, and tell the operator.") from error
    except Refused as error:
        _refused(push, place, delivery, str(error), job, was_unclear=before == PushedFileState.UNCLEAR)
    else:
        rows.settle(push, delivery, PushedFileState.SENT, words, job)


def _refused(
    push: Push, place: Place, delivery: PushedFile, words: str, job: Job, *, was_unclear: bool
) -> None:
    """Judge a refusal by what upstream lists, not by its words: identical bytes under the name count as sent."""
    listed = listing.read(place, push.draft.project.name)
    if _is_there(push, place, delivery, listed, job):
        return
    # An earlier try may have brought it, and the index be slow to say so.
    state = PushedFileState.UNCLEAR if was_unclear else PushedFileState.REFUSED
    rows.settle(push, delivery, state, words, job)
    raise _Stop(f"{delivery.file.filename} was refused. {words if words.endswith(_ENDS) else f'{words}.'}")


def _in_time(place: Place, parcel: Parcel, job: Job) -> str:
    """Send in a thread, which touches no database, and keep the job's lease meanwhile."""
    with ThreadPoolExecutor(1, thread_name_prefix="upstream") as pool:
        sending = pool.submit(upload.send, place, parcel)
        while not wait([sending], timeout=_TOLD_SECONDS).done:
            job.renew()
        return sending.result()


def _parcel(push: Push, file: File) -> Parcel:
    public_id = str(file.public_id)
    row = Attestations.objects.filter(file=file).first() if push.target.takes_attestations else None
    return Parcel(
        filename=file.filename,
        filetype=file.filetype,
        size=file.size,
        sha256=file.sha256,
        kept=replace(file.kept, public_id=public_id),
        kept_metadata=replace(file.kept_metadata, public_id=public_id),
        attestations=tuple(row.statements) if row else (),
    )
