"""Putting a project or a release into quarantine, and lifting that: operators, with a reason and a second factor."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods
from packaging.utils import canonicalize_version

from accounts import stepup
from drafts.access import gate, operators
from drafts.access.operators import NoReason, NotOperator
from drafts.models import Project, Release
from drafts.publishing import quarantine as holding
from drafts.publishing.quarantine import Held
from drafts.review.operating import project_named


def _held(name: str, version: str) -> Held:
    project = project_named(name)
    if not version:
        return project
    row = Release.objects.filter(project=project, version_key=canonicalize_version(version)).first()
    if row is None:
        raise Http404(f"{name} has no published release {version}.")
    row.project = project
    return row


@gate.operators
@require_http_methods(["GET", "HEAD", "POST"])
def quarantine(request: HttpRequest, name: str) -> HttpResponse:
    """Ask, then put a project (or the release that ``version`` names) into quarantine; where it is held, lift that."""
    who = gate.operator(request)
    held = _held(name, request.GET.get("version", "")[:200])
    if request.method != "POST":
        return _ask(request, held)
    lifts, reason = request.POST.get("act") == "lift", request.POST.get("reason", "")
    try:
        if not lifts:
            operators.said(reason)  # before a code is spent
        proof = stepup.prove(request, holding.purpose(held, lift=lifts))
        if lifts:
            holding.lift(held=held, by=who.actor, proof=proof)
        else:
            holding.begin(held=held, reason=reason, by=who.actor, proof=proof)
    except (stepup.NotProven, NoReason, NotOperator) as error:
        return _ask(request, held, error=str(error), status=403)
    done = "is out of quarantine" if lifts else "is in quarantine: no page lists its files"
    messages.success(request, f"{held} {done}.")
    return redirect("operators-project", name=name)


def _ask(request: HttpRequest, held: Held, *, error: str = "", status: int = 200) -> HttpResponse:
    project = held if isinstance(held, Project) else held.project
    page = {
        "held": held,
        "project": project,
        "is_project": isinstance(held, Project),
        "error": error,
        "reason": request.POST.get("reason", ""),
    }
    return render(request, "operators/quarantine.html", page, status=status)
