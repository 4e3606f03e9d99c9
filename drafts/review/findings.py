"""Findings: accept them with a reason, revoke that, see what a project accepts, have a file inspected again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from drafts.access import gate
from drafts.access.roles import Act
from drafts.inspection import accept as acts
from drafts.inspection.codes import TITLES
from drafts.models import NotEditable


@gate.people
@require_POST
def accept(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Accept a finding of the draft, for it alone or for the project."""
    who, draft = gate.draft(request, name, version, Act.FINDINGS)
    told = {key: request.POST.get(key, "") for key in ("code", "pattern", "reason")}
    everywhere = request.POST.get("scope") == "project"
    try:
        acts.accept(draft=draft, **told, everywhere=everywhere, user=who.user, by=who.actor)
    except (acts.NotAccepted, NotEditable) as error:
        messages.error(request, f"Nothing was accepted. {error}")
    else:
        where = f"every draft of {name}" if everywhere else "this draft"
        messages.success(request, f"Accepted in {where}. It stays listed, with your reason.")
    return redirect(f"{request.path.partition('findings/')[0]}#findings")


@gate.people
@require_POST
def revoke(request: HttpRequest, name: str, remembered_id: int) -> HttpResponse:
    """Take an acceptance back."""
    who = gate.member(request, name, Act.FINDINGS)
    try:
        row = acts.revoke(project=who.project, remembered=remembered_id, user=who.user, by=who.actor)
    except acts.NotAccepted as error:
        messages.error(request, f"Nothing was revoked. {error}")
    else:
        messages.success(request, f"Revoked: findings of {row.code} count again.")
    return redirect("remembered", name=name)


@gate.people
@require_safe
def remembered(request: HttpRequest, name: str) -> HttpResponse:
    """List what the project accepts and accepted, newest first."""
    who = gate.member(request, name, Act.SEE)
    rows = who.project.remembered.select_related("by", "revoked_by", "draft").order_by("-at")[:500]
    titles = {str(code): title for code, title in TITLES.items()}
    context = {
        "project": who.project,
        "rows": [{"row": row, "title": titles.get(row.code, row.code)} for row in rows],
        "may_revoke": who.may(Act.FINDINGS),
    }
    return render(request, "review/remembered.html", context)


@gate.people
@require_POST
def again(request: HttpRequest, name: str, version: str, filename: str) -> HttpResponse:
    """Have a file inspected again whose inspection failed."""
    who, draft = gate.draft(request, name, version, Act.FINDINGS)
    try:
        acts.again(draft=draft, filename=filename, by=who.actor)
    except (acts.NotAccepted, NotEditable) as error:
        messages.error(request, f"Nothing was ordered. {error}")
    else:
        messages.success(request, f"{filename} is being inspected again.")
    return redirect("file-page", name=name, version=version, filename=filename)
