"""The acts of operators on people and on tokens of the whole index, each with a second factor at the very act."""

from dataclasses import dataclass

from django.db import transaction

from accounts import closing, recovery
from accounts.audit import Actor
from accounts.models import Recovery, User
from accounts.stepup import Proof, Purpose
from drafts.access import members, membership, readers
from drafts.access.membership import NOTHING
from drafts.models import DraftLink, IndexToken, Project, Role, Token, standing


class NoOperator(Exception):
    """The person is no operator, or does it to themselves; the text says so."""


@dataclass(frozen=True, slots=True)
class Closing:
    """What closing an account ends: how many tokens and links, and which projects it leaves without an owner."""

    tokens: int
    links: int
    ownerless: tuple[str, ...]


def purpose(act: str, user: User) -> Purpose:
    """Return what an operator's proof must be for to do this to a person."""
    return Purpose(act=act, on=f"person:{user.pk}")


CLOSE, OPEN, RECOVER, FINISH = (
    "close an account",
    "open an account again",
    "open a recovery",
    "finish a recovery",
)
TOKEN = "an index token"  # noqa: S105  a word, not a secret


def token_purpose(token: IndexToken | None) -> Purpose:
    """Return what a proof must be for to make a token of the whole index, or to revoke this one."""
    return Purpose(
        act=f"{'revoke' if token else 'make'} {TOKEN}", on=f"index-token:{token.pk if token else 'new'}"
    )


def demand(proof: Proof, wanted: Purpose) -> None:
    """Raise ProofRefused or NoOperator unless an operator proved exactly this."""
    proof.demand(wanted)
    if not User.objects.filter(pk=proof.user.pk, is_staff=True, is_active=True).exists():
        raise NoOperator(f"{proof.user} is no operator any more")


def closing_of(user: User) -> Closing:
    """Return what closing an account would end."""
    made = [membership.made_by(project, user) for project in _projects(user)]
    owned = [number for number, role in standing.roles_of(user).items() if role == Role.OWNER]
    alone = (
        project.name
        for project in Project.objects.filter(pk__in=owned).order_by("name")
        if not [one for one in standing.people(project, (Role.OWNER,)) if one != user]
    )
    return Closing(sum(len(one.tokens) for one in made), sum(len(one.links) for one in made), tuple(alone))


def _projects(user: User) -> list[Project]:
    """Return the projects on which a person made something that is good still, by id."""
    tokens = Token.objects.valid().filter(created_by=user).values_list("project", flat=True)
    links = DraftLink.objects.valid().filter(created_by=user).values_list("draft__project", flat=True)
    return list(Project.objects.filter(pk__in={*tokens, *links}).order_by("pk"))


@transaction.atomic
def close(*, user: User, reason: str, by: Actor, proof: Proof) -> Closing:
    """Close an account: its sign-ins, tokens and draft links end at once; its roles stay on record and count for nothing.

    Raises ProofRefused, NoOperator, accounts.closing.NotClosed.
    """
    projects = [Project.objects.lock(project.pk) for project in _projects(user)]
    demand(proof, purpose(CLOSE, user))
    if user.pk == proof.user.pk:
        raise NoOperator("nobody closes their own account: another operator does")
    ended = closing_of(user)
    for project in projects:
        membership.end(membership.made_by(project, user), NOTHING, to=proof.user)
    also = {"tokens": ended.tokens, "links": ended.links, "method": proof.method}
    closing.close(user=user, by=by, reason=reason.strip()[:2000], also=also)
    return ended


@transaction.atomic
def open_again(*, user: User, by: Actor, proof: Proof) -> None:
    """Open a closed account again. Raises ProofRefused, NoOperator, accounts.closing.NotClosed."""
    demand(proof, purpose(OPEN, user))
    closing.open_again(user=user, by=by)


@transaction.atomic
def begin_recovery(*, user: User, by: Actor, proof: Proof) -> Recovery:
    """Open a recovery, of which the person and all owners around them are told.

    Raises ProofRefused, NoOperator, accounts.recovery.NotRecovered.
    """
    demand(proof, purpose(RECOVER, user))
    return recovery.begin(user=user, by=by, tell=members.owners_around(user))


@transaction.atomic
def finish_recovery(*, user: User, by: Actor, proof: Proof) -> str:
    """End a recovery that waited; returns the one-time sign-in token. Raises ProofRefused, NoOperator, NotRecovered."""
    demand(proof, purpose(FINISH, user))
    return recovery.finish(user=user, by=by)


@transaction.atomic
def make_token(*, label: str, days: int, by: Actor, proof: Proof) -> tuple[IndexToken, str]:
    """Make a token that reads the whole index, shown this once. Raises ProofRefused, NoOperator."""
    demand(proof, token_purpose(None))
    return readers.make(label=label, days=days, by=by)


@transaction.atomic
def revoke_token(*, token: IndexToken, by: Actor, proof: Proof) -> bool:
    """Revoke a token that reads the whole index. False when it was before. Raises ProofRefused, NoOperator."""
    demand(proof, token_purpose(token))
    return readers.revoke(token=token, by=by)
