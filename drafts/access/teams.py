"""The acts on teams: make one, take somebody out, give it a role on a project, take that away."""

from enum import StrEnum
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from packaging.utils import InvalidName, canonicalize_name

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from accounts.stepup import Proof, Purpose
from drafts.access import invitations, letters, members, membership, orders
from drafts.access.membership import Made, NoMember
from drafts.access.roles import Act
from drafts.models import Project, Role, Team, TeamMember, TeamRole

MOST = 20
LONGEST = 60


class Event(StrEnum):
    """What can happen to a team."""

    MADE = "team:made"
    PERSON_REMOVED = "team:person-removed"
    ROLE_GIVEN = "team:role-given"
    ROLE_TAKEN = "team:role-taken"


class BadTeam(Exception):
    """A team cannot be made or changed like that; the text says why."""


def normal(name: str, what: str) -> str:
    """Return a name as teams and groups have it: small letters, digits and hyphens. Raises BadTeam."""
    try:
        found = canonicalize_name("-".join(name.split()), validate=True)
    except InvalidName as error:
        raise BadTeam(
            f"'{name[:60]}' is no name for a {what}: letters, digits, and - between them."
        ) from error
    if len(found) > LONGEST:
        raise BadTeam(f"The name is longer than {LONGEST} characters.")
    return found


@transaction.atomic
def make(*, name: str, user: User, by: Actor) -> Team:
    """Make a team that the person leads; it has no role anywhere yet. Raises BadTeam."""
    name = normal(name, "team")
    if user.teams.filter(is_lead=True).count() >= MOST:
        raise BadTeam(f"You lead {MOST} teams, which is the most.")
    try:
        with transaction.atomic():
            team = Team.objects.create(name=name)
    except IntegrityError as error:
        raise BadTeam(f"There is a team {name} already: choose another name.") from error
    TeamMember.objects.create(team=team, user=user, is_lead=True)
    audit.record(Event.MADE, on=team, by=by, lead=user.email)
    return team


def of(user: User) -> QuerySet[Team]:
    """Return the teams that a person is in, by name."""
    return Team.objects.filter(people__user=user).order_by("name")


def person_purpose(team: Team, user: User) -> Purpose:
    """Return what a proof must be for to take this person out of a team."""
    return Purpose(act="remove a person from a team", on=f"team:{team.pk}", fingerprint=f"person:{user.pk}")


@transaction.atomic
def remove_person(*, team: Team, user: User, by: Actor, proof: Proof) -> int:
    """Take somebody out, as a lead or as that person. What they made on projects that they are off now is revoked.

    Returns how much. Raises ProofRefused, NotYours, NoMember, BadTeam, LastOwner.
    """
    projects = _locked_projects(team)
    proof.demand(person_purpose(team, user))
    if user.pk != proof.user.pk:
        invitations.must_lead(team, proof.user)
    made = {project: membership.made_by(project, user) for project in projects}
    if not team.people.filter(user=user).delete()[0]:
        raise NoMember(f"{user} is not in the team {team}")
    if not team.people.filter(is_lead=True, user__is_active=True).exists():
        raise BadTeam(f"The team {team} needs a lead: invite another one first.")
    revoked = 0
    for project in projects:
        members.keep_an_owner(project)
        orders.terms_changed(project)
        revoked += _count(membership.forget(project, user, made[project], to=proof.user))
    _tell_owners(team, projects, f"{user.email} is not in the team {team} any more.")
    audit.record(
        Event.PERSON_REMOVED,
        on=team,
        by=by,
        person=user.email,
        projects=[project.name for project in projects],
        revoked=revoked,
        method=proof.method,
    )
    return revoked


def _locked_projects(team: Team) -> list[Project]:
    """Lock a team's projects by id, then the team."""
    numbers = team.roles.order_by("project_id").values_list("project_id", flat=True)
    projects = [Project.objects.lock(number) for number in numbers]
    Team.objects.select_for_update().get(pk=team.pk)
    return projects


def _count(made: Made) -> int:
    return len(made.tokens) + len(made.links)


def _tell_owners(team: Team, projects: list[Project], said: str) -> None:
    for project in projects:
        letters.to_owners(project, letters.team_changed(team, project, said))


def role_purpose(project: Project, team: Team, role: str) -> Purpose:
    """Return what a proof must be for to give a team this role; an empty one is none."""
    return Purpose(
        act="give a team a role", on=f"project:{project.pk}", fingerprint=f"team:{team.pk} {role or 'none'}"
    )


@transaction.atomic
def give_role(*, project: Project, team: Team, role: Role, by: Actor, proof: Proof) -> bool:
    """Let a team that the owner is in have a role on the project. False when it has it already.

    Raises ProofRefused, NotYours, BadTeam, LastOwner.
    """
    project = Project.objects.lock(project.pk)
    proof.demand(role_purpose(project, team, role))
    members.demand(project=project, user=proof.user, act=Act.MEMBERS)
    if not of(proof.user).filter(pk=team.pk).exists():
        raise BadTeam(f"You are not in the team {team}: somebody of it gives it a role.")
    row = TeamRole.objects.filter(project=project, team=team).first()
    before = row.role if row else ""
    if before == role:
        return False
    TeamRole.objects.update_or_create(
        project=project, team=team, defaults={"role": role, "since": timezone.now()}
    )
    members.keep_an_owner(project)
    _tell_owners(team, [project], f"The team {team} is {role} of {project} now, by {proof.user.email}.")
    _record(Event.ROLE_GIVEN, project, team, by, before=before, after=role, method=proof.method)
    return True


@transaction.atomic
def take_role(*, project: Project, team: Team, by: Actor, proof: Proof) -> int:
    """Take a team's role on the project away. What its people made there who are off it now is revoked.

    Returns how much. Raises ProofRefused, NotYours, BadTeam, LastOwner.
    """
    project = Project.objects.lock(project.pk)
    proof.demand(role_purpose(project, team, ""))
    members.demand(project=project, user=proof.user, act=Act.MEMBERS)
    people = [row.user for row in team.people.select_related("user")]
    made = {user: membership.made_by(project, user) for user in people}
    if not TeamRole.objects.filter(project=project, team=team).delete()[0]:
        raise BadTeam(f"The team {team} has no role on {project}.")
    members.keep_an_owner(project)
    revoked = sum(_count(membership.forget(project, user, made[user], to=proof.user)) for user in people)
    _tell_owners(team, [project], f"The team {team} has no role on {project} any more.")
    _record(Event.ROLE_TAKEN, project, team, by, revoked=revoked, method=proof.method)
    return revoked


def _record(event: Event, project: Project, team: Team, by: Actor, **details: Any) -> None:
    orders.terms_changed(project)
    on = audit.Subject(f"project:{project.pk}", "team", str(team.pk), team.name)
    audit.record(event, on=on, by=by, **details)
