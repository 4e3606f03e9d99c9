"""The act by which an owner vouches for a member whose second factor is too new to publish."""

from django.db import transaction

from accounts import holds
from accounts.audit import Actor
from accounts.models import User
from accounts.stepup import Proof, Purpose
from drafts.access import members
from drafts.access.members import NotYours
from drafts.access.roles import Act, may
from drafts.models import Project, Role, standing


def purpose(project: Project, member: User) -> Purpose:
    """Return what a proof must be for to vouch for this person."""
    return Purpose(act="confirm a member", on=f"project:{project.pk}", fingerprint=f"person:{member.pk}")


@transaction.atomic
def confirm(*, project: Project, member: User, by: Actor, proof: Proof) -> None:
    """Say that a member's new second factor is the member's: it publishes from now on.

    Raises ProofRefused, NotYours, accounts.holds.NotConfirmed. What is lifted counts wherever the person publishes, so
    who vouches has to be an owner of all of these projects, and somebody else than the person.
    """
    project = Project.objects.lock(project.pk)
    proof.demand(purpose(project, member))
    members.demand(project=project, user=proof.user, act=Act.VOUCH)
    if proof.user.pk == member.pk:
        raise NotYours("nobody vouches for themselves: an older second factor on the account page can")
    if foreign := _not_owned(member, by=proof.user):
        raise NotYours(f"{member} also publishes {', '.join(foreign)}, which {proof.user} does not own")
    holds.confirm_for(user=member, by=by)


def _not_owned(member: User, *, by: User) -> list[str]:
    """Return the projects that a person may publish and another one does not own."""
    owned = {number for number, role in standing.roles_of(by).items() if role == Role.OWNER}
    publishes = {number for number, role in standing.roles_of(member).items() if may(role, Act.PUBLISH)}
    foreign = Project.objects.filter(pk__in=publishes - owned)
    return sorted(foreign.values_list("name", flat=True))
