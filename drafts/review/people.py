"""The people of a project: who they are, another role, taking one out, leaving, and vouching for a new second factor."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts import holds, stepup
from accounts.models import FactorHold, User
from drafts.access import gate, membership, vouch
from drafts.access.gate import Member
from drafts.access.members import LastOwner, NotYours
from drafts.access.membership import Kept, Made, NoMember
from drafts.access.roles import Act
from drafts.models import Changed, Role, standing
from drafts.review import peoplerows
from drafts.review.answers import CONFLICT


@gate.people
@require_safe
def people(request: HttpRequest, name: str) -> HttpResponse:
    """Show who is on a project, who is invited, and which teams have a role."""
    return render(request, "review/people.html", {"p": peoplerows.page(gate.member(request, name, Act.SEE))})


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def role(request: HttpRequest, name: str, user_id: int) -> HttpResponse:
    """Ask which role, then give it."""
    who = gate.member(request, name, Act.MEMBERS)
    member = _member(who, user_id)
    wanted = request.POST.get("role", "")
    if request.method != "POST":
        return _ask_role(request, who, member)
    if wanted not in set(Role):
        return _ask_role(request, who, member, error="Nothing was changed: choose a role.", status=400)
    try:
        proof = stepup.prove(request, membership.role_purpose(who.project, member, wanted))
        membership.change_role(project=who.project, user=member, role=Role(wanted), by=who.actor, proof=proof)
    except stepup.NotProven as error:
        return _ask_role(request, who, member, error=str(error), status=403)
    except (NotYours, NoMember, LastOwner) as error:
        messages.error(request, f"Nothing was changed: {error}.")
    else:
        messages.success(request, f"{member.email} is {wanted} of {name} now.")
    return redirect("project-people", name=name)


def _ask_role(
    request: HttpRequest, who: Member, member: User, *, error: str = "", status: int = 200
) -> HttpResponse:
    chosen = request.POST.get("role") or standing.role_on(who.project, member)
    page = {"project": who.project, "member": member, "chosen": chosen, "error": error}
    return render(request, "review/member_role.html", page, status=status)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, name: str, user_id: int) -> HttpResponse:
    """Show what a member made, then take them out; what is not taken over is revoked."""
    who = gate.member(request, name, Act.MEMBERS)
    member = _member(who, user_id)
    if request.method != "POST":
        return _ask_removal(request, who, member)
    try:
        proof = stepup.prove(request, membership.remove_purpose(who.project, member))
        keep, seen = _kept(request), request.POST.get("seen", "")
        gone = membership.remove(
            project=who.project, user=member, keep=keep, seen=seen, by=who.actor, proof=proof
        )
    except stepup.NotProven as error:
        return _ask_removal(request, who, member, error=str(error), status=403)
    except Changed as error:
        said = f"Nothing was changed: {error}. This is what there is now."
        return _ask_removal(request, who, member, error=said, status=CONFLICT)
    except (NotYours, NoMember, LastOwner) as error:
        messages.error(request, f"Nothing was changed: {error}.")
    else:
        messages.success(request, f"{member.email} is no member of {name} any more.{_revoked(gone)}")
    return redirect("project-people", name=name)


def _kept(request: HttpRequest) -> Kept:
    tokens, links = request.POST.getlist("token"), request.POST.getlist("link")
    return Kept(
        tokens=frozenset(int(one) for one in tokens if one.isascii() and one.isdigit()),
        links=frozenset(int(one) for one in links if one.isascii() and one.isdigit()),
    )


def _revoked(gone: Made) -> str:
    tokens, links = len(gone.tokens), len(gone.links)
    said = [f"{tokens} token{'' if tokens == 1 else 's'}"] if tokens else []
    said += [f"{links} draft link{'' if links == 1 else 's'}"] if links else []
    return f" Revoked with it: {' and '.join(said)}." if said else ""


def _ask_removal(
    request: HttpRequest, who: Member, member: User, *, error: str = "", status: int = 200
) -> HttpResponse:
    teams = next(one for one in standing.standings(who.project) if one.user == member).parts
    made = membership.made_by(who.project, member)
    page = {
        "project": who.project,
        "member": member,
        "is_you": member == who.user,
        "made": made,
        "stays": [part for part in teams if part.team],
        "error": error,
    }
    return render(request, "review/member_remove.html", page, status=status)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, name: str) -> HttpResponse:
    """Show what is revoked with it, then leave the project."""
    who = gate.member(request, name, Act.SEE)
    if request.method != "POST":
        return _ask_removal(request, who, who.user)
    try:
        proof = stepup.prove(request, membership.remove_purpose(who.project, who.user), even_held=True)
        gone = membership.leave(project=who.project, by=who.actor, proof=proof)
    except stepup.NotProven as error:
        return _ask_removal(request, who, who.user, error=str(error), status=403)
    except (NoMember, LastOwner) as error:
        messages.error(request, f"Nothing was changed: {error}.")
        return redirect("project-people", name=name)
    messages.success(request, f"You left {name}.{_revoked(gone)}")
    return redirect("queue")


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
    for one in standing.standings(who.project):
        if one.user.pk == user_id:
            return one.user
    raise Http404("This project has no such member.")


def _ask(
    request: HttpRequest, who: Member, member: User, *, error: str = "", status: int = 200
) -> HttpResponse:
    held = list(FactorHold.objects.standing().filter(user=member).order_by("at"))
    page = {"project": who.project, "member": member, "holds": held, "error": error}
    return render(request, "review/confirm_member.html", page, status=status)
