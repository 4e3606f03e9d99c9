"""The acts on invitations: mail one, revoke it, accept it with an account or without one."""

from datetime import timedelta
from enum import StrEnum

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts import audit, mail
from accounts import people as accounts
from accounts.audit import Actor
from accounts.models import TotpCounter, User
from accounts.stepup import Proof, Purpose
from drafts import secrets
from drafts.access import letters, members, orders
from drafts.access.members import NotYours
from drafts.access.roles import Act
from drafts.models import Invitation, Membership, Project, Role, Team, TeamMember

LIFETIME = timedelta(days=7)
MOST_OPEN = 100


class Event(StrEnum):
    """What can happen to an invitation."""

    SENT = "invitation:sent"
    REVOKED = "invitation:revoked"
    ACCEPTED = "invitation:accepted"


class BadInvitation(Exception):
    """Nobody can be invited like that, or the invitation is not good (any more); the text says why."""


def purpose(where: Project | Team, email: str, role: str) -> Purpose:
    """Return what a proof must be for to invite this address in this role."""
    kind = "team" if isinstance(where, Team) else "project"
    return Purpose(act="invite a member", on=f"{kind}:{where.pk}", fingerprint=f"{spelled(email)} {role}")


def spelled(email: str) -> str:
    """Return an address as this server writes it."""
    return email.strip().lower()


def check(where: Project | Team, email: str) -> None:
    """Raise BadInvitation, before a code is spent, unless this address can be invited."""
    try:
        validate_email(spelled(email))
    except ValidationError as error:
        raise BadInvitation(f"'{email.strip()[:100]}' is not an e-mail address.") from error
    if _is_in(where, spelled(email)):
        raise BadInvitation(f"{spelled(email)} is a member already: change the role instead.")
    open_ones = where.invitations.all().open()
    if open_ones.filter(email=spelled(email)).exists():
        raise BadInvitation(f"{spelled(email)} is invited already: revoke that invitation to send another.")
    if open_ones.count() >= MOST_OPEN:
        raise BadInvitation(f"{MOST_OPEN} invitations are open, which is the most: revoke some first.")


def _is_in(where: Project | Team, email: str) -> bool:
    if isinstance(where, Team):
        return where.people.filter(user__email=email).exists()
    return where.members.filter(user__email=email).exists()


@transaction.atomic
def invite(*, project: Project, email: str, role: Role, by: Actor, proof: Proof) -> Invitation:
    """Mail somebody a link that makes them a member. Raises ProofRefused, NotYours, BadInvitation."""
    project = Project.objects.lock(project.pk)
    proof.demand(purpose(project, email, role))
    members.demand(project=project, user=proof.user, act=Act.MEMBERS)
    check(project, email)
    return _send(Invitation(project=project, role=role), email, by, proof)


@transaction.atomic
def invite_to_team(*, team: Team, email: str, as_lead: bool, by: Actor, proof: Proof) -> Invitation:
    """Mail somebody a link that puts them into a team. Raises ProofRefused, NotYours, BadInvitation."""
    team = Team.objects.select_for_update().get(pk=team.pk)
    proof.demand(purpose(team, email, "lead" if as_lead else "member"))
    must_lead(team, proof.user)
    check(team, email)
    return _send(Invitation(team=team, as_lead=as_lead), email, by, proof)


def must_lead(team: Team, user: User) -> None:
    """Raise NotYours unless the person leads the team."""
    if not team.people.filter(user=user, is_lead=True).exists():
        raise NotYours(f"{user} is no lead of the team {team}")


def _send(row: Invitation, email: str, by: Actor, proof: Proof) -> Invitation:
    token, row.token_sha256 = secrets.new_token(secrets.Prefix.MAILED)
    row.email, row.invited_by = spelled(email), proof.user
    row.expires_at = timezone.now() + LIFETIME
    row.save(force_insert=True)
    audit.record(Event.SENT, on=row, by=by, role=row.as_what, method=proof.method)
    mail.after_commit(letters.invited(row, reverse("invitation", args=[token])), to=[row.email])
    return row


@transaction.atomic
def revoke(*, invitation: Invitation, user: User, by: Actor) -> bool:
    """Call an invitation off, at once. False when it was over before. Raises NotYours."""
    _lock(invitation)
    _may_invite(invitation, user)
    rows = Invitation.objects.open().filter(pk=invitation.pk)
    if rows.update(revoked_at=timezone.now()) != 1:
        return False
    audit.record(Event.REVOKED, on=invitation, by=by)
    return True


def of_token(token: str) -> Invitation | None:
    """Return the open invitation that a link is of."""
    rows = Invitation.objects.open().select_related("project", "team", "invited_by")
    return rows.filter(token_sha256=secrets.token_digest(token)).first()


def lets_in(email: str) -> bool:
    """Say whether the mailed link is enough to sign somebody in: nobody, or a person who never had a second factor."""
    user = User.objects.filter(email=email).first()
    if user is None:
        return True
    was_somebody = TotpCounter.objects.filter(user=user, enrolled_before=True).exists()
    return user.is_active and not user.is_enrolled and user.recovered_at is None and not was_somebody


@transaction.atomic
def accept(*, invitation: Invitation, user: User, by: Actor) -> None:
    """Become a member, as the person whom it is for. Raises BadInvitation."""
    _lock(invitation)
    _accept(invitation, user, by)


@transaction.atomic
def accept_as_new(*, invitation: Invitation, by: Actor) -> User:
    """Make the account of somebody who has none, and make them a member. Raises BadInvitation.

    Whoever has the link reads the mailbox, which is all that an account without a second factor rests on.
    """
    _lock(invitation)
    if not lets_in(invitation.email):
        raise BadInvitation(f"{invitation.email} has an account: sign in first.")
    user = User.objects.filter(email=invitation.email).first()
    if user is None:
        user = accounts.add(email=invitation.email, by=by)
    _accept(invitation, user, by)
    return user


def _where(invitation: Invitation) -> Project | Team:
    """Return what it lets in to: the database keeps exactly one of the two."""
    where = invitation.team or invitation.project
    assert where is not None
    return where


def _lock(invitation: Invitation) -> None:
    where = _where(invitation)
    if isinstance(where, Team):
        Team.objects.select_for_update().get(pk=where.pk)
    else:
        Project.objects.lock(where.pk)


def _accept(invitation: Invitation, user: User, by: Actor) -> None:
    if user.email != invitation.email:
        raise BadInvitation(f"This invitation is for {invitation.email}, and you are {user.email}.")
    try:
        _may_invite(invitation, invitation.invited_by)
    except NotYours as error:
        raise BadInvitation("Who sent this invitation could not send it now: ask for another one.") from error
    where = _where(invitation)
    if _is_in(where, user.email):
        raise BadInvitation(f"You are a member of {invitation.to} already.")
    if Invitation.objects.open().filter(pk=invitation.pk).update(accepted_at=timezone.now()) != 1:
        raise BadInvitation("This invitation was used, revoked, or is too old: ask for another one.")
    if isinstance(where, Team):
        TeamMember.objects.create(team=where, user=user, is_lead=invitation.as_lead)
        for row in where.roles.select_related("project"):
            said = f"{user.email} is in the team {where} now, which is {row.role} of {row.project}."
            letters.to_owners(row.project, letters.team_changed(where, row.project, said))
            orders.terms_changed(row.project)
    else:
        Membership.objects.create(project=where, user=user, role=invitation.role)
        orders.terms_changed(where)
    audit.record(Event.ACCEPTED, on=invitation, by=by, role=invitation.as_what)


def _may_invite(invitation: Invitation, user: User) -> None:
    if not user.is_active:
        raise NotYours(f"the account {user} is closed")
    where = _where(invitation)
    if isinstance(where, Team):
        must_lead(where, user)
    else:
        members.demand(project=where, user=user, act=Act.MEMBERS)
