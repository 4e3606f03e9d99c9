"""Approving from the pages: yes, changes wanted, and taking either back; a second factor at that very act."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts import stepup
from drafts.access import gate
from drafts.access.gate import Member
from drafts.access.members import NotYours
from drafts.access.roles import Act
from drafts.models import Approval, Changed, Draft, NotEditable, Says
from drafts.publishing import approvals as acts
from drafts.review import page as pages
from drafts.review.answers import CONFLICT, show_changed

_DONE = {
    Says.YES: "Approved. It counts for exactly these files: when one changes, it is void.",
    Says.CHANGES: "Kept. Nobody can publish these files before you take it back.",
}


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def approve(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Ask for a note and a code; on POST check the fingerprint, then the code, then keep what the person says."""
    who, draft = gate.draft(request, name, version, Act.APPROVE)
    says = _says(request)
    if request.method != "POST":
        return _ask(request, who, draft, says)
    fingerprint, note = request.POST.get("fingerprint", ""), request.POST.get("note", "")
    try:
        acts.check(draft=draft, says=says, fingerprint=fingerprint, note=note)  # before a code is spent
        proof = stepup.prove(request, acts.purpose(draft, says, fingerprint))
        acts.say(draft=draft, says=says, by=who.actor, proof=proof, fingerprint=fingerprint, note=note)
    except stepup.NotProven as error:
        return _ask(request, who, draft, says, error=str(error), status=403)
    except acts.NoNote as error:
        return _ask(request, who, draft, says, error=f"Nothing was kept: {error}.", status=400)
    except Changed:
        return show_changed(request, who, draft, fingerprint)
    except (NotEditable, NotYours) as error:
        messages.error(request, f"Nothing was kept: {error}.")
    else:
        messages.success(request, _DONE[says])
    return redirect("draft", name=name, version=version)


def _says(request: HttpRequest) -> Says:
    says = (request.POST if request.method == "POST" else request.GET).get("says", Says.YES)
    if says not in set(Says):
        raise Http404("There is no such answer.")
    return Says(says)


def _ask(
    request: HttpRequest, who: Member, draft: Draft, says: Says, *, error: str = "", status: int = 200
) -> HttpResponse:
    page = pages.draft_page(who, draft)
    context = {"page": page, "says": says, "error": error, "note": request.POST.get("note", "")}
    return render(request, "review/approve.html", context, status=status)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, name: str, version: str, approval_id: int) -> HttpResponse:
    """Ask for a code, then take one's own word back."""
    who, draft = gate.draft(request, name, version, Act.APPROVE)
    approval = Approval.objects.standing().select_related("user").filter(pk=approval_id, draft=draft).first()
    if approval is None:
        raise Http404("There is nothing to take back here: it is void, or was taken back.")
    if approval.user_id != who.user.pk and request.method == "POST":
        raise PermissionDenied(f"Only {approval.user} can take back what {approval.user} said.")
    if request.method != "POST":
        return _ask_back(request, who, draft, approval)
    try:
        proof = stepup.prove(request, acts.withdraw_purpose(draft, approval))
        acts.withdraw(approval=approval, by=who.actor, proof=proof)
    except stepup.NotProven as error:
        return _ask_back(request, who, draft, approval, error=str(error), status=403)
    except (NotEditable, acts.NotWithdrawn) as error:
        return _ask_back(
            request, who, draft, approval, error=f"Nothing was taken back: {error}.", status=CONFLICT
        )
    messages.success(request, "Taken back. It stays in the history.")
    return redirect("draft", name=name, version=version)


def _ask_back(
    request: HttpRequest, who: Member, draft: Draft, approval: Approval, *, error: str = "", status: int = 200
) -> HttpResponse:
    context = {"page": pages.draft_page(who, draft), "approval": approval, "error": error}
    return render(request, "review/approval_withdraw.html", context, status=status)
