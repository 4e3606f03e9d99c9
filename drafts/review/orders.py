"""Standing orders on the pages: what one is, the one that there is, giving it with a second factor, revoking it."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts import stepup
from drafts.access import gate
from drafts.access.gate import Member
from drafts.access.members import NotYours
from drafts.access.roles import Act
from drafts.access.terms import differences
from drafts.models import StandingOrder
from drafts.publishing.orders import give

_DAYS = (7, 30, 90)
_ENDED_SHOWN = 10


@dataclass(frozen=True, slots=True)
class OrderPage:
    """What members see of a project's standing order. ``cannot``: why an owner cannot give one now."""

    name: str
    order: StandingOrder | None
    changed: tuple[str, ...]
    ended: tuple[StandingOrder, ...]
    baseline: dict[str, Any] | None
    cannot: str
    may_give: bool
    days: int = 30
    choices: tuple[int, ...] = _DAYS
    error: str = ""


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def order(request: HttpRequest, name: str) -> HttpResponse:
    """Show the project's standing order; on POST check the second factor, then give one."""
    who = gate.member(request, name, Act.ORDER if request.method == "POST" else Act.REVOKE_ORDER)
    if request.method != "POST":
        return render(request, "review/order.html", {"p": _page(who)})
    days = _days(request)
    try:
        give.baseline(who.project)  # before a code is spent
        proof = stepup.prove(request, give.purpose(who.project, days))
        give.give(project=who.project, days=days, by=who.actor, proof=proof)
    except stepup.NotProven as error:
        return render(request, "review/order.html", {"p": _page(who, days, str(error))}, status=403)
    except (give.CannotBeGiven, NotYours) as error:
        words = f"No order was given: {error}."
        return render(request, "review/order.html", {"p": _page(who, days, words)}, status=409)
    messages.success(
        request, f"The order stands for {days} days. Owners and maintainers of {name} are told by mail."
    )
    return redirect("order", name=name)


@gate.people
@require_POST
def revoke(request: HttpRequest, name: str) -> HttpResponse:
    """Take the standing order back, at once."""
    who = gate.member(request, name, Act.REVOKE_ORDER)
    row = StandingOrder.objects.of(who.project)
    if row is not None and give.revoke(order=row, by=who.actor, user=who.user):
        messages.success(request, "The standing order is revoked. A person publishes from now on.")
    else:
        messages.info(request, "There is no standing order any more.")
    return redirect("order", name=name)


def _days(request: HttpRequest) -> int:
    said = request.POST.get("days", "")
    return int(said) if said.isdecimal() and len(said) < 4 else 0  # noqa: PLR2004  three digits are enough for 90


def _page(who: Member, days: int = 30, error: str = "") -> OrderPage:
    row, cannot, base = StandingOrder.objects.of(who.project), "", None
    try:
        base = dict(give.baseline(who.project))
    except give.CannotBeGiven as refusal:
        cannot = str(refusal)
    ended = StandingOrder.objects.filter(project=who.project).exclude(pk=row.pk if row else 0)
    return OrderPage(
        name=who.project.name,
        order=row,
        changed=tuple(differences(row)) if row else (),
        ended=tuple(ended.select_related("given_by").order_by("-given_at")[:_ENDED_SHOWN]),
        baseline=base,
        cannot=cannot,
        may_give=who.may(Act.ORDER),
        days=days,
        error=error,
    )
