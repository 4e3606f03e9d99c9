"""The acts on a project's members: another role, taking somebody out, leaving."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from accounts import audit, mail
from accounts.audit import Actor
from accounts.models import User
from accounts.stepup import Proof, Purpose
from drafts.access import letters, members, orders, tokens
from drafts.access.members import NotYours
from drafts.access.roles import Act
from drafts.models import Changed, Draft, DraftLink, Membership, Project, Role, Token, standing
from drafts.models.drafts import LIVE


class Event(StrEnum):
    """What can happen to a member of a project."""

    ROLE = "member:role-changed"
    REMOVED = "member:removed"
    LEFT = "member:left"


class NoMember(Exception):
    """The person has no role of their own on the project; the text says so."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a member made on a project that is good still: tokens, and links of drafts that live."""

    tokens: tuple[Token, ...] = ()
    links: tuple[DraftLink, ...] = ()

    @property
    def spelled(self) -> str:
        """Return a digest that names exactly these."""
        text = f"{[row.pk for row in self.tokens]} {[row.pk for row in self.links]}"
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Kept:
    """Which of those are taken over, by their ids; the others are revoked."""

    tokens: frozenset[int] = frozenset()
    links: frozenset[int] = frozenset()


NOTHING = Kept()


def made_by(project: Project, user: User) -> Made:
    """Return what a person made on a project that is good still."""
    links = DraftLink.objects.valid().filter(draft__project=project, draft__state__in=LIVE, created_by=user)
    good = Token.objects.valid().filter(project=project, created_by=user)
    return Made(
        tokens=tuple(good.select_related("draft").order_by("pk")),
        links=tuple(links.select_related("draft__project").order_by("pk")),
    )


def role_purpose(project: Project, user: User, role: str) -> Purpose:
    """Return what a proof must be for to give this member this role."""
    return Purpose(act="change a role", on=f"project:{project.pk}", fingerprint=f"person:{user.pk} {role}")


def remove_purpose(project: Project, user: User) -> Purpose:
    """Return what a proof must be for to take this member out, or to leave."""
    return Purpose(act="remove a member", on=f"project:{project.pk}", fingerprint=f"person:{user.pk}")


def subject(project: Project, user: User) -> audit.Subject:
    """Return how events speak of a member."""
    return audit.Subject(f"project:{project.pk}", "member", str(user.pk), user.email)


@transaction.atomic
def change_role(*, project: Project, user: User, role: Role, by: Actor, proof: Proof) -> bool:
    """Give a member another role of their own. False when they have it already.

    Raises ProofRefused, NotYours, NoMember, LastOwner.
    """
    project = Project.objects.lock(project.pk)
    proof.demand(role_purpose(project, user, role))
    members.demand(project=project, user=proof.user, act=Act.MEMBERS)
    row = _own(project, user)
    before = row.role
    if before == role:
        return False
    Membership.objects.filter(pk=row.pk).update(role=role, since=timezone.now())
    members.keep_an_owner(project)
    orders.terms_changed(project)
    audit.record(Event.ROLE, on=subject(project, user), by=by, before=before, after=role, method=proof.method)
    mail.after_commit(letters.role_changed(project, before, role, proof.user), to=[user.email])
    return True


@transaction.atomic
def remove(*, project: Project, user: User, keep: Kept, seen: str, by: Actor, proof: Proof) -> Made:
    """Take a member out; what they made and nobody takes over is revoked, and returned.

    ``seen``: what they made, spelled, as the page showed it. Raises ProofRefused, NotYours, NoMember, LastOwner,
    Changed.
    """
    project = Project.objects.lock(project.pk)
    proof.demand(remove_purpose(project, user))
    members.demand(project=project, user=proof.user, act=Act.MEMBERS)
    if user.pk == proof.user.pk:
        raise NotYours(f"{user} leaves by the page that is for that")
    made = made_by(project, user)
    if made.spelled != seen:
        raise Changed(f"what {user} made changed after the page was shown")
    revoked = _end(project, user, made, keep, to=proof.user)
    _record(Event.REMOVED, project, user, by, proof, revoked)
    mail.after_commit(letters.removed(user, project, proof.user), to=[user.email])
    return revoked


@transaction.atomic
def leave(*, project: Project, by: Actor, proof: Proof) -> Made:
    """Leave a project; what the person made is revoked, and returned. Raises ProofRefused, NoMember, LastOwner."""
    project = Project.objects.lock(project.pk)
    proof.demand(remove_purpose(project, proof.user))
    revoked = _end(project, proof.user, made_by(project, proof.user), NOTHING, to=proof.user)
    _record(Event.LEFT, project, proof.user, by, proof, revoked)
    return revoked


def _own(project: Project, user: User) -> Membership:
    row = Membership.objects.filter(project=project, user=user).first()
    if row is None:
        raise NoMember(f"{user} has no role of their own on {project}")
    return row


def _end(project: Project, user: User, made: Made, keep: Kept, *, to: User) -> Made:
    """Delete the role; revoke what the person made, unless a team keeps them on the project or it is taken over."""
    _own(project, user).delete()
    members.keep_an_owner(project)
    return forget(project, user, made, keep, to=to)


def forget(project: Project, user: User, made: Made, keep: Kept = NOTHING, *, to: User) -> Made:
    """Revoke what somebody made who is on a project no more, for an act that holds its lock. Returns what was revoked."""
    if standing.role_on(project, user) is not None:
        return Made()
    project.invitations.all().open().filter(invited_by=user).update(revoked_at=timezone.now())
    return end(made, keep, to=to)


def end(made: Made, keep: Kept, *, to: User) -> Made:
    """Revoke what somebody made and nobody takes over, for an act that holds the project's lock. Returns what was revoked."""
    Token.objects.filter(pk__in=keep.tokens & {row.pk for row in made.tokens}).update(created_by=to)
    DraftLink.objects.filter(pk__in=keep.links & {row.pk for row in made.links}).update(
        created_by=to,
        with_others=False,  # the tick was of the one who leaves
    )
    revoked = Made(
        tuple(row for row in made.tokens if row.pk not in keep.tokens),
        tuple(row for row in made.links if row.pk not in keep.links),
    )
    for token in revoked.tokens:
        tokens.end(token)
    _end_links(revoked.links)
    return revoked


def _end_links(links: Collection[DraftLink]) -> None:
    DraftLink.objects.filter(pk__in=[row.pk for row in links], revoked_at=None).update(
        revoked_at=timezone.now()
    )
    for draft in Draft.objects.filter(pk__in=sorted({row.draft_id for row in links})).order_by("pk"):
        draft.bump()


def _record(event: Event, project: Project, user: User, by: Actor, proof: Proof, revoked: Made) -> None:
    orders.terms_changed(project)
    audit.record(
        event,
        on=subject(project, user),
        by=by,
        method=proof.method,
        tokens_revoked=[row.label for row in revoked.tokens],
        links_revoked=[row.label for row in revoked.links],
    )
