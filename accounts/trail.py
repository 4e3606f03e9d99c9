"""Reading the audit trail: filtered, by key instead of by offset, and out of the house as JSON lines."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor, Auditable
from accounts.models import AuditChain, AuditCheckpoint, AuditEvent

PAGE = 50
_BATCH = 1000
_KEY = re.compile(r"([a-z-]{1,32}):(\d{1,20}|)\Z")


class Event(StrEnum):
    """What reading leaves on record."""

    EXPORTED = "audit:exported"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events are asked for. ``who`` and ``on`` are a key (``person:3``) or part of a name; empty: all."""

    scope: str = ""
    who: str = ""
    what: str = ""
    on: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_narrow(self) -> bool:
        return bool(self.who or self.what or self.on or self.since or self.until)

    @property
    def told(self) -> dict[str, Any]:
        """Return it as an event keeps it: what was asked for, and nothing else."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(self).items()
            if value
        }

    def rows(self) -> QuerySet[AuditEvent]:
        """Return the events, in no order."""
        rows = AuditEvent.objects.all()
        if self.scope:
            rows = rows.filter(scope=self.scope)
        if self.who:
            key = _KEY.match(self.who)
            rows = (
                rows.filter(actor_kind=key[1], actor_id=key[2])
                if key
                else rows.filter(actor_label__icontains=self.who)
            )
        if self.what:  # one event, or with a colon at its end all of a kind; a range, which an index answers
            after = f"{self.what[:-1]};"
            is_kind = self.what.endswith(":")
            rows = (
                rows.filter(event__gte=self.what, event__lt=after)
                if is_kind
                else rows.filter(event=self.what)
            )
        if self.on:
            key = _KEY.match(self.on)
            rows = (
                rows.filter(on_kind=key[1], on_id=key[2]) if key else rows.filter(on_label__icontains=self.on)
            )
        if self.since:
            rows = rows.filter(at__gte=self.since)
        return rows.filter(at__lt=self.until) if self.until else rows


@dataclass(frozen=True, slots=True)
class Page:
    """Some events, newest first. ``older`` is the key that the next page begins before; 0 where there is none."""

    events: tuple[AuditEvent, ...]
    older: int


def page(asked: Filter, *, before: int = 0) -> Page:
    """Return the newest events that are asked for, older than the one with the key ``before``."""
    rows = asked.rows()
    field = "seq" if asked.scope else "pk"
    if before:
        rows = rows.filter(**{f"{field}__lt": before})
    found = list(rows.order_by(f"-{field}")[: PAGE + 1])
    older = getattr(found[PAGE - 1], field) if len(found) > PAGE else 0
    return Page(tuple(found[:PAGE]), older)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a chain was verified: up to which event, of how many, when; ``holds`` is false where it did not."""

    events: int
    verified: int = 0
    at: datetime | None = None
    checkpoint: int = 0
    holds: bool = True


def standing(scope: str) -> Standing:
    """Return how far one chain was verified, or without a scope all of them together."""
    heads = dict(AuditChain.objects.values_list("scope", "seq"))
    wanted = {scope: heads.get(scope, 0)} if scope else heads
    row = AuditCheckpoint.objects.exclude(broken=None).order_by("-number").first()
    if row is None:
        return Standing(sum(wanted.values()))
    verified = sum(seq for name, (seq, _) in row.heads.items() if name in wanted)
    broken = set(row.broken or ())
    holds = scope not in broken if scope else not broken
    return Standing(sum(wanted.values()), verified, row.at, row.number, holds)


@transaction.atomic
def export(*, asked: Filter, on: Auditable, by: Actor) -> Iterator[str]:
    """Return the events that are asked for as JSON lines, oldest first, up to this moment. The export is an event, too."""
    now = timezone.now()
    audit.record(Event.EXPORTED, on=on, by=by, filter=asked.told)
    return _lines(asked, now)


def _lines(asked: Filter, now: datetime) -> Iterator[str]:
    last = 0
    while True:
        rows = asked.rows().filter(pk__gt=last, at__lt=now)
        batch = list(rows.order_by("pk")[:_BATCH])
        if not batch:
            return
        yield "".join(_line(row) for row in batch)
        last = batch[-1].pk


def _line(row: AuditEvent) -> str:
    said = {**json.loads(audit.canonical(row)), "previous": row.previous, "hash": row.hash}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")) + "\n"
