"""Invitations on pages: owners send and revoke them, whoever was mailed one accepts it."""

from django.contrib import messages
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import arrivals, stepup
from accounts.audit import Actor, ActorKind, Origin
from accounts.models import User
from drafts.access import gate, invitations
from drafts.access.gate import Member
from drafts.access.invitations import BadInvitation
from drafts.access.members import NotYours
from drafts.access.roles import Act
from drafts.models import Invitation, Role


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest, name: str) -> HttpResponse:
    """Ask whom and in which role, then mail the link."""
    who = gate.member(request, name, Act.MEMBERS)
    if request.method != "POST":
        return _ask(request, who)
    email, role = request.POST.get("email", ""), request.POST.get("role", "")
    if role not in set(Role):
        return _ask(request, who, "Nobody was invited: choose a role.", 400)
    try:
        invitations.check(who.project, email)  # before a code is spent
        proof = stepup.prove(request, invitations.purpose(who.project, email, role))
        sent = invitations.invite(
            project=who.project, email=email, role=Role(role), by=who.actor, proof=proof
        )
    except BadInvitation as error:
        return _ask(request, who, f"Nobody was invited. {error}", 400)
    except stepup.NotProven as error:
        return _ask(request, who, str(error), 403)
    except NotYours as error:
        messages.error(request, f"Nobody was invited: {error}.")
    else:
        messages.success(request, f"{sent.email} was mailed a link, good once and for 7 days.")
    return redirect("project-people", name=name)


def _ask(request: HttpRequest, who: Member, error: str = "", status: int = 200) -> HttpResponse:
    typed = {"email": request.POST.get("email", ""), "chosen": request.POST.get("role", Role.REVIEWER)}
    page = {"project": who.project, "error": error, **typed}
    return render(request, "review/member_invite.html", page, status=status)


@gate.people
@require_POST
def revoke(request: HttpRequest, name: str, invitation_id: int) -> HttpResponse:
    """Call an invitation off."""
    who = gate.member(request, name, Act.MEMBERS)
    row: Invitation | None = who.project.invitations.filter(pk=invitation_id).first()
    if row is None:
        raise Http404("This project has no such invitation.")
    done = invitations.revoke(invitation=row, user=who.user, by=who.actor)
    said = "is revoked: its link opens nothing" if done else "was over before"
    messages.success(request, f"The invitation of {row.email} {said}.")
    return redirect("project-people", name=name)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Show whoever was mailed the link what it is for; on POST let them in. Scanners of mail follow links by GET alone."""
    row = invitations.of_token(token)
    if row is None:
        raise Http404("This invitation was used, revoked, or is too old. Who sent it can send another.")
    if request.method != "POST":
        return _show(request, row)
    try:
        return _accept(request, row)
    except BadInvitation as error:
        return _show(request, row, str(error), 409)


def _accept(request: HttpRequest, row: Invitation) -> HttpResponse:
    if isinstance(request.user, User):
        by = Actor.person(request.user, Origin.of(request))
        invitations.accept(invitation=row, user=request.user, by=by)
        messages.success(request, f"You are {row.as_what} of {row.to} now.")
        return redirect("project", name=row.project.name) if row.project else redirect("team", row.team)
    by = Actor(ActorKind.LINK, str(row.pk), f"invitation of {row.email}", Origin.of(request))
    user = invitations.accept_as_new(invitation=row, by=by)
    login(request, user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return arrivals.welcome(request, redirect("queue"), user, how="link")


def _show(request: HttpRequest, row: Invitation, error: str = "", status: int = 200) -> HttpResponse:
    page = {
        "invitation": row,
        "is_mine": isinstance(request.user, User) and request.user.email == row.email,
        "is_new": invitations.lets_in(row.email),
        "error": error,
    }
    response = render(request, "review/invitation.html", page, status=status)
    response["Referrer-Policy"] = "no-referrer"  # the address holds the token
    return response
