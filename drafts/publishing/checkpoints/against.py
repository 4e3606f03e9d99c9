"""The record held against its checkpoints: those of this server, and those that somebody else kept."""

from collections.abc import Iterator, Mapping

from accounts.audit import Break
from accounts.models import AuditCheckpoint, AuditEvent
from drafts.publishing.checkpoints import form
from drafts.publishing.checkpoints.form import Heads, Kept
from drafts.publishing.checkpoints.making import standing
from drafts.publishing.receipt.envelope import NotGenuine, PublicKey

LIST = "checkpoints"


def own(keys: Mapping[str, PublicKey]) -> Iterator[Break]:
    """Walk this server's checkpoints and yield each place where one, or the record under it, does not hold."""
    previous, number, heads = "", 0, Heads()
    for row in AuditCheckpoint.objects.order_by("number").iterator():
        number += 1
        if row.number != number:
            yield Break(LIST, number, f"checkpoint {number} is missing; the next one is {row.number}")
            number = row.number
        elif row.previous != previous:
            yield Break(LIST, number, "the checkpoint does not follow from the one before it")
        yield from _signed(row, keys)
        heads = dict(row.heads) if row.full else heads | row.heads
        yield from _rooted(row, heads)
        yield from _chains(row.number, row.heads)
        previous = row.sha256


def _signed(row: AuditCheckpoint, keys: Mapping[str, PublicKey]) -> Iterator[Break]:
    try:
        said = form.checkpoint(row.envelope, keys, own=True)
    except (NotGenuine, KeyError, TypeError, ValueError) as error:
        yield Break(LIST, row.number, f"its signature does not count: {error}")
        return
    if (said.number, said.sha256, said.root) != (row.number, row.sha256, row.root):
        yield Break(LIST, row.number, "the row says something else than what was signed")


def _rooted(row: AuditCheckpoint, heads: Heads) -> Iterator[Break]:
    if form.root(heads, row.salt) != row.root:
        yield Break(LIST, row.number, "the heads that are kept beside it are not those that were signed")


def _chains(number: int, heads: Heads) -> Iterator[Break]:
    for scope, (seq, digest) in sorted(heads.items()):
        yield from _event(scope, seq, digest, f"checkpoint {number}")


def _event(scope: str, seq: int, digest: str, witness: str) -> Iterator[Break]:
    """Yield what is wrong with a chain of which a witness saw the event at ``seq`` with this hash."""
    if seq == 0:
        return
    found = AuditEvent.objects.filter(scope=scope, seq=seq).values_list("hash", flat=True).first()
    if found == digest:
        return
    if found is not None:
        yield Break(scope, seq, f"event {seq} or one before it was rewritten: {witness} saw another hash")
        return
    last = AuditEvent.objects.filter(scope=scope).order_by("-seq").values_list("seq", flat=True).first()
    if last is None:
        yield Break(scope, seq, f"the whole chain is gone: {witness} saw {seq} events")
    else:
        yield Break(scope, seq, f"the chain was shortened to {last} events: {witness} saw {seq}")


def kept(text: str, keys: Mapping[str, PublicKey]) -> Iterator[Break]:
    """Hold the record against what somebody else kept, and yield each place where the two differ. Raises NotGenuine."""
    for one in form.read(text, keys):
        if one.number:
            yield from _checkpoint(one)
        if one.scope:
            yield from _event(one.scope, one.seq, one.hash, "the receipt")


def _checkpoint(one: Kept) -> Iterator[Break]:
    row = AuditCheckpoint.objects.filter(number=one.number).first()
    if row is None:
        newest = AuditCheckpoint.objects.order_by("-number").first()
        there = f"its newest is {newest.number}" if newest else "it has none"
        yield Break(
            LIST,
            one.number,
            f"this server does not know checkpoint {one.number}, {there}: its record was set back, perhaps to a backup",
        )
        return
    if row.sha256 != one.sha256:
        yield Break(
            LIST,
            one.number,
            f"this server has another checkpoint {one.number} than the one that was kept: its record is a fork",
        )
        return
    heads = standing(row)
    yield from _rooted(row, heads)
    yield from _chains(row.number, heads)
