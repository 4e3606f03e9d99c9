"""The act on groups: a project's owner says with which other projects it releases."""

from enum import StrEnum

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from accounts.stepup import Proof, Purpose
from drafts.access import grouptokens, members
from drafts.access.roles import Act, may
from drafts.access.teams import BadTeam, normal
from drafts.models import Group, GroupProject, Project, standing


class Event(StrEnum):
    """What can happen to a project's group."""

    JOINED = "group:project-added"
    LEFT = "group:project-removed"


class BadGroup(Exception):
    """The project cannot be in that group; the text says why."""


def purpose(project: Project, name: str) -> Purpose:
    """Return what a proof must be for to put a project into the group of this name; an empty one is none."""
    return Purpose(act="choose a group", on=f"project:{project.pk}", fingerprint=name or "none")


def spelled(name: str) -> str:
    """Return a group's name as it is kept. Raises BadGroup."""
    try:
        return normal(name, "group") if name.strip() else ""
    except BadTeam as error:
        raise BadGroup(str(error)) from error


def owns_one(group: Group, user: User) -> bool:
    """Say whether a person owns a project of the group, and so may speak for it."""
    return group.projects.filter(project__in=_owned(user)).exists()


def owned(user: User) -> list[Group]:
    """Return the groups that a person may speak for, by name."""
    rows = GroupProject.objects.filter(project__in=_owned(user)).values("group")
    return list(Group.objects.filter(pk__in=rows).order_by("name"))


def _owned(user: User) -> list[int]:
    return [project for project, role in standing.roles_of(user).items() if may(role, Act.GROUP)]


@transaction.atomic
def choose(*, project: Project, name: str, by: Actor, proof: Proof) -> Group | None:
    """Put a project into the group of this name, made if there is none, or (an empty name) into none.

    Raises ProofRefused, NotYours, BadGroup.
    """
    project = Project.objects.lock(project.pk)
    proof.demand(purpose(project, name))
    members.demand(project=project, user=proof.user, act=Act.GROUP)
    before: Group | None = Group.objects.of(project)
    if (before.name if before else "") == name:
        return before
    ended = grouptokens.leave(project)
    if before is not None:
        GroupProject.objects.filter(project=project).delete()
        if not before.projects.exists():
            before.delete()
    after = _joined(project, name, proof.user) if name else None
    good = grouptokens.joined(after, project, proof.user) if after else []
    audit.record(
        Event.JOINED if after else Event.LEFT,
        on=project,
        by=by,
        before=before.name if before else "",
        after=name,
        tokens_ended=ended,
        tokens_good=good,
        method=proof.method,
    )
    return after


def _joined(project: Project, name: str, user: User) -> Group:
    group = Group.objects.select_for_update().filter(name=name).first()
    if group is None:
        try:
            with transaction.atomic():
                group = Group.objects.create(name=name)
        except IntegrityError as error:
            raise BadGroup(f"There is a group {name} already: choose another name.") from error
    elif not owns_one(group, user):
        raise BadGroup(
            f"There is a group {name} already, and you own none of its projects: choose another name."
        )
    if any(other.space != project.space for other in group.members()):
        raise BadGroup(f"{group} is of the other space: projects of the index and of the sandbox do not mix.")
    GroupProject.objects.create(group=group, project=project)
    return group
