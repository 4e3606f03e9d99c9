"""The act of making a sandbox: a project for learning, which any signed-in person may make a few of."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from http import HTTPStatus

from django.conf import settings
from django.db import transaction
from django.db.models import Max, QuerySet

from accounts.audit import Actor
from accounts.models import User
from drafts import outbound
from drafts.access import projects
from drafts.access.projects import BadProject
from drafts.models import File, Project, Role, Space, Target
from drafts.outbound import Limits, OutboundError

_PAGE = Limits(size=64 * 1024**2, seconds=10.0)  # its status is asked for, its body is not read
_UNKNOWN = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}


def must_not_be_upstream(name: str) -> None:
    """Ask the index that dependencies come from whether it lists a name; before ``make``, outside its transaction.

    Raises BadProject for a name that it lists, and when it does not say.
    """
    plain = projects.normalised(name)
    if not settings.PRESSCHECK_UPSTREAM_INDEX:
        return
    try:
        with outbound.get(f"{settings.PRESSCHECK_UPSTREAM_INDEX}/{plain}/", limits=_PAGE) as answer:
            status = answer.status
    except OutboundError as error:
        raise BadProject(f"the upstream index did not say whether it has {plain}: try again later") from error
    if status == HTTPStatus.OK:
        raise _taken_upstream(plain)
    if status not in _UNKNOWN:
        raise BadProject(
            f"the upstream index answered {status} when it was asked for {plain}: try again later"
        )


def _taken_upstream(plain: str) -> BadProject:
    return BadProject(f"{plain} is published on an upstream index: choose another name")


@transaction.atomic
def make(*, name: str, user: User, by: Actor) -> Project:
    """Make a sandbox that the person owns. Raises BadProject for a name that is taken, and past the few of one person."""
    user = User.objects.select_for_update().get(pk=user.pk)  # who asks twice at once is counted once
    plain = projects.normalised(name)
    if owned(user).count() >= settings.SANDBOXES_EACH:
        raise BadProject(
            f"you own {settings.SANDBOXES_EACH} sandboxes, which is the most: each ends by itself, "
            f"{settings.SANDBOX_LIFETIME_DAYS} days after its last upload"
        )
    if Project.objects.published(Space.INDEX).filter(name=plain).exists():
        raise BadProject(f"{plain} is published on this index: choose another name")
    if _is_upstream(plain):
        raise _taken_upstream(plain)
    return projects.create(name=plain, owner=user.email, space=Space.SANDBOX, by=by)


def owned(user: User) -> QuerySet[Project]:
    """Return the sandboxes of which the person is an owner by name."""
    found: QuerySet[Project] = Project.objects.sandboxes().filter(
        members__user=user, members__role=Role.OWNER
    )
    return found


def ends(projects: Iterable[Project]) -> dict[int, datetime]:
    """Return when sandboxes end to which nothing is uploaded until then, by id, in one query."""
    every = list(projects)
    files = File.objects.filter(draft__project__in=every).values_list("draft__project")
    last = dict(files.annotate(last=Max("staged_at")))
    life = timedelta(days=settings.SANDBOX_LIFETIME_DAYS)
    return {one.pk: max(one.created_at, last.get(one.pk, one.created_at)) + life for one in every}


def _is_upstream(plain: str) -> bool:
    """Say whether a project of this name on the index was seen at its upstream index."""
    rows = Target.objects.standing().filter(project__name=plain, project__space=Space.INDEX)
    return any(row.known.get("newest") for row in rows)
