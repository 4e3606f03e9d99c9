"""Promises 4 and 7 at the upstream index: it has what was reviewed, whole, wheels first, and the events say so."""

from collections import Counter
from collections.abc import Iterator

from accounts.models import AuditEvent
from bench.faults.promises.state import State
from drafts.models import File, Push, PushState


def what_is_upstream_was_reviewed(state: State) -> Iterator[str]:
    """Compare what the index has with what was published, and how each delivery ended with what is on record."""
    reviewed = set(File.objects.published().values_list("filename", "sha256"))
    for name, digest in state.elsewhere.items():
        if (name, digest) not in reviewed:
            yield f"{name} ({digest[:8]}) is upstream, and no such file was published here"
    for push in Push.objects.select_related("draft__project"):
        if push.state != PushState.DONE:
            yield f"{push.draft} stands upstream as '{push.state}': {push.words}"
            continue
        yield from _not_there(state, push)
        yield from _not_on_record(push)


def _not_there(state: State, push: Push) -> Iterator[str]:
    for row in push.deliveries.select_related("file"):
        if state.elsewhere.get(row.file.filename) != row.file.sha256:
            yield f"{row.file.filename} is upstream by its row, and not there with the reviewed bytes"


def _not_on_record(push: Push) -> Iterator[str]:
    """Count the events of one delivery: what is told twice was done twice."""
    rows = AuditEvent.objects.filter(on_kind="draft", on_id=str(push.draft_id), event__startswith="upstream:")
    counted = Counter(rows.values_list("event", flat=True))
    wanted = {"upstream:done": 1, "upstream:confirmed": push.deliveries.count()}
    for event, count in wanted.items():
        if counted[event] != count:
            yield f"{push.draft} is upstream, with {counted[event]} events {event}, not {count}"
