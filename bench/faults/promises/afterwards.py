"""Promise 7 for what happens to published releases: yanked, closed, scheduled and ordered as the events say."""

from collections import Counter
from collections.abc import Iterator

from accounts.models import AuditEvent
from drafts.models import Draft, DraftState, File, Release, StandingOrder


def as_told() -> Iterator[str]:
    """Play the events again, and compare with the rows what they lead to."""
    yield from _yanked()
    yield from _closed()
    yield from _scheduled()
    yield from _orders()


def _yanked() -> Iterator[str]:
    wanted: dict[tuple[str, str], str | None] = {}
    rows = AuditEvent.objects.filter(event__in=("draft:published", "release:yanked", "release:unyanked"))
    for row in rows.order_by("scope", "seq"):
        for name in row.details.get("files", ()):
            said = row.details.get("yanked" if row.event == "draft:published" else "reason")
            wanted[row.scope, name] = said
    for file in File.objects.published().select_related("draft"):
        said = wanted.get((f"project:{file.draft.project_id}", file.filename))
        if said != file.yanked:
            yield f"{file.filename} is yanked for '{file.yanked}', and the events say '{said}'"


def _closed() -> Iterator[str]:
    for release in Release.objects.select_related("project"):
        scope = f"project:{release.project_id}"
        rows = AuditEvent.objects.filter(scope=scope, on_label=str(release))
        last = rows.filter(event__in=("release:closed", "release:reopened")).order_by("seq").last()
        published = rows.filter(event="draft:published", details__closed=True)
        if last is not None:
            published = published.filter(seq__gt=last.seq)
        by_hand = last is not None and last.event == "release:closed"
        wanted = published.exists() or by_hand
        is_closed = release.closed_at is not None and release.reopened_until is None
        if is_closed != wanted:
            yield f"{release} is {'closed' if is_closed else 'not closed'}, and the events say otherwise"


def _scheduled() -> Iterator[str]:
    """Count for each draft: what was scheduled began, was taken back or canceled, was ended with its draft, or waits."""
    told = Counter(
        (row.on_id, "draft:scheduled" if row.event == "draft:scheduled" else "ended")
        for row in AuditEvent.objects.filter(on_kind="draft", event__startswith="draft:")
        if row.event.startswith("draft:schedule") or "scheduled_by" in row.details
    )
    for draft in Draft.objects.all():
        began, ended = told[str(draft.pk), "draft:scheduled"], told[str(draft.pk), "ended"]
        left = began - ended - int(draft.publish_at is not None)
        if left not in ({0, 1} if draft.state == DraftState.CANCELED else {0}):
            yield f"{draft} was scheduled {began} times, and {ended} of these ended"


def _orders() -> Iterator[str]:
    counted = Counter(AuditEvent.objects.filter(on_kind="order").values_list("event", "on_id"))
    for order in StandingOrder.objects.all():
        ended = counted["order:revoked", str(order.pk)] + counted["order:void", str(order.pk)]
        if (counted["order:given", str(order.pk)], ended) != (1, int(order.ended_at is not None)):
            yield f"{order}: its events and its row do not say the same"
