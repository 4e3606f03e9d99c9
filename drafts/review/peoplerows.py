"""The people of a project as its members see them: who, in which role, since when, with which second factors."""

from dataclasses import dataclass
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.urls import reverse

from accounts.models import FactorHold
from drafts.access.gate import Member
from drafts.access.roles import Act
from drafts.models import Invitation, standing
from drafts.models.standing import Standing

_KINDS = {"totp": "authenticator app", "webauthn": "passkey"}


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person. ``by_teams``: the roles that teams give, in words; empty addresses: what the viewer cannot do."""

    name: str
    email: str
    role: str
    since: datetime
    by_teams: tuple[str, ...]
    factors: str
    held_until: datetime | None
    is_you: bool
    is_closed: bool
    confirm_url: str
    role_url: str
    remove_url: str


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """One open invitation."""

    email: str
    as_what: str
    by: str
    invited_at: datetime
    expires_at: datetime
    revoke_url: str


@dataclass(frozen=True, slots=True)
class TeamLine:
    """A team with a role on the project; ``url`` only for who is in it."""

    name: str
    role: str
    since: datetime
    people: int
    url: str
    change_url: str


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """A project's people, for one of them."""

    name: str
    people: tuple[PersonRow, ...]
    invitations: tuple[InvitationRow, ...]
    teams: tuple[TeamLine, ...]
    owners: int
    invite_url: str
    team_url: str
    leave_url: str


def page(who: Member) -> PeoplePage:
    """Return the page; what only owners do has addresses for owners alone."""
    everybody = standing.standings(who.project)
    name = who.project.name
    may = who.may(Act.MEMBERS)
    return PeoplePage(
        name=name,
        people=people(who, everybody),
        invitations=_invitations(who) if may else (),
        teams=_teams(who, may=may),
        owners=sum(one.role == "owner" and one.user.is_active for one in everybody),
        invite_url=reverse("member-invite", args=[name]) if may else "",
        team_url=reverse("project-team", args=[name]) if may else "",
        leave_url=reverse("member-leave", args=[name])
        if any(one.user == who.user and one.own for one in everybody)
        else "",
    )


def people(who: Member, everybody: list[Standing]) -> tuple[PersonRow, ...]:
    """Return everybody as rows."""
    numbers = [one.user.pk for one in everybody]
    held: dict[int, datetime] = {}
    for hold in FactorHold.objects.standing().filter(user__in=numbers).order_by("until"):
        held[hold.user_id] = hold.until
    factors: dict[int, list[str]] = {}
    for row in Authenticator.objects.filter(user__in=numbers, type__in=_KINDS).order_by("type"):
        factors.setdefault(row.user_id, []).append(_KINDS[row.type])
    return tuple(_row(who, one, factors.get(one.user.pk, []), held.get(one.user.pk)) for one in everybody)


def _row(who: Member, one: Standing, factors: list[str], held: datetime | None) -> PersonRow:
    where = [who.project.name, one.user.pk]
    is_you = one.user.pk == who.user.pk
    changes = who.may(Act.MEMBERS) and one.own is not None
    return PersonRow(
        name=one.user.name,
        email=one.user.email,
        role=one.role,
        since=one.since,
        by_teams=tuple(f"{part.role} by the team {part.team}" for part in one.parts if part.team),
        factors=_spelled(factors),
        held_until=held,
        is_you=is_you,
        is_closed=not one.user.is_active,
        confirm_url=reverse("member-confirm", args=where)
        if held and not is_you and who.may(Act.VOUCH)
        else "",
        role_url=reverse("member-role", args=where) if changes else "",
        remove_url=reverse("member-remove", args=where) if changes and not is_you else "",
    )


def _spelled(factors: list[str]) -> str:
    kinds = list(dict.fromkeys(factors))
    return " and ".join(
        f"{factors.count(kind)} {kind}s" if factors.count(kind) > 1 else kind for kind in kinds
    )


def invitation(row: Invitation, revoke_url: str) -> InvitationRow:
    """Return one invitation as a row."""
    by = row.invited_by.email
    return InvitationRow(row.email, row.as_what, by, row.invited_at, row.expires_at, revoke_url)


def _invitations(who: Member) -> tuple[InvitationRow, ...]:
    rows = who.project.invitations.all().open().select_related("invited_by").order_by("pk")
    name = who.project.name
    return tuple(invitation(row, reverse("invitation-revoke", args=[name, row.pk])) for row in rows)


def _teams(who: Member, *, may: bool) -> tuple[TeamLine, ...]:
    mine = set(who.user.teams.values_list("team_id", flat=True))
    rows = (
        who.project.team_roles.select_related("team").prefetch_related("team__people").order_by("team__name")
    )
    where = reverse("project-team", args=[who.project.name])
    return tuple(
        TeamLine(
            name=row.team.name,
            role=row.role,
            since=row.since,
            people=len(row.team.people.all()),
            url=reverse("team", args=[row.team.name]) if row.team_id in mine else "",
            change_url=f"{where}?team={row.team.name}" if may else "",
        )
        for row in rows
    )
