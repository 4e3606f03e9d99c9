"""Asking, inside an act, whether the person who proved a second factor may do it on a project."""

from accounts.models import User
from drafts.access.roles import Act, may
from drafts.models import Project, Role, standing


class NotYours(Exception):
    """The person has, or has no longer, the role that the act takes."""


class LastOwner(Exception):
    """A project would be left without an owner who can sign in."""


def allows(project: Project | int, user: User, act: Act) -> bool:
    """Say whether the role that counts for a person on a project allows an act."""
    role = standing.role_on(project, user)
    return role is not None and may(role, act)


def demand(*, project: Project, user: User, act: Act) -> None:
    """Raise NotYours unless the person's role on the project allows the act. Call it under the project's lock."""
    if not allows(project, user, act):
        raise NotYours(f"{user} cannot {act} of {project}: an owner can change that")


def keep_an_owner(project: Project) -> None:
    """Raise LastOwner where an act has left nobody; call it after the write, which is rolled back with the act."""
    if not standing.people(project, (Role.OWNER,)):
        raise LastOwner(f"{project} needs an owner: make somebody else one first")


def owners_around(user: User) -> list[str]:
    """Return the addresses of all owners of the projects that a person is a member of, the person's own left out."""
    found = {
        owner.email
        for project in Project.objects.visible_to(user)
        for owner in standing.people(project, (Role.OWNER,))
    }
    return sorted(found - {user.email})
