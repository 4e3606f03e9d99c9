"""The operators' pages: what stands still, what is in quarantine, and one project as they see it."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from packaging.version import Version

from accounts import stepup
from drafts.access import gate, operators
from drafts.access.operators import NoReason, NotOperator
from drafts.models import Draft, Project, ReadOnly, Release

_MOST = 50
_REFUSED = (stepup.NotProven, NoReason, NotOperator)


@dataclass(frozen=True, slots=True)
class HeldRow:
    """Something in quarantine."""

    name: str
    url: str
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """A published release, as operators see it: how many files, and whether it is held."""

    version: str
    files: int
    published_at: datetime
    reason: str
    url: str


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A draft's name and state; what is in it is looked into by an act."""

    version: str
    state: str
    opened_at: datetime
    url: str


def _url(name: str) -> str:
    return reverse("operators-project", args=[name])


@gate.operators
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show what operators decide about the server as a whole."""
    return _overview(request)


def _overview(request: HttpRequest, *, error: str = "", status: int = 200) -> HttpResponse:
    q = request.GET.get("q", "").strip()[:200]
    found = Project.objects.filter(name__icontains=q).order_by("name")
    page = {
        "still": ReadOnly.now(),
        "held": _held(),
        "q": q,
        "projects": [{"name": row.name, "url": _url(row.name)} for row in found[:_MOST]],
        "count": found.count(),
        "most": _MOST,
        "error": error,
        "reason": request.POST.get("reason", ""),
    }
    return render(request, "operators/overview.html", page, status=status)


def _held() -> list[HeldRow]:
    projects = Project.objects.exclude(quarantined_at=None)
    releases = Release.objects.exclude(quarantined_at=None).select_related("project")
    rows: list[tuple[str, str, Project | Release]] = [
        *((str(row), _url(row.name), row) for row in projects),
        *((str(row), _url(row.project.name), row) for row in releases),
    ]
    found = [
        HeldRow(name, url, row.quarantined_at, row.quarantine_reason)
        for name, url, row in rows
        if row.quarantined_at
    ]
    return sorted(found, key=lambda row: row.since, reverse=True)


@gate.operators
@require_POST
def read_only(request: HttpRequest) -> HttpResponse:
    """Make the server read-only, or writable again; the button says which."""
    who, on = gate.operator(request), request.POST.get("act") == "on"
    try:
        if on:
            operators.said(request.POST.get("reason", ""))  # before a code is spent
        proof = stepup.prove(request, operators.switch_purpose(on=on))
        if on:
            operators.make_read_only(reason=request.POST.get("reason", ""), by=who.actor, proof=proof)
        else:
            operators.make_writable(by=who.actor, proof=proof)
    except _REFUSED as error:
        return _overview(request, error=str(error), status=403)
    messages.success(request, "The server is read-only now." if on else "The server takes changes again.")
    return redirect("operators")


def project_named(name: str) -> Project:
    """Return a project for operators. Raises Http404."""
    row = Project.objects.filter(name=name).first()
    if row is None:
        raise Http404(f"There is no project {name}.")
    return row


@gate.operators
@require_safe
def project(request: HttpRequest, name: str) -> HttpResponse:
    """Show what operators may know of a project without looking into its drafts."""
    row = project_named(name)
    page = {
        "project": row,
        "status": row.shown_status,
        "releases": _releases(row),
        "drafts": [
            DraftRow(
                draft.version, draft.state, draft.opened_at, reverse("operators-look", args=[name, draft.pk])
            )
            for draft in Draft.objects.live().filter(project=row).order_by("-pk")
        ],
        "owners": row.members.filter(role="owner").select_related("user").order_by("user__email"),
    }
    return render(request, "operators/project.html", page)


def _releases(project: Project) -> list[ReleaseRow]:
    rows = project.releases.prefetch_related("files")
    return [
        ReleaseRow(
            version=row.version,
            files=len(row.files.all()),
            published_at=row.published_at,
            reason=row.quarantine_reason,
            url=reverse("operators-quarantine", args=[project.name]) + f"?version={row.version}",
        )
        for row in sorted(rows, key=lambda row: Version(row.version), reverse=True)
    ]


@gate.operators
@require_http_methods(["GET", "HEAD", "POST"])
def look(request: HttpRequest, name: str, draft_id: int) -> HttpResponse:
    """Ask why an operator looks into a draft that is not theirs; then open its pages to them for an hour."""
    who = gate.operator(request)
    row = Draft.objects.select_related("project").filter(Q(project__name=name), pk=draft_id).first()
    if row is None:
        raise Http404("There is no such draft.")
    if request.method != "POST":
        return _ask(request, row)
    reason = request.POST.get("reason", "")
    try:
        operators.said(reason)  # before a code is spent
        proof = stepup.prove(request, operators.look_purpose(row))
        operators.look_into(draft=row, reason=reason, by=who.actor, proof=proof)
    except _REFUSED as error:
        return _ask(request, row, error=str(error), status=403)
    messages.info(request, f"You look into {row} for an hour. Its owners are told.")
    return redirect("draft", name=name, version=row.version)


def _ask(request: HttpRequest, draft: Draft, *, error: str = "", status: int = 200) -> HttpResponse:
    page = {"draft": draft, "error": error, "reason": request.POST.get("reason", "")}
    return render(request, "operators/look.html", page, status=status)
