"""Teams and groups: for the people who are in them, 404 for everybody else."""

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from accounts.audit import Actor, Origin
from accounts.models import User
from drafts.access.gate.people import user_of
from drafts.models import Group, Team


@dataclass(frozen=True, slots=True)
class TeamMate:
    """A person as one of a team."""

    user: User
    team: Team
    is_lead: bool
    actor: Actor


def team(request: HttpRequest, name: str, *, lead: bool = False) -> TeamMate:
    """Return the person as one of the team. Raises Http404 for strangers, PermissionDenied where a lead is asked for."""
    user = user_of(request)
    row = user.teams.select_related("team").filter(team__name=name).first()
    if row is None:
        raise Http404("There is no such team, or you are not in it.")
    if lead and not row.is_lead:
        raise PermissionDenied(f"Only leads of {name} say who is in it.")
    return TeamMate(user, row.team, row.is_lead, Actor.person(user, Origin.of(request)))


def group(request: HttpRequest, name: str) -> Group:
    """Return a group with a project that the person is a member of. Raises Http404."""
    row: Group | None = Group.objects.visible_to(user_of(request)).filter(name=name).first()
    if row is None:
        raise Http404("There is no such group, or you are a member of none of its projects.")
    return row
