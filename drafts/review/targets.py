"""The page on which owners say where a project's files go besides this index. Secrets are written here and never shown."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts import stepup
from drafts.access import gate
from drafts.access.gate import Member
from drafts.access.members import NotYours
from drafts.access.roles import Act
from drafts.models import Project, Target
from drafts.notify import standard_webhooks
from drafts.publishing.targets import setting as act
from drafts.review.answers import CONFLICT

_TEXTS = (
    "kind",
    "uploader",
    "upload_url",
    "index_url",
    "username",
    "secret",
    "hook_url",
    "environment",
    "app_id",
)


@dataclass(frozen=True, slots=True)
class TargetPanel:
    """What the project's page says of its upstream target."""

    label: str = ""
    by_ci: bool = False
    error: str = ""
    leaves_at: datetime | None = None
    set_url: str = ""


@dataclass(frozen=True, slots=True)
class TargetPage:
    """What the form shows: what is set, or what was typed and refused; and what the last look found."""

    project: str
    wanted: act.Wanted
    error: str = ""
    row: Target | None = None
    newest: str = ""
    leaves_by: str = ""
    other_owner: bool = False
    new_secret: str = ""


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def target(request: HttpRequest, name: str) -> HttpResponse:
    """Show where files go; on POST check the form, then the code, then set it."""
    who = gate.member(request, name, Act.TARGET)
    if request.method != "POST":
        return _show(request, who)
    wanted = _typed(request)
    try:
        act.check_shape(wanted)  # before a code is spent
        proof = stepup.prove(request, act.purpose(who.project))
        row = act.set_target(project=who.project, wanted=wanted, by=who.actor, proof=proof)
    except act.BadTarget as error:
        return _show(request, who, wanted, f"Nothing was changed. {error}", 400)
    except (stepup.NotProven, NotYours) as error:
        return _show(request, who, wanted, str(error), 403)
    messages.success(
        request, f"Releases of {name} go to {row} as well from now on. Its index is being looked at."
    )
    return redirect("target", name=name)


@gate.people
@require_POST
def remove(request: HttpRequest, name: str) -> HttpResponse:
    """Have the target removed, in 24 hours or by a second owner at once."""
    who = gate.member(request, name, Act.TARGET)
    try:
        proof = stepup.prove(request, act.purpose(who.project))
        row = act.remove(project=who.project, by=who.actor, proof=proof)
    except act.BadTarget as error:
        return _show(request, who, None, f"Nothing was changed. {error}", CONFLICT)
    except (stepup.NotProven, NotYours) as error:
        return _show(request, who, None, str(error), 403)
    when = f"is removed on {row.leaves_at:%d %B at %H:%M} UTC" if not row.ended_at else "is removed"
    messages.success(request, f"{row} {when}. All owners are told.")
    return redirect("target", name=name)


@gate.people
@require_POST
def keep(request: HttpRequest, name: str) -> HttpResponse:
    """Keep a target whose removal is not effective yet."""
    who = gate.member(request, name, Act.TARGET)
    try:
        proof = stepup.prove(request, act.purpose(who.project))
        kept = act.keep(project=who.project, by=who.actor, proof=proof)
    except (stepup.NotProven, NotYours) as error:
        return _show(request, who, None, str(error), 403)
    if kept:
        messages.success(request, "The target stays.")
    return redirect("target", name=name)


def panel(who: Member) -> TargetPanel:
    """Return what the project's page says of the target."""
    row = Target.objects.of(who.project)
    url = reverse("target", args=[who.project.name]) if who.may(Act.TARGET) else ""
    if row is None:
        return TargetPanel(set_url=url)
    return TargetPanel(str(row), row.by_ci, row.check_error, row.leaves_at, url)


def _typed(request: HttpRequest) -> act.Wanted:
    typed = {name: request.POST.get(name, "").strip()[:1000] for name in _TEXTS}
    return act.Wanted(
        **typed,
        takes_attestations="takes_attestations" in request.POST,
        app_key=request.POST.get("app_key", "").strip()[:10_000],
    )


def _show(
    request: HttpRequest, who: Member, typed: act.Wanted | None = None, error: str = "", status: int = 200
) -> HttpResponse:
    row = _row(who.project)
    page = TargetPage(
        project=who.project.name,
        wanted=typed or (_kept(row) if row else act.Wanted()),
        error=error,
        row=row,
        newest=str(row.known.get("newest", "")) if row else "",
        leaves_by=str(row.leaves_by or "") if row else "",
        other_owner=bool(row and row.leaves_by_id and row.leaves_by_id != who.user.pk),
        new_secret=standard_webhooks.new_secret(),
    )
    return render(request, "review/target.html", {"page": page}, status=status)


def _row(project: Project) -> Target | None:
    return Target.objects.standing().filter(project=project).select_related("leaves_by").first()


def _kept(row: Target) -> act.Wanted:
    names = ("kind", "uploader", "upload_url", "index_url", "username", "hook_url", "environment", "app_id")
    return act.Wanted(
        **{name: getattr(row, name) for name in names}, takes_attestations=row.takes_attestations
    )
