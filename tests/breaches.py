"""Rows about people and their circles that the database refuses, each breaking one constraint."""

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from accounts.models import EmailChange, User
from drafts.models import (
    Group,
    GroupProject,
    Handover,
    Invitation,
    Loosening,
    Project,
    Team,
    TeamMember,
    TeamRole,
)

NOW = timezone.now()
LATER = NOW + timedelta(days=1)


def _user() -> User:
    return User.objects.earliest("pk")


def _project() -> Project:
    return Project.objects.get()


def _team() -> Team:
    return Team.objects.get_or_create(name="band")[0]


def _role(role: str = "owner") -> None:
    TeamRole.objects.create(team=_team(), project=_project(), role=role)


def _invite(**changes: object) -> None:
    row = {"project": _project(), "role": "owner", "email": "a@example.org", "token_sha256": "x"}
    Invitation.objects.create(invited_by=_user(), expires_at=LATER, **{**row, **changes})


def _loosen(**changes: object) -> None:
    Loosening.objects.create(
        project=_project(), asked_by=_user(), before={}, after={}, due_at=LATER, **changes
    )


def _hand_over(**changes: object) -> None:
    row = {"project": _project(), "to": _user(), "reason": "x", "opened_by": "x", "due_at": LATER}
    Handover.objects.create(**{**row, **changes})


def _address(token: str) -> None:
    EmailChange.objects.create(
        user=_user(), email="a@example.org", before="b@example.org", token_sha256=token, expires_at=LATER
    )


def _twice(act: Callable[[], object]) -> Callable[[], None]:
    def both() -> None:
        act()
        act()

    return both


def _of_people() -> dict[str, Callable[[], object]]:
    return {
        "a_teams_name_is_normalised": lambda: Team.objects.create(name="The Band"),
        "a_person_is_in_a_team_once": _twice(lambda: TeamMember.objects.create(team=_team(), user=_user())),
        "one_role_per_team_and_project": _twice(_role),
        "a_teams_role_is_one_of_three": lambda: _role("admin"),
        "a_groups_name_is_normalised": lambda: Group.objects.create(name="The Suite"),
        "a_project_is_in_one_group_at_most": lambda: [
            GroupProject.objects.create(group=Group.objects.create(name=name), project=_project())
            for name in ("one", "two")
        ],
        "an_invitation_is_to_a_project_in_a_role_or_to_a_team": lambda: _invite(team=_team()),
        "an_invitation_that_was_revoked_is_not_accepted": lambda: _invite(revoked_at=NOW, accepted_at=NOW),
        "one_pending_loosening_per_project": _twice(_loosen),
        "a_loosening_has_one_of_five_states": lambda: _loosen(state="lost", ended_at=NOW),
        "a_loosening_has_ended_unless_it_is_pending": lambda: _loosen(state="done"),
        "one_live_handover_per_project": _twice(_hand_over),
        "a_handover_that_was_objected_to_is_not_done": lambda: _hand_over(objected_at=NOW, done_at=NOW),
        "one_live_change_of_address_per_person": lambda: [_address("x"), _address("y")],
    }


OF_PEOPLE = _of_people()
