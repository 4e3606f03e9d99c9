"""Groups on pages: with which projects a project releases."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts import stepup
from drafts.access import gate
from drafts.access import groups as act
from drafts.access.gate import Member
from drafts.access.groups import BadGroup
from drafts.access.members import NotYours
from drafts.access.roles import Act
from drafts.models import Group, Project
from drafts.review import tokenrows


@gate.people
@require_safe
def group(request: HttpRequest, group: str) -> HttpResponse:
    """Show a group's projects; those that the person is no member of by name alone."""
    row = gate.group(request, group)
    mine = set(Project.objects.visible_to(gate.user_of(request)).values_list("pk", flat=True))
    page = {
        "group": row,
        "projects": [(project, project.pk in mine) for project in row.members()],
        **_tokens(request, group),
    }
    return render(request, "review/group.html", page)


def _tokens(request: HttpRequest, group: str) -> dict[str, object]:
    """Return the group's tokens, for who owns a project of it."""
    try:
        who = gate.group_owner(request, group)
    except PermissionDenied:
        return {}
    return {"tokens": tokenrows.of_group(who.group, who.owned), "is_owner": True, "may_make": who.owns_all}


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest, name: str) -> HttpResponse:
    """Ask which group, then put the project into it."""
    who = gate.member(request, name, Act.GROUP)
    if request.method != "POST":
        return _ask(request, who)
    try:
        wanted = act.spelled(request.POST.get("group", ""))
        proof = stepup.prove(request, act.purpose(who.project, wanted))
        act.choose(project=who.project, name=wanted, by=who.actor, proof=proof)
    except BadGroup as error:
        return _ask(request, who, f"Nothing was changed. {error}", 400)
    except stepup.NotProven as error:
        return _ask(request, who, str(error), 403)
    except NotYours as error:
        messages.error(request, f"Nothing was changed: {error}.")
        return redirect("project", name=name)
    messages.success(
        request, f"{name} releases with the group {wanted}." if wanted else f"{name} is in no group."
    )
    return redirect("group", wanted) if wanted else redirect("project", name=name)


def _ask(request: HttpRequest, who: Member, error: str = "", status: int = 200) -> HttpResponse:
    now: Group | None = Group.objects.of(who.project)
    page = {
        "project": who.project,
        "now": now,
        "groups": act.owned(who.user),
        "typed": request.POST.get("group", now.name if now else ""),
        "error": error,
    }
    return render(request, "review/group_choose.html", page, status=status)
