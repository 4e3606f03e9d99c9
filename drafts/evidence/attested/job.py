"""The job that verifies attestations: those that came with a file, and those in a text that a member added."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from drafts.evidence.add import OBJECT_NAME
from drafts.evidence.attested import provenance
from drafts.evidence.attested.found import attestations_in
from drafts.evidence.attested.signer import Signer
from drafts.evidence.compare import Rank
from drafts.models import Attestations, Attested, Draft, EvidenceLog, File, Job, Kind, LoggedDigest, jobs
from drafts.storage import new_object_id, storage, whole

_FORM = "attestation"
_EXCERPT = 1000


class Event(StrEnum):
    """What verifying leaves on record."""

    CHECKED = "evidence:attestations-checked"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What verifying one attestation for one file came to: a signer, or the reason why it is not verified."""

    file: File
    number: int
    attestation: dict[str, Any]
    signer: Signer | None
    reason: str = ""


def work(job: Job) -> None:
    """Do a verification; done again it comes to the same."""
    if job.subject.startswith("log:"):
        _verify_log(job)
    else:
        _verify_file(job)


def _verify_file(job: Job) -> None:
    """Verify what came with a file. Each that verifies becomes a log of its own, with one digest."""
    came = Attestations.objects.select_related("file__draft").filter(file=job.subject_id).first()
    if came is None:
        job.finish()
        return
    found = [
        outcome
        for number, statement in enumerate(came.statements, 1)
        for outcome in outcomes([came.file], number, statement)
    ]
    texts = kept(found)
    added_by = {"added_by_token": came.file.staged_by_token, "added_by_user": came.file.staged_by_user}
    with transaction.atomic():
        draft = Draft.objects.lock(came.file.draft)
        job.finish()
        Attested.objects.filter(file=came.file, came_with_file=True).delete()
        for one in found:
            label = f"attestation {one.number} of {one.file.filename}"
            row(one, log_of(draft, one, texts, added_by, label), came_with_file=True)
        if File.objects.published().filter(pk=came.pk).exists():  # before its attestations were verified
            provenance.keep([came.file])
            jobs.enqueue(kind=Kind.WINDOWS, subject=f"project:{draft.project_id}")
        _settle(draft, found)


def _verify_log(job: Job) -> None:
    """Verify what a text that a member added holds, for each file of the draft that it may speak of."""
    log = EvidenceLog.objects.select_related("draft").filter(pk=job.subject_id, purged_at=None).first()
    if log is None or log.draft is None:
        job.finish()
        return
    statements = attestations_in(whole(log.object_id, OBJECT_NAME, sha256=log.sha256))
    named = set(log.digests.values_list("filename", "digest"))
    files = [
        file
        for file in log.draft.files.live()
        if any(name in {file.filename, None} for name, digest in named if digest == file.sha256)
    ]
    found = list[Outcome]()
    for number, statement in enumerate(statements, 1):
        job.renew(done=number, total=len(statements))
        found += [one for one in outcomes(files, number, statement) if one.signer or len(statements) == 1]
    with transaction.atomic():
        draft = Draft.objects.lock(log.draft)
        job.finish()
        Attested.objects.filter(log=log, came_with_file=False, found_at="").delete()
        for one in found:
            row(one, log)
        _settle(draft, found)


def outcomes(files: Sequence[File], number: int, statement: dict[str, Any]) -> Iterator[Outcome]:
    """Yield what verifying one attestation comes to for each file, without the network."""
    from drafts.evidence.attested.verify import NotVerified, verify  # a heavy import, which no page needs

    for file in files:
        try:
            signer = verify(statement, filename=file.filename, sha256=file.sha256)
        except NotVerified as error:
            yield Outcome(file, number, statement, None, str(error))
        else:
            yield Outcome(file, number, statement, signer)


def _text(attestation: dict[str, Any]) -> bytes:
    return json.dumps(attestation, indent=1, sort_keys=True).encode()


def kept(found: Sequence[Outcome]) -> dict[bytes, str]:
    """Store the texts of those that verify, before a row speaks of them, and return their ids; without one they are swept."""
    return {
        text: _keep_bytes(text)
        for text in {_text(one.attestation) for one in found if one.signer is not None}
    }


def _keep_bytes(text: bytes) -> str:
    object_id = new_object_id()
    writer = storage().create(object_id, OBJECT_NAME)
    writer.write(text)
    writer.commit()
    return object_id


def log_of(
    draft: Draft, one: Outcome, texts: dict[bytes, str], added_by: dict[str, Any], label: str
) -> EvidenceLog | None:
    """Return the log that a verified attestation is: of whoever brought it, until the signer's identity is asked."""
    if one.signer is None:
        return None
    text, file = _text(one.attestation), one.file
    defaults = {
        "label": label[:200],
        "rank": Rank.SELF,
        "size": len(text),
        "found": 1,
        "object_id": texts[text],
    }
    log, _ = EvidenceLog.objects.get_or_create(
        draft=draft, sha256=hashlib.sha256(text).hexdigest(), **added_by, defaults=defaults
    )
    said = {"filename": file.filename, "algorithm": "sha256", "digest": file.sha256}
    excerpt = f"signed by {one.signer.name}"
    LoggedDigest.objects.get_or_create(
        log=log, **said, defaults={"line": 1, "form": _FORM, "excerpt": excerpt[:_EXCERPT]}
    )
    return log


def row(one: Outcome, log: EvidenceLog | None, *, came_with_file: bool = False, found_at: str = "") -> None:
    """Write down what came of one attestation for one file."""
    Attested.objects.create(
        file=one.file,
        log=log,
        number=one.number,
        came_with_file=came_with_file,
        found_at=found_at,
        signer=one.signer.values if one.signer else None,
        reason=one.reason,
    )


def _settle(draft: Draft, found: Sequence[Outcome]) -> None:
    """Tell the pages and the record what came of it."""
    if found:
        draft.bump()
        record(draft, found)


def record(draft: Draft, found: Sequence[Outcome]) -> None:
    """Leave on record what came of each attestation."""
    audit.record(
        Event.CHECKED,
        on=draft,
        by=Actor.system(),
        attestations=[
            {
                "filename": one.file.filename,
                "sha256": one.file.sha256,
                "number": one.number,
                "signer": one.signer.name if one.signer else "",
                "reason": one.reason,
            }
            for one in found
        ],
    )
