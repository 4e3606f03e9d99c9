"""How a person stands on a project: the higher of their own role and those of their teams. The one place that says so."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, IntegerField, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Greatest

from accounts.models import User
from drafts.models.memberships import Membership
from drafts.models.projects import Project, Role
from drafts.models.teams import TeamMember, TeamRole

_ORDER = (Role.REVIEWER, Role.MAINTAINER, Role.OWNER)


@dataclass(frozen=True, slots=True)
class Part:
    """One reason why a person stands on a project: a role of their own (no team), or a team's."""

    role: Role
    since: datetime
    team: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A person on a project, with all the reasons, the highest first."""

    user: User
    parts: tuple[Part, ...]

    @property
    def role(self) -> Role:
        return self.parts[0].role

    @property
    def since(self) -> datetime:
        """Return since when the person has had the role that counts."""
        return min(part.since for part in self.parts if part.role == self.role)

    @property
    def own(self) -> Part | None:
        return next((part for part in self.parts if not part.team), None)


def rank_for(user: User) -> Any:
    """Return an expression on projects that says how high a person stands there; 0 is a stranger."""
    return rank(OuterRef("pk"), user)


def rank(project: Any, user: Any) -> Any:
    """Return an expression that says how high a person stands on a project; 0 is a stranger."""
    own = Membership.objects.filter(project=project, user=user)
    teams = TeamRole.objects.filter(project=project, team__people__user=user)
    return Greatest(_highest(own), _highest(teams))


def _highest(rows: QuerySet[Any]) -> Any:
    steps = [When(role=role, then=Value(rank)) for rank, role in enumerate(_ORDER, 1)]
    ranked = rows.annotate(rank=Case(*steps, default=Value(0), output_field=IntegerField()))
    return Coalesce(Subquery(ranked.order_by("-rank").values("rank")[:1]), Value(0))


def role_of_rank(rank: int) -> Role | None:
    """Return the role that a rank means."""
    return _ORDER[rank - 1] if rank else None


def role_on(project: Project | int, user: User | int) -> Role | None:
    """Return the role that counts for a person on a project; None for a stranger."""
    number = project if isinstance(project, int) else project.pk
    return _roles(user, project=number).get(number)


def roles_of(user: User) -> dict[int, Role]:
    """Return a person's role on each project that they are a member of, by the project's id."""
    return _roles(user)


def _roles(user: User | int, **narrowed: int) -> dict[int, Role]:
    own = Membership.objects.filter(user=user, **narrowed).values_list("project_id", "role")
    teams = TeamRole.objects.filter(team__people__user=user, **narrowed).values_list("project_id", "role")
    found: dict[int, Role] = {}
    for project, role in own.union(teams):
        found[project] = max(found.get(project, Role(role)), Role(role), key=_ORDER.index)
    return found


def standings(project: Project) -> list[Standing]:
    """Return everybody on a project: owners first, then by address."""
    parts: dict[User, list[Part]] = {}
    for row in project.members.select_related("user"):
        parts.setdefault(row.user, []).append(Part(Role(row.role), row.since))
    roles = {row.team_id: row for row in project.team_roles.select_related("team")}
    for person in TeamMember.objects.filter(team__in=roles).select_related("user"):
        role = roles[person.team_id]
        since = max(person.since, role.since)
        parts.setdefault(person.user, []).append(Part(Role(role.role), since, role.team.name))
    found = [
        Standing(user, tuple(sorted(own, key=lambda part: _ORDER.index(part.role), reverse=True)))
        for user, own in parts.items()
    ]
    return sorted(found, key=lambda one: (-_ORDER.index(one.role), one.user.email))


def people(project: Project, roles: Collection[str]) -> list[User]:
    """Return the people whose role on a project is one of these and whose accounts are open."""
    return [one.user for one in standings(project) if one.role in roles and one.user.is_active]
