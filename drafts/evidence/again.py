"""Logs that an older program read are read again, so that all evidence is judged as this program reads it."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from drafts.evidence.add import MAX_DIGESTS, OBJECT_NAME, digest_rows
from drafts.evidence.logs import READER, Logged, parse
from drafts.models import Draft, EvidenceLog, LoggedDigest, NotEditable, Project
from drafts.storage import NoSuchObject, StorageDown, whole

log = logging.getLogger(__name__)

_NOT_READ = "attestation"  # a row that was not read from the text: who signed it was verified
_ENOUGH = 3


class Event(StrEnum):
    """What is on record of it."""

    READ_AGAIN = "evidence:read-again"


def everything(most: int | None = None) -> int:
    """Read again what an older program read, at most so many logs; returns how many.

    One whose text is not what was kept waits; where several cannot be read, the store is down, and the rest waits too.
    """
    read = failed = 0
    for one in EvidenceLog.objects.read_before(READER).order_by("pk")[:most]:
        try:
            read += again(log=one)
        except StorageDown as error:
            log.warning("log %d, which an older program read, waits: %s", one.pk, error)
            failed += 1
            if failed == _ENOUGH:
                break
    return read


def again(*, log: EvidenceLog) -> bool:
    """Read one log's text again and put what it says in the place of what was read before. False when it cannot change now.

    Where its text is gone, all that it said counts as hidden: against a file, never for one. Raises StorageDown.
    """
    data = _text(log)
    found = [] if data is None else parse(data)[:MAX_DIGESTS]
    with transaction.atomic():
        if not _locked(log):
            return False
        before = list(log.digests.exclude(form=_NOT_READ).order_by("line", "pk"))
        after = _hidden(before) if data is None else digest_rows(log, _named(found, before), data)
        changes = sorted(map(_says, before)) != sorted(map(_says, after)) and bool(before)
        if changes:
            log.digests.exclude(form=_NOT_READ).delete()
            LoggedDigest.objects.bulk_create(after)
            _record(log, before, after)
        EvidenceLog.objects.filter(pk=log.pk).update(
            reader=READER, **({"found": len(after)} if changes else {})
        )
    return True


def _text(log: EvidenceLog) -> bytes | None:
    try:
        return whole(log.object_id, OBJECT_NAME, sha256=log.sha256)
    except NoSuchObject:
        return None


def _locked(log: EvidenceLog) -> bool:
    """Lock what the log belongs to; says whether it may still change and nobody read it meanwhile."""
    owner = log.draft.project_id if log.draft is not None else log.project_id
    assert owner is not None
    Project.objects.lock(owner)
    if log.draft is not None:
        log.draft = Draft.objects.lock(log.draft)
        try:
            log.draft.must_be_editable(even_scheduled=True)
        except NotEditable:
            return False
    same = EvidenceLog.objects.filter(pk=log.pk, draft=log.draft, reader=log.reader, purged_at=None)
    return same.exists()


def _named(found: Sequence[Logged], before: Sequence[LoggedDigest]) -> list[Logged]:
    """Give the one digest without a name the name that it had, which was its file's: how a file was called is not kept."""
    nameless = [one for one in found if one.filename is None and not one.hidden]
    had = {(row.line, row.digest): row for row in before if row.filename is not None}
    row = had.get((nameless[0].line, nameless[0].digest)) if len(nameless) == 1 else None
    if row is None:
        return list(found)
    its = replace(nameless[0], filename=row.filename, algorithm=row.algorithm)
    return [its if one is nameless[0] else one for one in found]


def _hidden(rows: Sequence[LoggedDigest]) -> list[LoggedDigest]:
    said = ("filename", "algorithm", "digest", "line", "form", "step", "excerpt")
    return [
        LoggedDigest(log_id=row.log_id, hidden=True, **{name: getattr(row, name) for name in said})
        for row in rows
    ]


def _says(row: LoggedDigest) -> tuple[int, str, str, str, bool]:
    return row.line, row.filename or "", row.algorithm, row.digest, row.hidden


def _record(log: EvidenceLog, before: Sequence[LoggedDigest], after: Sequence[LoggedDigest]) -> None:
    """Put on record how many digests it says now, and how many of them in text that a terminal would not show."""
    numbers = {
        "digests": len(after),
        "hidden": sum(row.hidden for row in after),
        "digests_before": len(before),
        "hidden_before": sum(row.hidden for row in before),
    }
    if log.draft is not None:
        log.draft.bump()
    owner = log.draft or log.project
    assert owner is not None
    audit.record(Event.READ_AGAIN, on=owner, by=Actor.system(), digest=log.sha256, label=log.label, **numbers)
