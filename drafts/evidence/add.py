"""The act of adding evidence: a CI log or a checksum file, kept as it came, its digests read out."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from drafts.evidence.compare import Rank
from drafts.evidence.logs import Logged, parse
from drafts.models import CiRun, Draft, EvidenceLog, LoggedDigest
from drafts.storage import StorageDown, new_object_id, storage

MAX_DIGESTS = 20_000
_EXCERPT_LINE = 320
OBJECT_NAME = "evidence.log"


class Event(StrEnum):
    """What can happen to evidence."""

    ADDED = "evidence:added"


class NothingToRead(Exception):
    """The log is empty, or no digest was found in it; the text says what would be read."""


@dataclass(frozen=True, slots=True)
class Added:
    """What came of it: the log's row, how many digests it names, and whether it was there already."""

    log: EvidenceLog
    digests: int
    is_new: bool


def paste(*, draft: Draft, data: bytes, label: str, user: User, by: Actor) -> Added:
    """Keep a member's log and read its digests. Raises NothingToRead, NotEditable.

    At most 20 MiB are read and kept; a longer log is cut there and says so.
    """
    row = EvidenceLog(draft=draft, label=label, rank=Rank.PASTED, added_by_user=user)
    return _add(row, data, by)


def fetched(*, draft: Draft, data: bytes, label: str, rank: Rank, run: CiRun, by: Actor) -> Added:
    """Keep a log that this server fetched. Raises NothingToRead, NotEditable.

    Below the rank ``fetched`` it is the word of whoever named the run, and counts as theirs.
    """
    row = EvidenceLog(draft=draft, label=label, rank=rank)
    if rank >= Rank.FETCHED:
        row.added_by_run = run
    else:
        row.added_by_user = run.asked_by
    return _add(row, data, by)


def _add(row: EvidenceLog, data: bytes, by: Actor) -> Added:
    row.cut = len(data) > settings.EVIDENCE_SIZE_LIMIT
    data = data[: settings.EVIDENCE_SIZE_LIMIT]
    found = parse(data)[:MAX_DIGESTS]
    if not found:
        raise NothingToRead(
            "No digest was found in this log, so nothing was kept. Paste the lines that sha256sum, pip hash or the "
            "publish action's print-hash wrote, or add two lines to the build job that print them.",
        )
    object_id = new_object_id()
    writer = storage().create(object_id, OBJECT_NAME)
    try:
        writer.write(data)
        writer.commit()
        row.label = " ".join(row.label.split())[:200] or "pasted log"
        row.sha256, row.size, row.found = hashlib.sha256(data).hexdigest(), len(data), len(found)
        row.object_id = object_id
        added = _keep(row, found, data, by)
    except (OperationalError, InterfaceError):
        # The row may have been written, and must not speak of bytes that are gone. Without one, they are swept.
        raise
    except BaseException:
        writer.abort()
        raise
    if not added.is_new:
        with suppress(StorageDown):  # the orphans' sweep deletes what is left
            storage().delete(object_id)
    return added


@transaction.atomic
def _keep(row: EvidenceLog, found: list[Logged], data: bytes, by: Actor) -> Added:
    draft = Draft.objects.lock(row.draft)
    draft.must_be_editable()
    same = EvidenceLog.objects.filter(
        draft=draft, sha256=row.sha256, added_by_user=row.added_by_user, added_by_run=row.added_by_run
    ).first()
    if same is not None:
        return Added(same, same.found, is_new=False)
    row.save(force_insert=True)
    lines = data.decode("utf-8", "replace").splitlines()
    LoggedDigest.objects.bulk_create(
        LoggedDigest(
            log=row,
            filename=(logged.filename or "")[:300] or None,
            algorithm=logged.algorithm,
            digest=logged.digest,
            line=logged.line,
            form=logged.form,
            excerpt=_excerpt(lines, logged.line),
        )
        for logged in found
    )
    draft.bump()
    audit.record(
        Event.ADDED, on=draft, by=by, digest=row.sha256, label=row.label, digests=len(found), size=row.size
    )
    return Added(row, len(found), is_new=True)


def _excerpt(lines: list[str], number: int) -> str:
    """Return the line and its neighbours, each cut, so that the page shows it in context without the log."""
    around = lines[max(0, number - 2) : number + 1]
    return "\n".join(line[:_EXCERPT_LINE] for line in around)
