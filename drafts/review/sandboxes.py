"""The sandbox's page: what it is for, a person's own, and making one."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.audit import Actor, Origin
from accounts.models import User
from drafts.access import gate
from drafts.access import sandboxes as act
from drafts.access.projects import BadProject
from drafts.intake.upload2.bodies import absolute
from drafts.models import Project


@dataclass(frozen=True, slots=True)
class SandboxRow:
    """A sandbox that the person is a member of."""

    name: str
    url: str
    releases: int
    ends_at: datetime


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def sandboxes(request: HttpRequest) -> HttpResponse:
    """Show what the sandbox is and a person's own; on POST make one."""
    user = gate.user_of(request)
    if request.method != "POST":
        return _page(request, user)
    name = request.POST.get("name", "")
    try:
        act.must_not_be_upstream(name)
        made = act.make(name=name, user=user, by=Actor.person(user, Origin.of(request)))
    except BadProject as error:
        return _page(request, user, f"No sandbox was made: {error}.", 400)
    messages.success(request, f"{made} is made. Make an upload token, and send it a first wheel.")
    return redirect("project", name=made.name)


def _page(request: HttpRequest, user: User, error: str = "", status: int = 200) -> HttpResponse:
    rows = list(Project.objects.sandboxes().visible_to(user).prefetch_related("releases").order_by("name"))
    ends = act.ends(rows)
    owned = act.owned(user).count()
    page = {
        "rows": [
            SandboxRow(row.name, reverse("project", args=[row.name]), len(row.releases.all()), ends[row.pk])
            for row in rows
        ],
        "owned": owned,
        "most": settings.SANDBOXES_EACH,
        "days": settings.SANDBOX_LIFETIME_DAYS,
        "quota": settings.SANDBOX_QUOTA,
        "simple_url": absolute(reverse("sandbox-root")),
        "upload_url": absolute(reverse("sandbox-legacy")),
        "name": request.POST.get("name", ""),
        "error": error,
    }
    return render(request, "review/sandboxes.html", page, status=status)
