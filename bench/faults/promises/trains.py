"""Promises 2 and 7 for trains: all drafts of one or none, in the rows and in what readers saw, and who is in it on record."""

from collections.abc import Iterator, Sequence
from itertools import permutations

from accounts.models import AuditEvent
from bench.faults.ledger import Sighting
from bench.faults.promises.state import State
from drafts.models import Draft, DraftState, Train, TrainState

_AS_THE_TRAIN = {TrainState.PUBLISHED: DraftState.PUBLISHED, TrainState.PROCESSING: DraftState.PROCESSING}


def a_train_is_all_or_none(state: State) -> Iterator[str]:
    """Yield what is published of a train of which something else is not."""
    for train in Train.objects.prefetch_related("drafts__project", "drafts__files"):
        drafts = list(train.drafts.all())
        wanted = _AS_THE_TRAIN.get(TrainState(train.state))
        for draft in drafts:
            if (draft.state != wanted) if wanted else (draft.state in _AS_THE_TRAIN.values()):
                yield f"the {train} is {train.state}, and its {draft} is {draft.state}"
        if train.state == TrainState.PUBLISHED:
            yield from _seen_in_part(train, drafts, state.ledger.sightings)
        if (
            train.state == TrainState.PUBLISHED
            and train.fingerprint_of(drafts) != train.publishing_fingerprint
        ):
            yield f"the {train} has other files than were reviewed as one"


def _seen_in_part(train: Train, drafts: Sequence[Draft], sightings: Sequence[Sighting]) -> Iterator[str]:
    """Compare readings of two projects: one that shows the train's files is never followed by one that does not."""
    names = {draft.project.name: frozenset[str]() for draft in drafts}
    for draft in drafts:
        names[draft.project.name] |= {file.filename for file in draft.files.all() if file.release_id}
    for one, other in permutations(names, 2):
        first = [seen.ended for seen in sightings if seen.project == one and names[one] & _of(seen)]
        if first and any(
            seen.began > min(first) and names[other] - _of(seen)
            for seen in sightings
            if seen.project == other
        ):
            yield f"the {train}: a reader saw {one}, and after it {other} without its files"


def _of(seen: Sighting) -> set[str]:
    return {name for name, _ in seen.files}


def trains_and_their_events() -> Iterator[str]:
    """Hold which train each draft is in against the last event that says so."""
    for draft in Draft.objects.all():
        rows = AuditEvent.objects.filter(on_kind="draft", on_id=str(draft.pk))
        moves = rows.filter(event__in=("train:made", "train:joined", "train:left"))
        last = moves.order_by("seq").last()
        said = last.details["train"] if last is not None and last.event != "train:left" else None
        if said != draft.train_id:
            yield f"{draft} is in train {draft.train_id}, and its events say {said}"
