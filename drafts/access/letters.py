"""What people are told by mail about the projects and teams that they belong to."""

from typing import Any

from django.urls import reverse

from accounts import mail
from accounts.mail import Letter
from accounts.models import User
from drafts.models import Invitation, Loosening, Project, Role, Team, standing

_LABELS = {
    "evidence_demand": "evidence for every file",
    "expected_files": "files that publishing waits for",
    "expected_patterns": "patterns of those files",
    "direct_urls": "requirements that name an address",
    "window_series": "a series of releases",
    "window_series_lines": "lines that say what a series is",
}
_NOT_RIGHT = "If that is not right, any owner can withdraw it on the settings page until then."


def to_owners(project: Project, letter: Letter) -> None:
    """Send a letter to every owner, whatever they chose to be told of, once the act is committed."""
    mail.after_commit(letter, to=[user.email for user in standing.people(project, (Role.OWNER,))])


def changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[str, ...]:
    """Return in words what of the settings changes."""
    return tuple(
        f"{_LABELS.get(name, name.replace('_', ' '))}: {_spelled(before.get(name))} → {_spelled(value)}"
        for name, value in after.items()
    )


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return "allowed" if value else "not allowed"
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value) or "none"
    return "none" if value in (None, "") else str(value)


def _settings(project: Project) -> str:
    return reverse("project-settings", args=[project.name])


def loosening(row: Loosening, *, replaces: bool) -> Letter:
    """Say that settings are to ask less, from when on, and who can stop it."""
    return Letter(
        f"The settings of {row.project} are to ask less",
        (
            f"{row.asked_by.email} changed settings of {row.project} so that they ask less than before:",
            *changes(row.before, row.after),
            f"That takes effect at {row.due_at:%d %B %Y %H:%M} UTC, or at once when a second owner says yes.",
            *(("It takes the place of a change that was waiting, which is off.",) if replaces else ()),
            _NOT_RIGHT,
        ),
        _settings(row.project),
        "Look at the settings",
    )


def loosened(row: Loosening, by: str) -> Letter:
    """Say that settings ask less from now on."""
    return Letter(
        f"The settings of {row.project} ask less now",
        (
            f"What {row.asked_by.email} changed is in effect: {by}.",
            *changes(row.before, row.after),
            "An owner can ask for more again at any time, at once.",
        ),
        _settings(row.project),
        "Look at the settings",
    )


def not_loosened(row: Loosening, why: str) -> Letter:
    """Say that a change that waited is off; ``why`` is a whole sentence."""
    return Letter(
        f"The settings of {row.project} stay as they are",
        (
            f"A change that {row.asked_by.email} asked for does not happen. {why}",
            *changes(row.before, row.after),
        ),
        _settings(row.project),
        "Look at the settings",
    )


def superseded(project: Project, by: User) -> Letter:
    """Say that a change which waited is off because the settings were changed again."""
    return Letter(
        f"A change of the settings of {project} is off",
        (f"{by.email} changed the settings again. What was waiting to ask less does not happen.",),
        _settings(project),
        "Look at the settings",
    )


def invited(row: Invitation, path: str) -> Letter:
    """Invite somebody, with the one link."""
    return Letter(
        f"{row.invited_by} invites you to {row.to}",
        (
            f"{row.invited_by.email} asks you to be {row.as_what} of {row.to} on this package index.",
            f"The link is for {row.email} alone, works once, and until {row.expires_at:%d %B %Y %H:%M} UTC.",
            "If you did not expect it, do nothing: without the link nothing happens.",
        ),
        path,
        "Look at the invitation",
    )


def removed(user: User, where: Project | Team, by: User) -> Letter:
    """Tell somebody that they are no member any more."""
    return Letter(
        f"You are no member of {where} any more",
        (f"{by.email} took {user.email} out of {where}. An owner or lead there can invite you again.",),
    )


def role_changed(project: Project, before: str, after: str, by: User) -> Letter:
    """Tell somebody that their role is another one."""
    return Letter(
        f"You are {after} of {project} now",
        (f"{by.email} changed your role on {project} from {before} to {after}.",),
        reverse("project", args=[project.name]),
        f"Look at {project}",
    )


def team_changed(team: Team, project: Project, said: str) -> Letter:
    """Tell a project's owners what became of a team that has, or had, a role on it; ``said`` is a sentence."""
    return Letter(
        f"The team {team} on {project} changed",
        (said, f"What the team may do on {project}, and who is in it, its page and the people page say."),
        reverse("project-people", args=[project.name]),
        f"Look at the people of {project}",
    )
