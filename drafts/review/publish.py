"""The publish confirmation: one page, one button, a second factor given at that very act."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts import stepup
from drafts.access import gate
from drafts.access.gate import Member
from drafts.access.roles import Act
from drafts.models import Changed, Draft, NotEditable
from drafts.publishing import publish as act
from drafts.review import page as pages
from drafts.review.answers import CONFLICT, show_changed
from drafts.review.rows import Confirm


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def publish(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Show what becomes visible where; on POST check the fingerprint, then the code, then decide."""
    who, draft = gate.draft(request, name, version, Act.PUBLISH)
    if request.method != "POST":
        return _confirm(request, who, draft)
    fingerprint = request.POST.get("fingerprint", "")
    try:
        act.check(draft=draft, fingerprint=fingerprint)  # before a code is spent
        proof = stepup.prove(request, act.purpose(draft, fingerprint))
        note = request.POST.get("note", "")
        act.start(draft=draft, by=who.actor, proof=proof, fingerprint=fingerprint, note=note)
    except stepup.NotProven as error:
        return _confirm(request, who, draft, error=str(error), status=403)
    except Changed:
        draft.refresh_from_db()
        return show_changed(request, who, draft, fingerprint)
    except act.Blocked as error:
        return _confirm(request, who, draft, error=f"Nothing was published. {error}", status=CONFLICT)
    except (NotEditable, act.NotYours) as error:
        messages.error(request, f"Nothing was published: {error}.")
    return redirect("draft", name=name, version=version)


def _confirm(
    request: HttpRequest, who: Member, draft: Draft, *, error: str = "", status: int = 200
) -> HttpResponse:
    page = pages.draft_page(who, draft)
    if not error and not page.button.enabled:
        messages.info(request, f"{draft} cannot be published now: the page says why.")
        return redirect("draft", name=page.project, version=page.version)
    confirm = Confirm(fingerprint=page.fingerprint, totals=page.totals, files=page.files, error=error)
    return render(request, "review/publish.html", {"page": page, "confirm": confirm}, status=status)
