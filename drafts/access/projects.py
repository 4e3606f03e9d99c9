"""The act of making a project: an operator names it and its people; it is invisible until its first publish."""

from collections.abc import Iterable
from enum import StrEnum

from django.db import IntegrityError, transaction
from packaging.utils import InvalidName, canonicalize_name

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from drafts.models import Membership, Project, Role


class Event(StrEnum):
    """What can happen to a project."""

    CREATED = "project:created"


class BadProject(Exception):
    """The project cannot be made like that; the text says why. Nothing was made."""


@transaction.atomic
def create(
    *,
    name: str,
    by: Actor,
    owner: str,
    maintainers: Iterable[str] = (),
    reviewers: Iterable[str] = (),
) -> Project:
    """Make a project under its normalised name (PEP 503), with people known by e-mail address. Raises BadProject."""
    try:
        normalised = canonicalize_name(name, validate=True)
    except InvalidName as error:
        raise BadProject(
            f"'{name}' is not a project name: letters, digits, and single . _ - between them"
        ) from error
    members = _members(owner, maintainers, reviewers)
    try:
        with transaction.atomic():
            project = Project.objects.create(name=normalised)
    except IntegrityError as error:
        raise BadProject(f"there is already a project named {normalised}") from error
    Membership.objects.bulk_create(
        Membership(project=project, user=user, role=role) for user, role in members.items()
    )
    people = {user.email: str(role) for user, role in members.items()}
    audit.record(Event.CREATED, on=project, by=by, members=people)
    return project


def _members(owner: str, maintainers: Iterable[str], reviewers: Iterable[str]) -> dict[User, Role]:
    """Return each person with the strongest role they are named for."""
    members: dict[User, Role] = {}
    named = ((Role.REVIEWER, reviewers), (Role.MAINTAINER, maintainers), (Role.OWNER, [owner]))
    for role, addresses in named:
        for address in addresses:
            members[_person(address)] = role
    return members


def _person(address: str) -> User:
    user = User.objects.filter(email=address.lower()).first()
    if user is None:
        raise BadProject(f"nobody here has the address {address}: add the person first with adduser")
    return user
