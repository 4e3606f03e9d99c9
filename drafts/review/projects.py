"""The project page: releases, drafts, people, tokens."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from packaging.version import Version

from accounts.models import FactorHold
from drafts.access import gate
from drafts.access.gate import Member
from drafts.access.roles import Act
from drafts.models import Project
from drafts.review import publishers, queue, releases, runs, tokenrows
from drafts.review.queue import QueueRow
from drafts.review.releases import ReleaseView
from drafts.review.tokenrows import TokenRow


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member on the project's page; ``held_until`` where their second factors do not publish yet."""

    email: str
    role: str
    held_until: datetime | None
    confirm_url: str


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """What a member sees of a project."""

    name: str
    role: str
    releases: tuple[ReleaseView, ...]
    drafts: tuple[QueueRow, ...]
    members: tuple[MemberRow, ...]
    tokens: tuple[TokenRow, ...]
    simple_url: str
    upload_url: str
    settings_url: str
    ci: runs.CiPanel
    publishers: publishers.PublishersPanel
    token_url: str


@gate.people
@require_safe
def project(request: HttpRequest, name: str) -> HttpResponse:
    """Show a project to its members."""
    who = gate.member(request, name, Act.SEE)
    page = ProjectPage(
        name=who.project.name,
        role=who.role,
        releases=_releases(who.project),
        drafts=tuple(
            queue.rows(
                who.project.drafts.live().select_related("project").order_by("-pk"),
                {who.project.pk: who.role},
            )
        ),
        members=_members(who),
        tokens=tokenrows.rows(who.project) if who.may(Act.TOKENS) else (),
        simple_url=reverse("simple-project", args=[name]) if who.project.first_published_at else "",
        upload_url=reverse("upload-new", args=[name]) if who.may(Act.STAGE) else "",
        settings_url=reverse("project-settings", args=[name]) if who.may(Act.POLICY) else "",
        ci=runs.panel(who),
        publishers=publishers.panel(who),
        token_url=reverse("token-make", args=[name]) if who.may(Act.TOKENS) else "",
    )
    return render(request, "review/project.html", {"p": page})


def _members(who: Member) -> tuple[MemberRow, ...]:
    rows = list(who.project.members.select_related("user"))
    held: dict[int, datetime] = {}
    for hold in (
        FactorHold.objects.standing().filter(user__in=[row.user_id for row in rows]).order_by("until")
    ):
        held[hold.user_id] = hold.until
    return tuple(
        MemberRow(
            email=row.user.email,
            role=row.role,
            held_until=held.get(row.user_id),
            confirm_url=reverse("member-confirm", args=[who.project.name, row.user_id])
            if row.user_id in held and row.user_id != who.user.pk and who.may(Act.VOUCH)
            else "",
        )
        for row in rows
    )


def _releases(project: Project) -> tuple[ReleaseView, ...]:
    rows = project.releases.select_related("project").prefetch_related("files")
    return tuple(
        releases.view(row) for row in sorted(rows, key=lambda row: Version(row.version), reverse=True)
    )
