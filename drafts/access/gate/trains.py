"""Trains: who is a member of any of a train's projects sees it; acts on the whole take the right on each."""

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from accounts.audit import Actor, Origin
from accounts.models import User
from drafts.access.gate.people import user_of
from drafts.access.roles import Act, may
from drafts.models import Draft, Train, standing


@dataclass(frozen=True, slots=True)
class Passenger:
    """A person as a member of some, or all, of a train's projects; ``drafts`` are all of the train's."""

    user: User
    train: Train
    drafts: tuple[Draft, ...]
    roles: dict[int, str]
    actor: Actor

    def may(self, act: Act, draft: Draft) -> bool:
        return may(self.roles.get(draft.project_id, ""), act)

    def may_on_all(self, act: Act) -> bool:
        return all(self.may(act, draft) for draft in self.drafts)

    @property
    def seen(self) -> tuple[Draft, ...]:
        """Return the drafts that the person may see; of the others, pages say how many there are and nothing else."""
        return tuple(draft for draft in self.drafts if self.may(Act.SEE, draft))


def train(request: HttpRequest, train_id: int, act: Act, *, on_all: bool = False) -> Passenger:
    """Return a train and the person as a member of its projects.

    Raises Http404 for strangers to all of them, PermissionDenied for whom no role allows the act, or (``on_all``) not
    every one.
    """
    user = user_of(request)
    row = Train.objects.filter(pk=train_id).first()
    drafts = tuple(row.drafts.select_related("project").order_by("project__name", "pk")) if row else ()
    roles = _roles(user, drafts)
    if row is None or not roles:
        raise Http404("There is no such train, or you are a member of none of its projects.")
    who = Passenger(user, row, drafts, roles, Actor.person(user, Origin.of(request)))
    able = sum(who.may(act, draft) for draft in drafts)
    if not able or (on_all and able < len(drafts)):
        raise PermissionDenied(
            f"You can {act} for {able} of the {len(drafts)} drafts of this train, and it takes "
            f"{'all' if on_all else 'one'} of them. Owners of their projects can change that."
        )
    return who


def open_drafts(request: HttpRequest) -> tuple[User, list[Draft]]:
    """Return the drafts that the person can put on a train: open, in none, of projects where their role allows it."""
    user = user_of(request)
    roles = standing.roles_of(user)
    mine = [project for project, role in roles.items() if may(role, Act.TRAIN)]
    rows = Draft.objects.live().filter(project__in=mine, train=None).select_related("project")
    return user, [draft for draft in rows.order_by("project__name", "version_key", "pk") if draft.is_editable]


def _roles(user: User, drafts: tuple[Draft, ...]) -> dict[int, str]:
    projects = {draft.project_id for draft in drafts}
    return {project: role for project, role in standing.roles_of(user).items() if project in projects}
