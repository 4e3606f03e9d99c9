"""Promise 6: who decided each publish – a person at the click, a person for a time, or an owner's standing order."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import QuerySet

from accounts.models import AuditEvent
from bench.faults.promises.state import State
from drafts.access.roles import Act, may
from drafts.models import Draft, DraftState, File, Membership, StandingOrder

_SECOND_FACTORS = {"totp"}


def publishing_was_decided_by_a_person(state: State) -> Iterator[str]:
    """Promise 6: before every publish there is the decision of a maintainer, with a second factor, for that fingerprint.

    It may lie before the publish (a schedule), and it may be an owner's standing order, under its terms.
    """
    for draft in Draft.objects.filter(state=DraftState.PUBLISHED):
        events = AuditEvent.objects.filter(on_kind="draft", on_id=str(draft.pk)).order_by("seq")
        ended = events.filter(event="draft:published").first()
        decided = events.filter(event="draft:publishing", seq__lt=ended.seq if ended else 0).last()
        if decided is None:
            yield f"{draft} is published, and nobody decided it"
            continue
        yield from _decided(state, draft, events, decided)
        if decided.digest != draft.publishing_fingerprint or (ended and ended.digest != decided.digest):
            yield f"{draft}: what was decided and what was published have different fingerprints"
        if ended and _options(ended) != _options(decided):
            yield f"{draft}: it was published in another way than was decided: yanked first, or closed"
        role = Membership.objects.filter(project=draft.project_id, user=draft.publishing_by_id).first()
        if role is None or not may(role.role, Act.PUBLISH):
            yield f"{draft} was published by somebody who may not publish it"


def _options(event: AuditEvent) -> tuple[object, object]:
    return event.details.get("yanked"), event.details.get("closed")


def _decided(state: State, draft: Draft, events: QuerySet[AuditEvent], decided: AuditEvent) -> Iterator[str]:
    if "order" in decided.details:
        yield from _by_an_order(state, draft, events, decided)
    elif "scheduled_by" in decided.details:
        yield from _at_its_time(draft, events, decided)
    elif decided.actor_kind != "person" or decided.details.get("method") not in _SECOND_FACTORS:
        yield f"{draft} was published by {decided.actor_kind} without a second factor"


def _at_its_time(draft: Draft, events: QuerySet[AuditEvent], decided: AuditEvent) -> Iterator[str]:
    """Look for the one decision of a person behind a publish that began by itself."""
    said = events.filter(event="draft:scheduled", seq__lt=decided.seq).last()
    if said is None or said.actor_kind != "person" or said.details.get("method") not in _SECOND_FACTORS:
        yield f"{draft} was published at a time that nobody chose with a second factor"
        return
    if said.digest != decided.digest:
        yield f"{draft} was published at its time with other files than were scheduled"
    if _options(said) != _options(decided):
        yield f"{draft} was published at its time in another way than was scheduled: yanked first, or closed"
    if datetime.fromisoformat(said.details["at"]) > decided.at:
        yield f"{draft} was published before the time that was chosen"
    between = events.filter(seq__gt=said.seq, seq__lt=decided.seq)
    if between.filter(event__startswith="draft:schedule-").exists():
        yield f"{draft} was published at a time that was taken back"
    if between.filter(event="draft:publishing").exists():
        yield f"{draft}: one schedule began two publishes"


def _by_an_order(
    state: State, draft: Draft, events: QuerySet[AuditEvent], decided: AuditEvent
) -> Iterator[str]:
    """Hold a publish without a click against the terms of chapter and page, read from rows and events alone."""
    order = StandingOrder.objects.filter(pk=decided.details["order"], project=draft.project_id).first()
    if order is None:
        yield f"{draft} was published by an order that there is not"
        return
    given = AuditEvent.objects.filter(event="order:given", on_kind="order", on_id=str(order.pk)).first()
    if given is None or given.actor_kind != "person" or given.details.get("method") not in _SECOND_FACTORS:
        yield f"{draft} was published by an order that nobody gave with a second factor"
    ended = events.filter(event="draft:published").last()
    until = min(filter(None, (order.ended_at, order.expires_at)))
    if not order.given_at <= decided.at <= (ended.at if ended else decided.at) <= until:
        yield f"{draft} was published by an order that did not stand"
    word = events.filter(event="draft:complete-said", seq__lt=decided.seq).last()
    if word is None or word.actor_kind != "publisher" or word.digest != decided.digest:
        yield f"{draft} was published by an order, and its job did not say that it is complete"
    if decided.details.keys() & {"yanked", "closed"}:
        yield f"{draft} was published by an order, with options that only a person chooses"
    for file in draft.files.select_related("staged_by_token"):
        yield from _not_for_an_order(state, file)


def _not_for_an_order(state: State, file: File) -> Iterator[str]:
    token = file.staged_by_token
    if file.superseded_by_id is not None:
        yield f"{file.filename} was replaced, and an order published {file.draft}"
    elif file.release_id is not None and (token is None or token.publisher_id is None):
        yield f"{file.filename} was staged by no trusted publisher, and an order published it"
    elif file.release_id is not None and file.sha256 not in state.ledger.logged:
        yield f"{file.filename} is in no log of CI, and an order published it"
