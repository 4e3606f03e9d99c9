"""A member's new second factor, which an owner can vouch for."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts import holds, stepup
from accounts.models import FactorHold, User
from drafts.access import gate, vouch
from drafts.access.gate import Member
from drafts.access.members import NotYours
from drafts.access.roles import Act


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, name: str, user_id: int) -> HttpResponse:
    """Ask, then lift what holds a member off publishing."""
    who = gate.member(request, name, Act.VOUCH)
    member = _member(who, user_id)
    if request.method != "POST":
        return _ask(request, who, member)
    try:
        proof = stepup.prove(request, vouch.purpose(who.project, member))
        vouch.confirm(project=who.project, member=member, by=who.actor, proof=proof)
    except stepup.NotProven as error:
        return _ask(request, who, member, error=str(error), status=403)
    except (NotYours, holds.NotConfirmed) as error:
        messages.error(request, f"Nothing was confirmed: {error}.")
    else:
        messages.success(request, f"{member.email} is confirmed, and can publish from now on.")
    return redirect("project", name=name)


def _member(who: Member, user_id: int) -> User:
    row = who.project.members.select_related("user").filter(user_id=user_id).first()
    if row is None:
        raise Http404("This project has no such member.")
    return row.user


def _ask(
    request: HttpRequest, who: Member, member: User, *, error: str = "", status: int = 200
) -> HttpResponse:
    held = list(FactorHold.objects.standing().filter(user=member).order_by("at"))
    page = {"project": who.project, "member": member, "holds": held, "error": error}
    return render(request, "review/confirm_member.html", page, status=status)
