"""A project's status, for its owners: active, deprecated or archived, with the reason that everybody reads."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts import stepup
from drafts.access import gate
from drafts.access.gate import Member
from drafts.access.members import NotYours
from drafts.access.roles import Act
from drafts.models import ProjectStatus
from drafts.publishing import status as statuses

_UNKNOWN = "Nothing was changed: choose active, deprecated or archived."


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def status(request: HttpRequest, name: str) -> HttpResponse:
    """Show what a project says of itself; on POST check the code, then change it."""
    who = gate.member(request, name, Act.STATUS)
    if request.method != "POST":
        return _show(request, who, who.project.status, who.project.status_reason)
    chosen, reason = request.POST.get("status", ""), statuses.spelled(request.POST.get("reason", ""))
    if chosen not in set(ProjectStatus):
        return _show(request, who, chosen, reason, error=_UNKNOWN, code=400)
    wanted = ProjectStatus(chosen)
    try:
        proof = stepup.prove(request, statuses.purpose(who.project, wanted, reason))
        changed = statuses.change(
            project=who.project, status=wanted, reason=reason, by=who.actor, proof=proof
        )
    except stepup.NotProven as error:
        return _show(request, who, chosen, reason, error=str(error), code=403)
    except NotYours as error:
        messages.error(request, f"Nothing was changed: {error}.")
    else:
        said = f"{who.project} is {wanted} now." if changed else "It was so already: nothing changed."
        messages.success(request, said)
    return redirect("project", name=name)


def _show(
    request: HttpRequest, who: Member, chosen: str, reason: str, *, error: str = "", code: int = 200
) -> HttpResponse:
    page = {"project": who.project, "chosen": chosen, "reason": reason, "error": error}
    return render(request, "review/status.html", page, status=code)
