"""Draft links: who has one may read one draft, or all drafts of one train."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F
from django.http import Http404, HttpRequest
from django.utils import timezone

from drafts import secrets
from drafts.access.gate.presented import basic
from drafts.models import Draft, DraftLink, DraftState, Train, TrainLink, TrainState

POINTER_LIFETIME = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class DraftAccess:
    """A draft, or all drafts of a train, as a link opens them: read-only.

    ``ended`` when the link only points to what is public now. ``others`` are a train's further drafts.
    """

    link: DraftLink | TrainLink
    draft: Draft
    ended: bool
    others: tuple[Draft, ...] = ()
    train: Train | None = None

    @property
    def drafts(self) -> tuple[Draft, ...]:
        return (self.draft, *self.others)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the projects that the link opens, each once."""
        return tuple(sorted({draft.project.plain_name for draft in self.drafts}))

    def of(self, project: str) -> tuple[Draft, ...]:
        """Return the drafts of the project of this plain name; none for a name that the link does not open."""
        return tuple(draft for draft in self.drafts if draft.project.plain_name == project)


def draft_link(request: HttpRequest, token: str | None) -> DraftAccess:
    """Return what a link opens; the token stands in the path, or in Basic auth as the password of ``draft``.

    Wrong, expired, revoked and canceled are one and the same Http404: a resolver that meets 401 or 403 stops.
    """
    if token is None:
        user, token = basic(request) or ("", "")
        if user != "draft":
            raise Http404("Not found")
    row = _link_of(token)
    if row is None:
        raise Http404("Not found")
    return _of_train(row) if isinstance(row, TrainLink) else _of_draft(row)


def _of_draft(link: DraftLink) -> DraftAccess:
    ended = link.draft.state == DraftState.PUBLISHED
    if not (_points(link.draft.ended_at) if ended else _is_open(link.draft)):
        raise Http404("Not found")
    return DraftAccess(link, link.draft, ended)


def _of_train(link: TrainLink) -> DraftAccess:
    """Return the drafts that are in the train now; a canceled or expired one opens nothing, the others go on."""
    train = link.train
    rows = list(train.drafts.select_related("project").order_by("project__name", "pk"))
    ended = train.state == TrainState.PUBLISHED
    if ended and not _points(train.ended_at):
        rows = []
    found = rows if ended else [draft for draft in rows if _is_open(draft)]
    if not found:
        raise Http404("Not found")
    return DraftAccess(link, found[0], ended, tuple(found[1:]), train)


def _points(ended_at: datetime | None) -> bool:
    return ended_at is not None and ended_at + POINTER_LIFETIME >= timezone.now()


def _is_open(draft: Draft) -> bool:
    return draft.is_live and draft.expires_at > timezone.now()


def _link_of(token: str) -> DraftLink | TrainLink | None:
    handle = secrets.draft_token_handle(token)
    if handle is None:
        return None
    row: DraftLink | TrainLink | None = (
        DraftLink.objects.select_related("draft__project").valid().filter(handle=handle).first()
    )
    row = row or TrainLink.objects.select_related("train").valid().filter(handle=handle).first()
    if row is None or not secrets.is_draft_token(
        token, handle=handle, rotation=row.rotation, key_id=row.key_id
    ):
        return None
    return row


def count_use(link: DraftLink | TrainLink) -> None:
    """Count one fetch through a link (not an act: a counter)."""
    rows = type(link).objects.filter(pk=link.pk)
    rows.update(uses=F("uses") + 1, last_used_at=timezone.now())
