"""Teams on pages: making one, who is in it, inviting and removing people, and a team's role on a project."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import stepup
from accounts.audit import Actor, Origin
from accounts.models import User
from drafts.access import gate, invitations
from drafts.access import teams as act
from drafts.access.gate import Member, TeamMate
from drafts.access.invitations import BadInvitation
from drafts.access.members import LastOwner, NotYours
from drafts.access.membership import NoMember
from drafts.access.roles import Act
from drafts.access.teams import BadTeam
from drafts.models import Invitation, Role, Team
from drafts.review import peoplerows


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def teams(request: HttpRequest) -> HttpResponse:
    """Show the person's teams; on POST make one."""
    user = gate.user_of(request)
    if request.method != "POST":
        return _list(request, user)
    try:
        made = act.make(
            name=request.POST.get("name", ""), user=user, by=Actor.person(user, Origin.of(request))
        )
    except BadTeam as error:
        return _list(request, user, f"No team was made. {error}", 400)
    messages.success(request, f"The team {made} is made. Invite people, then give it roles on projects.")
    return redirect("team", made.name)


def _list(request: HttpRequest, user: User, error: str = "", status: int = 200) -> HttpResponse:
    rows = act.of(user).prefetch_related("people", "roles")
    page = {"teams": rows, "name": request.POST.get("name", ""), "error": error}
    return render(request, "review/teams.html", page, status=status)


@gate.people
@require_safe
def team(request: HttpRequest, team: str) -> HttpResponse:
    """Show a team to the people in it: who they are, and where it has a role."""
    mate = gate.team(request, team)
    rows = mate.team.invitations.all().open().select_related("invited_by").order_by("pk")
    page = {
        "team": mate.team,
        "is_lead": mate.is_lead,
        "me": mate.user,
        "people": mate.team.people.select_related("user").order_by("-is_lead", "user__email"),
        "roles": mate.team.roles.select_related("project").order_by("project__name"),
        "invitations": [
            peoplerows.invitation(row, reverse("team-invitation-revoke", args=[mate.team.name, row.pk]))
            for row in rows
        ]
        if mate.is_lead
        else [],
    }
    return render(request, "review/team.html", page)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest, team: str) -> HttpResponse:
    """Ask whom, then mail the link."""
    mate = gate.team(request, team, lead=True)
    if request.method != "POST":
        return _ask(request, mate)
    email, as_lead = request.POST.get("email", ""), request.POST.get("as") == "lead"
    try:
        invitations.check(mate.team, email)  # before a code is spent
        purpose = invitations.purpose(mate.team, email, "lead" if as_lead else "member")
        proof = stepup.prove(request, purpose)
        sent = invitations.invite_to_team(
            team=mate.team, email=email, as_lead=as_lead, by=mate.actor, proof=proof
        )
    except BadInvitation as error:
        return _ask(request, mate, f"Nobody was invited. {error}", 400)
    except stepup.NotProven as error:
        return _ask(request, mate, str(error), 403)
    except NotYours as error:
        messages.error(request, f"Nobody was invited: {error}.")
    else:
        messages.success(request, f"{sent.email} was mailed a link, good once and for 7 days.")
    return redirect("team", team)


def _ask(request: HttpRequest, mate: TeamMate, error: str = "", status: int = 200) -> HttpResponse:
    typed = {"email": request.POST.get("email", ""), "as_lead": request.POST.get("as") == "lead"}
    page = {"team": mate.team, "error": error, **typed}
    return render(request, "review/team_invite.html", page, status=status)


@gate.people
@require_POST
def revoke(request: HttpRequest, team: str, invitation_id: int) -> HttpResponse:
    """Call an invitation off."""
    mate = gate.team(request, team, lead=True)
    row: Invitation | None = mate.team.invitations.filter(pk=invitation_id).first()
    if row is None:
        raise Http404("This team has no such invitation.")
    done = invitations.revoke(invitation=row, user=mate.user, by=mate.actor)
    said = "is revoked: its link opens nothing" if done else "was over before"
    messages.success(request, f"The invitation of {row.email} {said}.")
    return redirect("team", team)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, team: str, user_id: int) -> HttpResponse:
    """Ask, then take somebody out of the team; everybody may take out themselves."""
    mate = gate.team(request, team, lead=user_id != request.user.pk)
    row = mate.team.people.select_related("user").filter(user_id=user_id).first()
    if row is None:
        raise Http404("Nobody like that is in the team.")
    is_you = row.user == mate.user
    page = {"team": mate.team, "member": row.user, "is_you": is_you, "error": ""}
    if request.method != "POST":
        return render(request, "review/team_remove.html", page)
    try:
        proof = stepup.prove(request, act.person_purpose(mate.team, row.user), even_held=is_you)
        act.remove_person(team=mate.team, user=row.user, by=mate.actor, proof=proof)
    except stepup.NotProven as error:
        return render(request, "review/team_remove.html", {**page, "error": str(error)}, status=403)
    except (NotYours, NoMember, LastOwner, BadTeam) as error:
        messages.error(request, f"Nothing was changed: {str(error).rstrip('.')}.")
        return redirect("team", team)
    messages.success(request, f"{row.user.email} is not in {team} any more.")
    return redirect("teams") if is_you else redirect("team", team)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def role(request: HttpRequest, name: str) -> HttpResponse:
    """Ask which team and role, then give it, or take it away."""
    who = gate.member(request, name, Act.MEMBERS)
    if request.method != "POST":
        return _ask_role(request, who)
    team = _named(who, request.POST.get("team", ""))
    wanted = request.POST.get("role", "")
    if team is None or wanted not in {*Role, "none"}:
        return _ask_role(request, who, "Nothing was changed: choose a team and a role.", 400)
    try:
        _set_role(request, who, team, "" if wanted == "none" else wanted)
    except stepup.NotProven as error:
        return _ask_role(request, who, str(error), 403)
    except (NotYours, LastOwner, BadTeam) as error:
        messages.error(request, f"Nothing was changed: {str(error).rstrip('.')}.")
    else:
        said = f"is {wanted}" if wanted != "none" else "has no role"
        messages.success(request, f"The team {team} {said} of {name} now. The owners were mailed.")
    return redirect("project-people", name=name)


def _set_role(request: HttpRequest, who: Member, team: Team, wanted: str) -> None:
    proof = stepup.prove(request, act.role_purpose(who.project, team, wanted))
    if wanted:
        act.give_role(project=who.project, team=team, role=Role(wanted), by=who.actor, proof=proof)
    else:
        act.take_role(project=who.project, team=team, by=who.actor, proof=proof)


def _named(who: Member, name: str) -> Team | None:
    """Return a team that the owner is in, or that has a role on the project."""
    here = Team.objects.filter(roles__project=who.project)
    return (act.of(who.user).filter(name=name) | here.filter(name=name)).distinct().first()


def _ask_role(request: HttpRequest, who: Member, error: str = "", status: int = 200) -> HttpResponse:
    here = {row.team.name: row.role for row in who.project.team_roles.select_related("team")}
    chosen = request.POST.get("team") or request.GET.get("team", "")
    page = {
        "project": who.project,
        "teams": sorted({*here, *act.of(who.user).values_list("name", flat=True)}),
        "team": chosen,
        "role": request.POST.get("role") or here.get(chosen, Role.REVIEWER),
        "has_role": chosen in here,
        "error": error,
    }
    return render(request, "review/team_role.html", page, status=status)
