"""The acts of adding evidence: a CI log or a checksum file, kept as it came, its digests read out."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from drafts.evidence import limits
from drafts.evidence.attested.found import may_hold
from drafts.evidence.compare import Rank
from drafts.evidence.logs import READER, Logged, parse
from drafts.evidence.logs.noise import decoded
from drafts.evidence.masks import masked
from drafts.evidence.steps import Steps
from drafts.models import (
    CiRun,
    Draft,
    EvidenceLog,
    Kind,
    LoggedDigest,
    PrintedBy,
    Project,
    Token,
    TokenKind,
    jobs,
)
from drafts.storage import StorageDown, new_object_id, storage

MAX_DIGESTS = 20_000
_EXCERPT_LINE = 320
OBJECT_NAME = "evidence.log"


class Event(StrEnum):
    """What can happen to evidence."""

    ADDED = "evidence:added"
    WAITS = "evidence:waits"


class NothingToRead(Exception):
    """The log is empty, or no digest was found in it; the text says what would be read."""


@dataclass(frozen=True, slots=True)
class Text:
    """A log or checksum file as it came; ``name`` is its file name where it has one: the name in a sidecar's."""

    data: bytes
    label: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Added:
    """What came of it: the log's row, how many digests it names, and whether it was there already."""

    log: EvidenceLog
    digests: int
    is_new: bool


def paste(*, draft: Draft, data: bytes, label: str, user: User, by: Actor, name: str = "") -> Added:
    """Keep a member's log and read its digests. Raises NothingToRead, NotEditable, TooMuch.

    At most 20 MiB are read and kept; a longer log is cut there and says so. Known shapes of secrets are masked.
    """
    row = EvidenceLog(draft=draft, rank=Rank.PASTED, added_by_user=user)
    return _add(row, draft.project, Text(data, label or name, name), by)


def post(*, token: Token, version_key: str, text: Text, by: Actor) -> Added:
    """Keep a log that a job posted, for the release's draft or until it has one. Raises NothingToRead, TooMuch.

    An evidence token's word is CI's; an upload token's is its own, about what it staged.
    """
    rank = Rank.CI if token.kind == TokenKind.EVIDENCE else Rank.SELF
    row = EvidenceLog(project=token.project, version_key=version_key, rank=rank, added_by_token=token)
    return _add(row, token.project, text, by)


def fetched(*, draft: Draft, text: Text, rank: Rank, run: CiRun, printed: PrintedBy, by: Actor) -> Added:
    """Keep a log that this server fetched. Raises NothingToRead, NotEditable, TooMuch.

    Below the rank ``fetched`` it is the word of whoever named the run, a person or a credential, and counts as theirs.
    """
    row = EvidenceLog(draft=draft, rank=rank, printed_by=printed.values)
    if rank >= Rank.FETCHED:
        row.added_by_run = run
    else:
        row.added_by_user, row.added_by_token = run.asked_by, run.named_by
    return _add(row, draft.project, text, by)


def _add(row: EvidenceLog, project: Project, text: Text, by: Actor) -> Added:
    limits.must_have_room(row, project, min(len(text.data), settings.EVIDENCE_SIZE_LIMIT))
    row.cut = len(text.data) > settings.EVIDENCE_SIZE_LIMIT
    data, row.masked = masked(text.data[: settings.EVIDENCE_SIZE_LIMIT])
    found = parse(data, text.name)[:MAX_DIGESTS]
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
        row.label = " ".join(text.label.split())[:200] or "pasted log"
        row.sha256, row.size, row.found = hashlib.sha256(data).hexdigest(), len(data), len(found)
        row.object_id, row.attests, row.reader = object_id, may_hold(data), READER
        added = _keep(row, project, found, data, by)
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
def _keep(row: EvidenceLog, project: Project, found: list[Logged], data: bytes, by: Actor) -> Added:
    """Write the row and its digests: in the draft, or waiting for one where nobody is told that there is none."""
    Project.objects.lock(project.pk)
    if row.draft is not None:
        row.draft = Draft.objects.lock(row.draft)
        row.draft.must_be_editable(even_scheduled=True)
    else:
        row.draft = Draft.objects.editable_of(project, row.version_key)
    if same := _the_same(row):
        return Added(same, same.found, is_new=False)
    limits.must_have_room(row, project, row.size)
    row.save(force_insert=True)
    LoggedDigest.objects.bulk_create(digest_rows(row, found, data))
    if row.attests:
        jobs.enqueue(kind=Kind.VERIFY_ATTESTATIONS, subject=row.subject)
    told: dict[str, Any] = {"label": row.label, "digests": len(found), "size": row.size}
    if row.draft is None:
        audit.record(Event.WAITS, on=project, by=by, digest=row.sha256, version=row.version_key, **told)
    else:
        row.draft.bump()
        audit.record(Event.ADDED, on=row.draft, by=by, digest=row.sha256, **told)
    return Added(row, len(found), is_new=True)


def _the_same(row: EvidenceLog) -> EvidenceLog | None:
    """Return the same text from the same source, where that is here already."""
    there = EvidenceLog.objects.filter(
        sha256=row.sha256,
        added_by_user=row.added_by_user,
        added_by_run=row.added_by_run,
        added_by_token=row.added_by_token,
    )
    if row.draft is not None:
        return there.filter(draft=row.draft).first()
    assert row.project is not None
    return there.waiting_for(row.project, row.version_key).first()


def digest_rows(row: EvidenceLog, found: list[Logged], data: bytes) -> list[LoggedDigest]:
    """Return the rows of what was read from a log, not yet written, each with its lines."""
    lines = decoded(data).split("\n")
    steps = Steps(lines)
    return [
        LoggedDigest(
            log=row,
            filename=(logged.filename or "")[:300] or None,
            algorithm=logged.algorithm,
            digest=logged.digest,
            line=logged.line,
            form=logged.form,
            hidden=logged.hidden,
            step=steps.of(logged.line),
            excerpt=_excerpt(lines, logged.line),
        )
        for logged in found
    ]


def _excerpt(lines: list[str], number: int) -> str:
    """Return the line and its neighbours, each cut, so that the page shows it in context without the log."""
    around = lines[max(0, number - 2) : number + 1]
    return "\n".join(line.rstrip("\r")[:_EXCERPT_LINE] for line in around)
