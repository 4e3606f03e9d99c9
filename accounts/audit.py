"""The audit trail: every act leaves one event in its own transaction, chained so that none can go missing."""

import hashlib
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

import rfc8785
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.compiled import Compiled, CompiledUpdate, insert
from accounts.models import AuditChain, AuditEvent, AuditOrigin, User

if TYPE_CHECKING:
    from django.db.models import QuerySet

ORIGIN_KEPT = timedelta(days=90)
SITE = "site"


class ActorKind(StrEnum):
    """What kind of actor did it."""

    PERSON = "person"
    TOKEN = "token"  # noqa: S105  a word, not a secret
    LINK = "link"
    PUBLISHER = "publisher"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request came from."""

    address: str = ""
    user_agent: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> "Origin":
        return cls(
            address=request.META.get("REMOTE_ADDR", "")[:64],
            user_agent=request.headers.get("User-Agent", "").replace("\0", "")[:300],
        )


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person, a token, a draft link or the system."""

    kind: ActorKind
    id: str = ""
    label: str = ""
    origin: Origin = Origin()

    @classmethod
    def person(cls, user: User, origin: Origin | None = None) -> "Actor":
        return cls(ActorKind.PERSON, str(user.pk), str(user), origin or Origin())

    @classmethod
    def system(cls, label: str = "Presscheck") -> "Actor":
        return cls(ActorKind.SYSTEM, "", label)

    @property
    def key(self) -> str:
        """Return an opaque name such as ``token:12``, equal for the same actor."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class Subject:
    """What an event speaks of: the chain it belongs to, what it is, its opaque id, and its name at that time."""

    scope: str
    kind: str
    id: str
    label: str

    @property
    def audit_subject(self) -> "Subject":
        return self


class Auditable(Protocol):
    """Whatever events can speak of."""

    @property
    def audit_subject(self) -> Subject: ...


class NoTransaction(RuntimeError):
    """An event was recorded outside the transaction of its act: they must live or die together."""


def record(event: StrEnum, *, on: Auditable, by: Actor, digest: str = "", **details: Any) -> AuditEvent:
    """Append one event to its scope's chain. The last write of the act's transaction.

    ``details`` hold JSON values only. Raises NoTransaction outside ``transaction.atomic``.
    """
    if not connection.in_atomic_block:
        raise NoTransaction(f"{event} was recorded outside a transaction")
    subject = on.audit_subject
    head = _locked_head(subject.scope)
    salt = secrets.token_hex(16)
    row = AuditEvent(
        scope=head.scope,
        seq=head.seq + 1,
        event=str(event),
        at=timezone.now(),
        actor_kind=str(by.kind),
        actor_id=by.id,
        actor_label=by.label[:300],
        on_kind=subject.kind,
        on_id=subject.id,
        on_label=subject.label[:300],
        digest=digest,
        details=details,
        origin_digest=_origin_digest(by.origin, salt),
        previous=head.hash,
    )
    row.hash = chained_hash(row)
    insert(row)
    _keep_origin(row, by.origin, salt)
    _MOVE.do(scope=row.scope, seq=row.seq, hash_=row.hash)
    return row


def _locked_head(scope: str) -> AuditChain:
    heads = _HEAD.models(scope=scope)
    if not heads:
        AuditChain.objects.bulk_create([AuditChain(scope=scope)], ignore_conflicts=True)
        heads = _HEAD.models(scope=scope)
    return heads[0]


def _head(scope: str) -> "QuerySet[AuditChain]":
    return AuditChain.objects.select_for_update().filter(scope=scope)


def _moved(scope: str, seq: int, hash_: str) -> "tuple[QuerySet[AuditChain], dict[str, Any]]":
    return AuditChain.objects.filter(scope=scope), {"seq": seq, "hash": hash_}


_HEAD, _MOVE = Compiled(_head), CompiledUpdate(_moved)


def _origin_digest(origin: Origin, salt: str) -> str:
    if not origin.address:
        return ""
    return hashlib.sha256(f"{salt}\n{origin.address}\n{origin.user_agent}".encode()).hexdigest()


def _keep_origin(row: AuditEvent, origin: Origin, salt: str) -> None:
    if origin.address:
        insert(
            AuditOrigin(
                event=row,
                address=origin.address,
                user_agent=origin.user_agent,
                salt=salt,
                until=row.at + ORIGIN_KEPT,
            )
        )


def canonical(row: AuditEvent) -> bytes:
    """Return what the chain's hash covers: RFC 8785 canonical JSON of everything the row says."""
    return rfc8785.dumps(
        {
            "scope": row.scope,
            "seq": row.seq,
            "event": row.event,
            "at": _utc(row.at),
            "actor": [row.actor_kind, row.actor_id, row.actor_label],
            "on": [row.on_kind, row.on_id, row.on_label],
            "digest": row.digest,
            "details": row.details,
            "origin": row.origin_digest,
        },
    )


def chained_hash(row: AuditEvent) -> str:
    """Return SHA-256 over the previous hash and the canonical JSON of this event."""
    return hashlib.sha256(row.previous.encode("ascii") + canonical(row)).hexdigest()


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


@dataclass(frozen=True, slots=True)
class Break:
    """One place where a chain does not hold."""

    scope: str
    seq: int
    reason: str


def verify() -> Iterator[Break]:
    """Walk every chain from its first event to its head and yield each place that does not hold."""
    heads: Mapping[str, AuditChain] = {head.scope: head for head in AuditChain.objects.all()}
    for scope in AuditEvent.objects.values_list("scope", flat=True).distinct().order_by():
        if scope not in heads:
            yield Break(scope, 0, "the chain's head is missing")
    for head in heads.values():
        yield from _verify_scope(head)


def _verify_scope(head: AuditChain) -> Iterator[Break]:
    previous, seq = "", 0
    for row in AuditEvent.objects.filter(scope=head.scope).order_by("seq").iterator():
        seq += 1
        if row.seq != seq:
            yield Break(head.scope, seq, f"event {seq} is missing; the next one is {row.seq}")
            seq = row.seq
        elif row.previous != previous:
            yield Break(head.scope, seq, "the event does not follow from the one before it")
        if row.hash != chained_hash(row):
            yield Break(head.scope, seq, "the event's text does not have the hash that was recorded")
        previous = row.hash
    if (head.seq, head.hash) != (seq, previous):
        yield Break(head.scope, head.seq, f"the head says {head.seq} events, the chain holds {seq}")


@transaction.atomic
def forget_origins() -> int:
    """Delete addresses and user agents older than 90 days; the chain stays whole. Returns how many."""
    return AuditOrigin.objects.filter(until__lt=timezone.now()).delete()[0]
