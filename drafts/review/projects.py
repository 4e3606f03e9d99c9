"""The project page: releases, drafts, people, tokens."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from packaging.version import Version

from accounts.models import FactorHold
from drafts.access import gate, sandboxes
from drafts.access.gate import Member
from drafts.access.roles import Act
from drafts.index import windows
from drafts.models import Group, Project, standing
from drafts.review import publishers, queue, releases, runs, targets, tokenrows
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
    target: targets.TargetPanel
    token_url: str
    group: str
    group_url: str
    status: str = "active"
    status_reason: str = ""
    status_url: str = ""
    audit_url: str = ""
    order_url: str = ""
    ends_at: datetime | None = None  # of a sandbox
    install: str = ""


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
                who.user,
            )
        ),
        members=_members(who),
        tokens=tokenrows.rows(who.project) if who.may(Act.TOKENS) else (),
        simple_url=reverse("simple-project", args=[name]) if who.project.first_published_at else "",
        upload_url=reverse("upload-new", args=[name])
        if who.may(Act.STAGE) and who.project.takes_uploads
        else "",
        settings_url=reverse("project-settings", args=[name]) if who.may(Act.POLICY) else "",
        ci=runs.panel(who),
        publishers=publishers.panel(who),
        token_url=reverse("token-make", args=[name]) if who.may(Act.TOKENS) else "",
        **_group(who),
        status=who.project.shown_status[0],
        status_reason=who.project.shown_status[1],
        status_url=reverse("project-status", args=[name]) if who.may(Act.STATUS) else "",
        audit_url=reverse("project-audit", args=[name]) if who.may(Act.AUDIT) else "",
        target=targets.panel(who),
        order_url=reverse("order", args=[name]) if who.may(Act.REVOKE_ORDER) else "",
        **_sandbox(who.project),
    )
    return render(request, "review/project.html", {"p": page})


def _sandbox(project: Project) -> dict[str, Any]:
    """Return when a sandbox ends, and the line that installs from it what is published."""
    if not project.is_sandbox:
        return {}
    line = f"pip install --index-url {settings.PRESSCHECK_URL}{reverse('sandbox-root')} {project.plain_name}"
    return {
        "ends_at": sandboxes.ends([project])[project.pk],
        "install": line if project.first_published_at else "",
    }


def _group(who: Member) -> dict[str, Any]:
    """Return the project's group, and where its owners choose it and others look at it."""
    found: Group | None = Group.objects.of(who.project)
    name = found.name if found else ""
    if who.may(Act.GROUP):
        return {"group": name, "group_url": reverse("group-choose", args=[who.project.name])}
    return {"group": name, "group_url": reverse("group", args=[name]) if name else ""}


def _members(who: Member) -> tuple[MemberRow, ...]:
    everybody = standing.standings(who.project)
    held: dict[int, datetime] = {}
    people = [one.user.pk for one in everybody]
    for hold in FactorHold.objects.standing().filter(user__in=people).order_by("until"):
        held[hold.user_id] = hold.until
    return tuple(
        MemberRow(
            email=one.user.email,
            role=one.role,
            held_until=held.get(one.user.pk),
            confirm_url=reverse("member-confirm", args=[who.project.name, one.user.pk])
            if one.user.pk in held and one.user.pk != who.user.pk and who.may(Act.VOUCH)
            else "",
        )
        for one in everybody
    )


def _releases(project: Project) -> tuple[ReleaseView, ...]:
    rows = project.releases.select_related("project").prefetch_related("files")
    known = windows.of_project(project).standings
    return tuple(
        releases.view(row, standing=known[row.pk])
        for row in sorted(rows, key=lambda row: Version(row.version), reverse=True)
    )
