"""Who may read the published index: everybody, or where it is private, who shows a read token or is a signed-in member."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from drafts import secrets
from drafts.access import gate
from drafts.access.gate import DraftAccess, NoCredential
from drafts.access.limits import within
from drafts.models import IndexToken, Project, Space, Token, TokenKind

M = TypeVar("M", bound=Model)
_MARK_EVERY = timedelta(minutes=1)
_WHO = (
    "This index is private: user name __token__, password a read token (pcr_…). Members may sign in instead."
)


class Event(StrEnum):
    """What can happen to a token that reads the whole index."""

    MADE = "index-token:made"
    REVOKED = "index-token:revoked"


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose projects may be read: all, or these."""

    everything: bool = False
    projects: frozenset[int] = frozenset()

    def may(self, project_id: int) -> bool:
        """Say whether a project may be read."""
        return self.everything or project_id in self.projects

    def of(self, rows: QuerySet[M], field: str) -> QuerySet[M]:
        """Return those of the rows whose project, named by the field, may be read."""
        return rows if self.everything else rows.filter(**{f"{field}__in": self.projects})


EVERYBODY = Reader(everything=True)


def reader(request: HttpRequest) -> Reader:
    """Return what a request may read. Raises NoCredential on a private index, in the same words whatever was asked for."""
    if not settings.INDEX_IS_PRIVATE:
        return EVERYBODY
    if text := gate.presented_token(request):
        return _of_token(request, secrets.token_digest(text))
    if isinstance(request.user, User) and request.user.is_enrolled:
        rows = Project.objects.visible_to(request.user)
        return Reader(projects=frozenset(rows.values_list("pk", flat=True)))
    raise NoCredential(_WHO)


def through(access: DraftAccess) -> Reader:
    """Return what a link's overlay may show of the published index beside its own projects.

    On a private index: nothing, or, where the link's maker ticked it, what the maker may read at this moment.
    """
    if not settings.INDEX_IS_PRIVATE:
        return EVERYBODY
    maker = access.link.created_by if access.link.with_others else None
    if maker is None or not (maker.is_active and maker.is_enrolled):
        return Reader()
    rows = Project.objects.visible_to(maker).filter(space=Space.INDEX)
    return Reader(projects=frozenset(rows.values_list("pk", flat=True)))


def _of_token(request: HttpRequest, digest: str) -> Reader:
    whole = IndexToken.objects.valid().filter(token_sha256=digest).first()
    if whole is not None:
        _mark(whole)
        return EVERYBODY
    tokens = list(Token.objects.valid().filter(token_sha256=digest, kind=TokenKind.READ).order_by("pk"))
    address = audit.Origin.of(request).address
    if not tokens or (tokens[0].addresses and not within(address, tokens[0].addresses)):
        raise NoCredential(_WHO)
    _mark(tokens[0])
    return Reader(projects=frozenset(token.project_id for token in tokens))


def _mark(token: Token | IndexToken) -> None:
    """Note when it was used last (not an act: a mark, throttled)."""
    now = timezone.now()
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - _MARK_EVERY)
    type(token).objects.filter(stale, pk=token.pk).update(last_used_at=now)


@transaction.atomic
def make(*, label: str, days: int, by: Actor) -> tuple[IndexToken, str]:
    """Make a token that reads the whole index, and return it with its text, which is shown this once."""
    text, digest = secrets.new_token(secrets.Prefix.READ)
    row = IndexToken.objects.create(
        label=label.strip()[:200] or "read token",
        token_sha256=digest,
        expires_at=timezone.now() + timedelta(days=days),
    )
    audit.record(Event.MADE, on=row, by=by, days=days)
    return row, text


@transaction.atomic
def revoke(*, token: IndexToken, by: Actor) -> bool:
    """Revoke a token that reads the whole index, at once. False when it was revoked before."""
    if IndexToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()) == 0:
        return False
    audit.record(Event.REVOKED, on=token, by=by)
    return True
