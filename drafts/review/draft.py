"""The draft page, and the acts on a draft as a whole."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from drafts.access import gate
from drafts.access.roles import Act
from drafts.intake import stage
from drafts.models import NotEditable
from drafts.review import looking
from drafts.review import page as pages
from drafts.review.answers import show_changed


@gate.people
@require_safe
def draft(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Show one draft; after it ended, its record."""
    who, row = gate.draft(request, name, version, Act.SEE)
    return render(
        request, "review/draft.html", {"page": pages.draft_page(who, row, looking.looked(who.user, row))}
    )


@gate.people
@require_safe
def now(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Answer a page that watches: 204 while it is as it was seen, else the regions that change by themselves."""
    who, row = gate.draft(request, name, version, Act.SEE)
    if request.GET.get("seen") == pages.seen(row):
        return HttpResponse(status=204)
    return render(
        request, "review/draft.html#now", {"page": pages.draft_page(who, row, looking.last(who.user, row))}
    )


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Ask, then cancel the draft as it was seen."""
    who, row = gate.draft(request, name, version, Act.CANCEL)
    if request.method != "POST":
        return render(request, "review/cancel.html", {"page": pages.draft_page(who, row)})
    seen = request.POST.get("seen", "")
    if seen and seen != row.fingerprint():
        return show_changed(request, who, row, seen)
    try:
        stage.cancel(draft=row, by=who.actor)
    except NotEditable as error:
        messages.error(request, f"Nothing was canceled: {error}.")
    else:
        messages.success(request, f"The draft of {row} is canceled. Nothing was published.")
    return redirect("draft", name=name, version=version)


@gate.people
@require_POST
def extend(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Renew the draft's expiry."""
    who, row = gate.draft(request, name, version, Act.CANCEL)
    try:
        extended = stage.extend(draft=row, by=who.actor)
    except NotEditable as error:
        messages.error(request, f"Nothing was extended: {error}.")
    else:
        messages.success(request, f"The draft now expires on {extended.expires_at:%d %B %Y at %H:%M} UTC.")
    return redirect("draft", name=name, version=version)
