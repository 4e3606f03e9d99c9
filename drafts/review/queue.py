"""The queue: drafts that wait for you first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.models import User
from drafts.access import gate
from drafts.access.roles import Act, may
from drafts.intake.upload2.bodies import absolute
from drafts.models import Draft, DraftState, Project, Train, beside, standing
from drafts.models.drafts import DraftQuerySet
from drafts.review import evidencewords
from drafts.review import page as pages
from drafts.review import verdict as words
from drafts.review.rows import Level
from drafts.review.sight import Sight, see_all

_SHOWN = 100
_PUBLISHED = 20
_PHASES = {1: "staging", 2: "review", 3: "publishing"}


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One draft in a list."""

    project: str
    version: str
    url: str
    phase: int
    phase_word: str
    waits_for: str
    verdict_level: Level
    files: int
    evidence: str
    expires_at: datetime | None
    updated_at: datetime
    waits_for_you: bool = False


@gate.people
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Show the person's drafts: those that wait for them, the others, the lately published."""
    user = gate.user_of(request)
    q = request.GET.get("q", "").strip()[:100]
    roles = standing.roles_of(user)
    found = _found(user, q).live().order_by("expires_at")[:_SHOWN]
    ended = _found(user, q).filter(state=DraftState.PUBLISHED).order_by("-ended_at")[:_PUBLISHED]
    every = rows([*found, *ended], roles, user)
    live, published = every[: len(found)], every[len(found) :]
    live.sort(key=lambda row: not row.waits_for_you)  # whose approval is missing comes first
    mine = {Level.STOP, Level.WAIT, Level.YOU, Level.READY, Level.QUIET}
    context = {
        "q": q,
        "waiting": [row for row in live if row.verdict_level in mine and row.files],
        "others": [row for row in live if not (row.verdict_level in mine and row.files)],
        "published": published,
        "projects": [
            {"name": name, "url": reverse("project", args=[name])}
            for name in Project.objects.visible_to(user).order_by("name").values_list("name", flat=True)
        ],
        "upload_url": absolute(reverse("legacy")),
        "trains": Train.objects.visible_to(user).live().order_by("-made_at")[:_PUBLISHED],
    }
    return render(request, "review/queue.html", context)


def _found(user: User, q: str) -> DraftQuerySet:
    drafts = beside.said(Draft.objects.visible_to(user))
    if q:
        by = Q(files__staged_by_user__email__icontains=q) | Q(files__staged_by_token__label__icontains=q)
        drafts = drafts.filter(Q(project__name__icontains=q) | Q(version__icontains=q) | by).distinct()
    return drafts


def rows(drafts: Iterable[Draft], roles: Mapping[int, str], user: User | None = None) -> list[QueueRow]:
    """Return one row per draft, with what it waits for in a sentence; ``user``: who reads it."""
    return [row(sight, roles.get(sight.draft.project_id, ""), user) for sight in see_all(list(drafts))]


def row(sight: Sight, role: str, user: User | None = None) -> QueueRow:
    """Return one draft as a row, for a person of this role."""
    draft = sight.draft
    reader = user.pk if user is not None and may(role, Act.APPROVE) else None
    verdict = words.verdict(sight, may_publish=may(role, Act.PUBLISH), user_id=reader)
    phase = pages.phase(draft, has_files=bool(sight.files))
    return QueueRow(
        project=draft.project.name,
        version=draft.version,
        url=reverse("draft", args=[draft.project.name, draft.version]),
        phase=phase,
        phase_word=str(draft.state) if not draft.is_live else _PHASES[phase],
        waits_for=verdict.text,
        verdict_level=verdict.level,
        files=len(sight.files),
        evidence=evidencewords.short(sight.comparison) or "not compared",
        expires_at=draft.expires_at if draft.is_live else None,
        updated_at=draft.ended_at or draft.changed_at,
        waits_for_you=verdict.level == Level.YOU,
    )
