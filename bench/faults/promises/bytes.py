"""Promises 4 and 10: the bytes are those that were reviewed, and nothing hostile is among them."""

import hashlib
from collections.abc import Iterator
from urllib.parse import urljoin

from accounts.models import AuditEvent
from bench.faults.browser import Browser
from bench.faults.promises.elsewhere import what_is_upstream_was_reviewed
from bench.faults.promises.state import State
from bench.faults.shelf import PUBLIC, STAGED, Key
from drafts.evidence.add import OBJECT_NAME
from drafts.inspection.keeping import OBJECT_NAME as INSPECTION
from drafts.models import Draft, DraftState, EvidenceLog, File, Inspection, UploadPart
from drafts.storage import METADATA

_NEWEST = 10


def the_bytes_are_those_that_were_shown(state: State) -> Iterator[str]:
    """Promise 4: every row's bytes lie where it says, with its digest; what was published is what was reviewed."""
    for key, digest in _expected(state):
        found = state.digests.get(key)
        if found is None:
            yield f"{key[0]} {key[1][:8]}/{key[2]}: a row speaks of it, and it is not there"
        elif found != digest:
            yield f"{key[0]} {key[1][:8]}/{key[2]} has SHA-256 {found[:8]}, and the row says {digest[:8]}"
    for draft in Draft.objects.filter(state=DraftState.PUBLISHED).select_related("project"):
        yield from _not_as_reviewed(draft)
    for file in File.objects.published().order_by("-pk")[:_NEWEST]:
        yield from _handed_out(state, file)
    yield from what_is_upstream_was_reviewed(state)


def _expected(state: State) -> Iterator[tuple[Key, str]]:
    for file in File.objects.with_bytes():
        yield (STAGED, file.object_id, file.filename), file.sha256
        yield (STAGED, file.object_id, METADATA), file.metadata_sha256
        if state.inventory.has_public and file.release_id is not None:
            yield (PUBLIC, file.public_id, file.filename), file.sha256
            yield (PUBLIC, file.public_id, file.metadata_filename), file.metadata_sha256
    for log in EvidenceLog.objects.filter(purged_at=None):
        yield (STAGED, log.object_id, OBJECT_NAME), log.sha256
    for row in Inspection.objects.filter(purged_at=None).exclude(object_id=None):
        yield (STAGED, str(row.object_id), INSPECTION), row.sha256


def _not_as_reviewed(draft: Draft) -> Iterator[str]:
    files = list(draft.files.published())
    event = AuditEvent.objects.filter(event="draft:published", on_id=str(draft.pk)).first()
    shown = {file.filename: file.sha256 for file in files}
    if event is not None and event.details.get("files") != shown:
        yield f"{draft}: the event names other files than are published"
    if draft.fingerprint_of(files) != draft.publishing_fingerprint:
        yield f"{draft}: the published files do not have the fingerprint that was reviewed"


def _handed_out(state: State, file: File) -> Iterator[str]:
    path = f"/files/{file.public_id}/{file.filename}"
    for answer in state.everywhere(path):
        told = answer
        if told.status == 302:
            told = Browser().ask(urljoin("http://localhost/", told.headers["location"]))
        if told.status != 200 or hashlib.sha256(told.body).hexdigest() != file.sha256:
            yield f"{file.filename} is published, and is handed out with {told.status} or with other bytes"


def nothing_hostile_is_kept(state: State) -> Iterator[str]:
    """Promise 10: no hostile archive has a row or an object, and storage holds whole files and nothing out of them."""
    for file in File.objects.filter(sha256__in=state.ledger.hostile):
        yield f"{file.filename} is hostile, and it is staged"
    kept = set(state.digests.values()) & state.ledger.hostile
    if kept:
        yield f"{len(kept)} hostile archives lie in the store"
    right = {*File.objects.values_list("filename", flat=True), METADATA, OBJECT_NAME, INSPECTION}
    right |= {f"{name}.metadata" for name in File.objects.values_list("filename", flat=True)}
    right |= set(UploadPart.objects.values_list("stored_as", flat=True))
    for area, object_id, name in state.digests:
        if name not in right:
            yield f"{area} {object_id[:8]}/{name} lies in the store, and no upload has such a name"
