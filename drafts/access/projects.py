"""The acts on projects: making one with the people on it, its quota."""

from collections.abc import Iterator, Sequence
from enum import StrEnum

from django.db import transaction
from packaging.utils import InvalidName, canonicalize_name

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from accounts.stepup import Proof, Purpose
from drafts.access import operators
from drafts.models import Membership, Project, Role, Space

_LONGEST_NAME = 180  # the column has room for its space, and for what an expired one is called


class Event(StrEnum):
    """What can happen to a project."""

    CREATED = "project:created"
    QUOTA = "project:quota-changed"


class BadProject(Exception):
    """A project cannot be made like that; the text says why."""


@transaction.atomic
def create(
    *,
    name: str,
    by: Actor,
    owner: str,
    maintainers: Sequence[str] = (),
    reviewers: Sequence[str] = (),
    space: Space = Space.INDEX,
) -> Project:
    """Make a project; people are named by e-mail address. The name is normalised (PEP 503). Raises BadProject."""
    normal = f"{space.prefix}{normalised(name)}"
    roles = dict(_roles(owner, maintainers, reviewers))
    project, is_new = Project.objects.get_or_create(name=normal, defaults={"space": space})
    if not is_new:
        raise BadProject(f"there is a project {normal} already")
    Membership.objects.bulk_create(
        Membership(project=project, user=user, role=role) for user, role in roles.items()
    )
    audit.record(
        Event.CREATED, on=project, by=by, members={user.email: str(role) for user, role in roles.items()}
    )
    return project


def normalised(name: str) -> str:
    """Return a project's plain name as PEP 503 writes it. Raises BadProject."""
    try:
        normal = canonicalize_name(name.strip(), validate=True)
    except InvalidName as error:
        raise BadProject(
            f"'{name}' is not a project name: letters, digits and . _ - between them (PEP 508)"
        ) from error
    if len(normal) > _LONGEST_NAME:
        raise BadProject(f"the name is longer than {_LONGEST_NAME} characters")
    return normal


def _roles(owner: str, maintainers: Sequence[str], reviewers: Sequence[str]) -> Iterator[tuple[User, Role]]:
    named = [
        (owner, Role.OWNER),
        *((one, Role.MAINTAINER) for one in maintainers),
        *((one, Role.REVIEWER) for one in reviewers),
    ]
    seen: set[User] = set()
    for email, role in named:
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            raise BadProject(f"there is no person with the address {email}: make one with adduser first")
        if user in seen:
            raise BadProject(f"{email} is named twice: a person has one role on a project")
        seen.add(user)
        yield user, role


def quota_purpose(project: Project, quota: int | None) -> Purpose:
    """Return what a proof must be for to give a project this quota; None is the server's."""
    return Purpose("set a quota", f"project:{project.pk}", "default" if quota is None else str(quota))


@transaction.atomic
def set_quota(*, project: Project, quota: int | None, by: Actor, proof: Proof | None = None) -> bool:
    """Give a project its own quota in bytes, or (None) the server's. False when it has it already.

    Raises ProofRefused, NotOperator; the command line needs no proof.
    """
    project = Project.objects.lock(project.pk)
    operators.demand(by=by, proof=proof, purpose=quota_purpose(project, quota))
    before = project.quota
    if before == quota:
        return False
    Project.objects.filter(pk=project.pk).update(quota=quota)
    also = {"method": proof.method} if proof else {}
    audit.record(Event.QUOTA, on=project, by=by, before=before, after=quota, **also)
    return True
