"""The project page: releases, drafts, people, tokens."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe
from packaging.version import Version

from drafts.access import gate
from drafts.access.roles import Act
from drafts.index.pages import file_url
from drafts.models import Project
from drafts.review import queue, runs, tokenrows
from drafts.review.queue import QueueRow
from drafts.review.tokenrows import TokenRow


@dataclass(frozen=True, slots=True)
class FileLine:
    """A published file on the project's page."""

    filename: str
    size: int
    sha256: str
    url: str
    uploaded_at: datetime


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """A published release on the project's page."""

    version: str
    published_at: datetime
    files: tuple[FileLine, ...]


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """What a member sees of a project."""

    name: str
    role: str
    releases: tuple[ReleaseRow, ...]
    drafts: tuple[QueueRow, ...]
    members: tuple[object, ...]
    tokens: tuple[TokenRow, ...]
    simple_url: str
    upload_url: str
    settings_url: str
    ci: runs.CiPanel
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
        members=tuple(
            {"email": row.user.email, "role": row.role} for row in who.project.members.select_related("user")
        ),
        tokens=tokenrows.rows(who.project) if who.may(Act.TOKENS) else (),
        simple_url=reverse("simple-project", args=[name]) if who.project.first_published_at else "",
        upload_url=reverse("upload-new", args=[name]) if who.may(Act.STAGE) else "",
        settings_url=reverse("project-settings", args=[name]) if who.may(Act.POLICY) else "",
        ci=runs.panel(who),
        token_url=reverse("token-make", args=[name]) if who.may(Act.TOKENS) else "",
    )
    return render(request, "review/project.html", {"p": page})


def _releases(project: Project) -> tuple[ReleaseRow, ...]:
    releases = sorted(
        project.releases.prefetch_related("files"), key=lambda row: Version(row.version), reverse=True
    )
    return tuple(
        ReleaseRow(
            version=release.version,
            published_at=release.published_at,
            files=tuple(
                FileLine(
                    file.filename,
                    file.size,
                    file.sha256,
                    file_url(file),
                    file.published_at or release.published_at,
                )
                for file in sorted(release.files.all(), key=lambda file: file.filename)
            ),
        )
        for release in releases
    )
