"""Promises 4 and 7 at the upstream index: it has what was reviewed, whole, wheels first, and the events say so.

From the first file that it has, a publish only goes forward.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime

from accounts.models import AuditEvent
from bench.faults.promises.state import State
from drafts.models import File, Push, PushState

_BACK = (
    "draft:publishing-failed",
    "draft:canceled",
    "draft:expired",
    "file:staged",
    "file:replaced",
    "file:deleted",
)


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
        if not push.target.by_ci:
            yield from _sdist_first(state, push)
    yield from _went_back(state)
    yield from _asked_otherwise(state)


def _went_back(state: State) -> Iterator[str]:
    """Look for what undid a publish, or changed a draft, after the upstream index had its first file."""
    files = File.objects.filter(filename__in=state.since).select_related("draft__project")
    for file in files:
        if state.elsewhere.get(file.filename) != file.sha256:
            continue
        came = datetime.fromtimestamp(state.since[file.filename], UTC)
        rows = AuditEvent.objects.filter(on_kind="draft", on_id=str(file.draft_id), at__gt=came)
        for event in rows.filter(event__in=_BACK).values_list("event", flat=True):
            yield f"{file.draft}: {event}, after {file.filename} was upstream"


def _sdist_first(state: State, push: Push) -> Iterator[str]:
    """Compare when the files of a delivery came: an installer that finds no wheel builds from the sdist."""
    files = [row.file for row in push.deliveries.select_related("file") if row.file.filename in state.since]
    sdists = [state.since[file.filename] for file in files if file.filetype == "sdist"]
    wheels = [state.since[file.filename] for file in files if file.filetype != "sdist"]
    if sdists and wheels and min(sdists) < max(wheels):
        yield f"{push.draft}: its sdist was upstream before its wheels"


def _asked_otherwise(state: State) -> Iterator[str]:
    """Hold what CI was told against what was published: one name for each publish, and the reviewed digests."""
    names = defaultdict(set)
    for told in state.asked:
        data = json.loads(told["body"])["data"]
        names[data["project"], data["version"], data["fingerprint"]].add(told["headers"]["webhook-id"])
        files = File.objects.filter(
            draft__project__name=data["project"], draft__publishing_fingerprint=data["fingerprint"]
        )
        if data["sha256"] != dict(files.values_list("filename", "sha256")):
            yield f"{data['project']} {data['version']}: CI was told of other files than were reviewed"
    for (project, version, _), ids in names.items():
        if len(ids) > 1:
            yield f"{project} {version}: CI was asked by {len(ids)} names for one publish"


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
