"""Teams and groups: for the people who are in them, 404 for everybody else."""

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from accounts.audit import Actor, Origin
from accounts.models import User
from drafts.access.gate.people import user_of
from drafts.access.roles import Act, may
from drafts.models import Group, Project, Team, standing


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


@dataclass(frozen=True, slots=True)
class GroupOwner:
    """A person who owns projects of a group."""

    user: User
    group: Group
    projects: tuple[Project, ...]
    owned: frozenset[int]
    actor: Actor

    @property
    def owns_all(self) -> bool:
        return len(self.owned) == len(self.projects)


def group_owner(request: HttpRequest, name: str, *, all_of_them: bool = False) -> GroupOwner:
    """Return the person as an owner of a project of the group, or of all. Raises Http404, PermissionDenied."""
    row, user = group(request, name), user_of(request)
    projects, roles = tuple(row.members()), standing.roles_of(user)
    owned = frozenset(one.pk for one in projects if may(roles.get(one.pk, ""), Act.TOKENS))
    if not owned or (all_of_them and len(owned) != len(projects)):
        whom = "who owns all its projects" if all_of_them else "who own a project of it"
        raise PermissionDenied(f"Tokens of the group {name} are for people {whom}.")
    return GroupOwner(user, row, projects, owned, Actor.person(user, Origin.of(request)))


def group(request: HttpRequest, name: str) -> Group:
    """Return a group with a project that the person is a member of. Raises Http404."""
    row: Group | None = Group.objects.visible_to(user_of(request)).filter(name=name).first()
    if row is None:
        raise Http404("There is no such group, or you are a member of none of its projects.")
    return row
