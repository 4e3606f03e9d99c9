"""Draft links on the draft page: make one, revoke one."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from drafts.access import gate, links
from drafts.access.roles import Act
from drafts.models import NotEditable


@gate.people
@require_POST
def make(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Make a link for somebody."""
    who, draft = gate.draft(request, name, version, Act.LINK)
    try:
        link = links.make(
            draft=draft,
            by=who.actor,
            user=who.user,
            label=request.POST.get("label", ""),
            with_others="others" in request.POST,
        )
    except NotEditable as error:
        messages.error(request, f"No link was made: {error}.")
    else:
        messages.success(
            request, f"The link for {link.label} stands under Testers. Whoever has it can read this draft."
        )
    return redirect("draft", name=name, version=version)


@gate.people
@require_POST
def revoke(request: HttpRequest, name: str, version: str, link_id: int) -> HttpResponse:
    """Revoke one link; the others stay."""
    who, draft = gate.draft(request, name, version, Act.LINK)
    link = draft.links.select_related("draft__project").filter(pk=link_id).first()
    if link is None:
        raise Http404("This draft has no such link.")
    links.revoke(link=link, by=who.actor)
    messages.success(request, f"The link for {link.label} opens nothing any more.")
    return redirect("draft", name=name, version=version)
