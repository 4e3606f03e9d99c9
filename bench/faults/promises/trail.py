"""Promises 7 and 9: every act has its event, and nothing is lost or half done."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent
from bench.faults.promises.afterwards import as_told
from bench.faults.promises.state import State
from bench.faults.promises.trains import trains_and_their_events
from bench.faults.shelf import PUBLIC, STAGED
from drafts.models import (
    Draft,
    DraftLink,
    DraftState,
    EvidenceLog,
    File,
    FileState,
    Inspection,
    Job,
    JobState,
    Kind,
    Token,
    UploadPart,
)


def every_act_has_its_event(_state: State) -> Iterator[str]:
    """Promise 7: the chains hold, and rows and events say the same, one event for each act."""
    for found in audit.verify():
        yield f"{found.scope} #{found.seq}: {found.reason}"
    counted = Counter(AuditEvent.objects.values_list("event", "on_kind", "on_id"))
    for draft in Draft.objects.all():
        for event, most in _of_draft(draft).items():
            if counted[event, "draft", str(draft.pk)] != most:
                yield f"{draft} is {draft.state}, with {counted[event, 'draft', str(draft.pk)]} events {event}, not {most}"
    for row in (*DraftLink.objects.all(), *Token.objects.all()):
        subject = row.audit_subject
        made = "publisher:minted" if getattr(row, "publisher_id", None) else f"{subject.kind}:made"
        for event, right in {made: 1, f"{subject.kind}:revoked": int(row.revoked_at is not None)}.items():
            if counted[event, subject.kind, subject.id] != right:
                yield f"{row} ({subject.kind} {subject.id}) has not {right} events {event}"
    yield from _files_without_events()
    yield from trains_and_their_events()
    yield from as_told()


def _of_draft(draft: Draft) -> dict[str, int]:
    """Return how often each event must stand in the trail for a draft as it is now."""
    began = AuditEvent.objects.filter(event="draft:publishing", on_id=str(draft.pk)).count()
    published = int(draft.state == DraftState.PUBLISHED)
    under_way = int(draft.state == DraftState.PROCESSING)
    ended = AuditEvent.objects.filter(event="draft:expired", on_id=str(draft.pk)).count()
    canceled = int(draft.state == DraftState.CANCELED)
    return {
        "draft:opened": 1,
        "draft:published": published,
        "draft:publishing-failed": began - published - under_way,
        "draft:canceled": canceled - ended if ended < 2 else 0,
        "draft:expired": min(ended, canceled),
        "evidence:added": EvidenceLog.objects.filter(draft=draft).count(),
    }


def _files_without_events() -> Iterator[str]:
    """Compare the uploads and deletions of every draft with its events, each by name and digest."""
    came = Counter(_of_files("file:staged", "file:replaced"))
    for row in Counter((file.draft_id, file.filename, file.sha256) for file in File.objects.all()).items():
        (draft, name, digest), count = row
        if came.pop((str(draft), name, digest), 0) != count:
            yield f"{name} ({digest[:8]}) has {count} rows, and not as many events"
    yield from (f"{name} ({digest[:8]}) has an event, and no row" for _, name, digest in came)
    gone = File.objects.filter(state=FileState.CANCELED, superseded_by=None)
    deleted = Counter((str(file.draft_id), file.filename, file.sha256) for file in gone)
    if deleted != Counter(_of_files("file:deleted")):
        yield "the files that were deleted and the events of deletions are not the same"


def _of_files(*events: str) -> Iterator[tuple[str, str, str]]:
    for row in AuditEvent.objects.filter(event__in=events):
        yield row.on_id, row.details["filename"], row.digest


_RUNG_WITHIN = timedelta(minutes=1)  # the scheduler rings for what came due


def by_and_by() -> Q:
    """Say which jobs wait for their time: windows end in days, letters are gathered, an address that did not answer is asked again."""
    gathered = Q(kind__in=(Kind.SEND_MAIL, Kind.LOOK_BACK), not_before__gt=timezone.now() - _RUNG_WITHIN)
    return gathered | Q(kind=Kind.WINDOWS)


def nothing_is_lost_or_half_done(state: State) -> Iterator[str]:
    """Promise 9: no work is left, nothing stands half-way, and what every client was told is so."""
    # Where a draft can be installed is asked anew by each sweep that finds it quiet, also while this looks.
    for job in Job.objects.live().exclude(by_and_by() | Q(kind=Kind.RESOLVE)):
        yield f"{job}: it is still to be done"
    for draft in Draft.objects.filter(state=DraftState.PROCESSING):
        yield f"{draft} is being published, and no worker is at it"
    for draft in Draft.objects.filter(state=DraftState.ERROR, error=""):
        yield f"{draft} could not be published, and nothing says why"
    for job in Job.objects.filter(state=JobState.FAILED).exclude(
        kind__in=(Kind.PUBLISH, Kind.TRAIN, Kind.COMPLETE)
    ):
        yield f"{job}: given up: {job.error}"
    yield from filter(None, (claim.wrong() for claim in state.ledger.claims))
    yield from state.ledger.wrong
    yield from without_a_row(state)


def without_a_row(state: State) -> Iterator[str]:
    """Look for bytes that no row speaks of, which a sweep deletes when they are old enough."""
    spoken = set(File.objects.with_bytes().values_list("object_id", flat=True))
    spoken |= set(EvidenceLog.objects.filter(purged_at=None).values_list("object_id", flat=True))
    spoken |= {
        str(one) for one in Inspection.objects.filter(purged_at=None).values_list("object_id", flat=True)
    }
    spoken |= set(UploadPart.objects.values_list("object_id", flat=True))
    public = set(File.objects.published().values_list("public_id", flat=True))
    for area, known in ((STAGED, spoken), (PUBLIC, public)):
        left = {key[1] for key in state.digests if key[0] == area} - known
        if left:
            yield f"{len(left)} {area} objects lie in the store, and no row speaks of them"
