"""Asking, inside an act, whether the person who proved a second factor may do it on a project."""

from accounts.models import User
from drafts.access.roles import Act, may
from drafts.models import Membership, Project, Role


class NotYours(Exception):
    """The person has, or has no longer, the role that the act takes."""


def demand(*, project: Project, user: User, act: Act) -> None:
    """Raise NotYours unless the person's role on the project allows the act. Call it under the project's lock."""
    row = Membership.objects.filter(project=project, user=user).first()
    if row is None or not may(row.role, act):
        raise NotYours(f"{user} cannot {act} of {project}: an owner can change that")


def owners_around(user: User) -> list[str]:
    """Return the addresses of all owners of the projects that a person is a member of, the person's own left out."""
    projects = Membership.objects.filter(user=user).values("project")
    owners = Membership.objects.filter(project__in=projects, role=Role.OWNER).exclude(user=user)
    return sorted(set(owners.values_list("user__email", flat=True)))
