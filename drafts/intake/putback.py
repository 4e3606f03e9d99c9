"""The act of putting CI's copy back: an earlier upload of the name, whose digest CI logged, takes its place again."""

from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from drafts.evidence import verdicts
from drafts.evidence.compare import FileVerdict
from drafts.models import Attestations, Changed, Draft, File, FileState, Kind, jobs
from drafts.models.files import new_handle
from drafts.publishing import approvals
from drafts.storage import new_object_id


class Event(StrEnum):
    """What is on record of it."""

    PUT_BACK = "file:put-back"


class NoCopy(Exception):
    """No earlier upload of the name, with its bytes still here, is what CI logged."""


def copy_of_ci(verdict: FileVerdict, earlier: list[File]) -> File | None:
    """Return the newest earlier upload of a file whose bytes are here and whose digest a log names, else None."""
    logged = {claim.digest for claim in verdict.earlier}
    held = (file for file in earlier if file.purged_at is None and {file.sha256, file.blake2b_256} & logged)
    return max(held, key=lambda file: file.pk, default=None)


@transaction.atomic
def put_back(*, draft: Draft, filename: str, by: Actor, seen: str) -> File:
    """Stage CI's copy again in place of the bytes that were seen (``seen``: their SHA-256).

    The file keeps who staged it and where it came from; who put it back is in the event. Its bytes move to the new
    row, so nothing is copied. Raises NotEditable, NoCopy, Changed.
    """
    draft = Draft.objects.lock(draft)
    draft.must_be_editable()
    before = draft.files.live().named(filename)
    if before is None:
        raise NoCopy(f"{filename} is not in the draft of {draft} any more")
    if before.sha256 != seen:
        raise Changed(f"{filename} was replaced after the page was shown: look at it again")
    earlier = list(draft.files.superseded().filter(filename=filename).select_for_update())
    copy = copy_of_ci(verdicts.comparison(draft).files[filename], earlier)
    if copy is None:
        raise NoCopy(f"no earlier upload of {filename} is what CI logged")
    file = _again(copy, before)
    draft.touch()
    voided = approvals.void(draft=draft)
    told = {"filename": filename, "before": before.sha256, **voided}
    audit.record(Event.PUT_BACK, on=draft, by=by, digest=file.sha256, **told)
    return file


def _again(copy: File, before: File) -> File:
    """Give the copy's bytes to a new row in the place of the present file; the old row says that it has none."""
    said = Attestations.objects.filter(file=copy).first()
    old_id, object_id = copy.pk, copy.object_id
    File.objects.filter(pk=old_id).update(object_id=new_object_id(), purged_at=timezone.now())
    before.cancel()
    copy.pk, copy.object_id, copy.handle = None, object_id, new_handle()
    copy.staged_at, copy.ended_at, copy.superseded_by = timezone.now(), None, None
    copy.state = FileState.COMPLETED
    copy.save(force_insert=True)
    before.cancel(superseded_by=copy)
    if said is not None:
        Attestations.objects.create(file=copy, statements=said.statements)
        jobs.enqueue(kind=Kind.VERIFY_ATTESTATIONS, subject=copy.subject)
    jobs.enqueue(kind=Kind.INSPECT, subject=copy.subject)
    return copy
