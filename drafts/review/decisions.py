"""Decisions on the draft page: given in place, where the blocker stands, and taken back."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from drafts.access import gate
from drafts.access.roles import Act
from drafts.models import Changed, Decision, DecisionKind, NotEditable
from drafts.publishing import decisions as acts


@gate.people
@require_POST
def decide(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Accept what stands in the way, with a reason."""
    who, draft = gate.draft(request, name, version, Act.DECIDE)
    kind = request.POST.get("kind", "")
    if kind not in set(DecisionKind):
        raise Http404("There is no such kind of decision.")
    try:
        acts.decide(
            draft=draft,
            kind=DecisionKind(kind),
            what=request.POST.getlist("what"),
            reason=request.POST.get("reason", ""),
            by=who.actor,
            user=who.user,
        )
    except (NotEditable, Changed, acts.NoReason) as error:
        messages.error(request, f"Nothing was decided: {error}.")
    else:
        messages.success(request, "Decided. It is on record with your reason, and can be taken back below.")
    return redirect("draft", name=name, version=version)


@gate.people
@require_POST
def revoke(request: HttpRequest, name: str, version: str, decision_id: int) -> HttpResponse:
    """Take a decision back."""
    who, draft = gate.draft(request, name, version, Act.DECIDE)
    decision = get_object_or_404(Decision, pk=decision_id, draft=draft)
    try:
        acts.revoke(decision=decision, by=who.actor)
    except NotEditable as error:
        messages.error(request, f"Nothing was taken back: {error}.")
    else:
        messages.success(request, "Taken back: what it covered stands in the way again.")
    return redirect("draft", name=name, version=version)
