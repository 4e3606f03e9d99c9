"""What owners say of a project as a whole (PEP 792): active, deprecated or archived, with a reason for everybody."""

import hashlib
from enum import StrEnum

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from accounts.mail import Letter
from accounts.stepup import Proof, Purpose
from drafts.access import members
from drafts.access.roles import Act
from drafts.models import Project, ProjectStatus
from drafts.notify.mail import News, tell
from drafts.publishing import edge, shown

LONGEST_REASON = 500
_MEANS = {
    ProjectStatus.ACTIVE: "It takes uploads, and installers are told nothing besides.",
    ProjectStatus.DEPRECATED: "Everything goes on working; installers and people are told that it is deprecated.",
    ProjectStatus.ARCHIVED: "It takes no uploads, and nothing of it is published until an owner makes it active again.",
}


class Event(StrEnum):
    """What can happen to a project's status."""

    CHANGED = "project:status-changed"


def purpose(project: Project, status: ProjectStatus, reason: str) -> Purpose:
    """Return what a proof must be for to give a project this status, for this reason."""
    said = hashlib.sha256(f"{status}\n{reason}".encode()).hexdigest()
    return Purpose(act="project status", on=f"project:{project.pk}", fingerprint=said)


def spelled(reason: str) -> str:
    """Return a reason as one line, as pages and installers show it."""
    return " ".join(reason.split())[:LONGEST_REASON]


@transaction.atomic
def change(*, project: Project, status: ProjectStatus, reason: str, by: Actor, proof: Proof) -> bool:
    """Give a project a status with its reason (one line, may be empty). False when it has both already.

    Raises ProofRefused, NotYours. An active project has no reason.
    """
    project = Project.objects.lock(project.pk)
    proof.demand(purpose(project, status, reason))
    members.demand(project=project, user=proof.user, act=Act.STATUS)
    reason = "" if status == ProjectStatus.ACTIVE else spelled(reason)
    before = (project.status, project.status_reason)
    if before == (status, reason):
        return False
    project.status, project.status_reason = status, reason
    project.save(update_fields=["status", "status_reason"])
    shown.again(project)
    edge.forget_page(project)
    tell(News.STATUS, project=project, letter=_letter(project), but=proof.user)
    audit.record(
        Event.CHANGED,
        on=project,
        by=by,
        method=proof.method,
        before=before[0],
        after=str(status),
        reason=reason,
    )
    return True


def _letter(project: Project) -> Letter:
    status = ProjectStatus(project.status)
    why = (f"The reason that everybody reads: {project.status_reason}",) if project.status_reason else ()
    return Letter(
        f"{project} is {status} now",
        (f"An owner made the project {project} {status}.", _MEANS[status], *why),
        f"{project.path}",
        f"Look at {project}",
    )
