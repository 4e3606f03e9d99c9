"""Handing a project's name to another owner: an operator opens it, 30 days pass, each former owner can object."""

from datetime import timedelta
from enum import StrEnum

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts import audit, mail
from accounts.audit import Actor
from accounts.mail import Letter
from accounts.models import User
from accounts.stepup import Proof, Purpose
from drafts.access import operating
from drafts.models import (
    CiSource,
    DraftLink,
    GroupProject,
    Handover,
    HandoverNotice,
    Invitation,
    Job,
    Kind,
    Loosening,
    LooseningState,
    Membership,
    Project,
    Publisher,
    Role,
    TeamRole,
    Token,
    jobs,
    standing,
)

WAIT = timedelta(days=30)


class Event(StrEnum):
    """What can happen to a hand-over."""

    OPENED = "project:handover-opened"
    STOPPED = "project:handover-stopped"
    DONE = "project:handed-over"


class NotHandedOver(Exception):
    """The name stays where it is; the text says why."""


def purpose(project: Project, to: str) -> Purpose:
    """Return what a proof must be for to hand this project to this person."""
    return Purpose(act="hand a project over", on=f"project:{project.pk}", fingerprint=to.strip().lower())


@transaction.atomic
def begin(*, project: Project, to: str, reason: str, by: Actor, proof: Proof) -> Handover:
    """Open a hand-over and mail every owner, open account or not, a link that objects.

    Raises ProofRefused, NoOperator, NotHandedOver.
    """
    project = Project.objects.lock(project.pk)
    operating.demand(proof, purpose(project, to))
    user = User.objects.filter(email=to.strip().lower(), is_active=True).first()
    if user is None:
        raise NotHandedOver(f"there is no person with the address {to.strip()} whose account is open")
    if standing.role_on(project, user) == Role.OWNER:
        raise NotHandedOver(f"{user.email} owns {project} already")
    if not reason.strip():
        raise NotHandedOver("say why: the owners read it")
    try:
        with transaction.atomic():
            row = Handover.objects.create(
                project=project,
                to=user,
                reason=reason.strip()[:2000],
                opened_by=by.label,
                due_at=timezone.now() + WAIT,
            )
    except IntegrityError as error:
        raise NotHandedOver(f"a hand-over of {project} is open already") from error
    told = [one.user.email for one in standing.standings(project) if one.role == Role.OWNER]
    for email in told:
        path = reverse("handover", args=[HandoverNotice.make(handover=row, email=email)])
        mail.after_commit(_opened(row, path), to=[email])
    jobs.enqueue(kind=Kind.HAND_OVER, subject=f"handover:{row.pk}", not_before=row.due_at)
    audit.record(
        Event.OPENED,
        on=project,
        by=by,
        to=user.email,
        reason=row.reason,
        told=told,
        due=row.due_at.isoformat(),
        method=proof.method,
    )
    return row


@transaction.atomic
def stop(*, handover: Handover, by: Actor) -> None:
    """Object: the project stays whose it is. Raises NotHandedOver when it was over before."""
    project = Project.objects.lock(handover.project_id)
    rows = Handover.objects.filter(pk=handover.pk, objected_at=None, done_at=None)
    if rows.update(objected_at=timezone.now(), objected_by=by.label[:254]) != 1:
        raise NotHandedOver("this hand-over was over before: nothing was changed")
    audit.record(Event.STOPPED, on=project, by=by, to=handover.to.email)
    _tell(handover, _stopped(handover, by.label))


def work(job: Job) -> None:
    """Hand a name over whose 30 days have passed without an objection; done once."""
    with transaction.atomic():
        row = Handover.objects.select_related("to", "project").get(pk=job.subject_id)
        project = Project.objects.lock(row.project_id)
        row.refresh_from_db()
        if row.is_live and row.due_at > timezone.now():
            job.postpone(row.due_at, "it waits for its 30 days")
            return
        if row.is_live and row.to.is_active:
            _hand_over(project, row)
        elif row.is_live:
            _give_up(project, row)
        job.finish()


def _give_up(project: Project, row: Handover) -> None:
    label = "the account that it was for is closed"
    Handover.objects.filter(pk=row.pk).update(objected_at=timezone.now(), objected_by=label)
    audit.record(Event.STOPPED, on=project, by=Actor.system(), to=row.to.email, reason=label)


def _hand_over(project: Project, row: Handover) -> None:
    """Leave nothing of the former owners that opens anything: the new owner begins alone. What is published stays."""
    former = [one.user.email for one in standing.standings(project)]
    leave_nothing(project, by="handed over")
    Membership.objects.create(project=project, user=row.to, role=Role.OWNER)
    Handover.objects.filter(pk=row.pk).update(done_at=timezone.now())
    audit.record(Event.DONE, on=project, by=Actor.system(), to=row.to.email, former=former)
    _tell(row, _done(row))
    mail.after_commit(_yours(row), to=[row.to.email])


def leave_nothing(project: Project, *, by: str) -> None:
    """End every role, and whatever opens anything, of a project whose lock is held."""
    now = timezone.now()
    Membership.objects.filter(project=project).delete()
    TeamRole.objects.filter(project=project).delete()
    GroupProject.objects.filter(project=project).delete()
    Invitation.objects.open().filter(project=project).update(revoked_at=now)
    Loosening.objects.filter(project=project).end(LooseningState.VOID, by=by)
    Token.objects.filter(project=project, revoked_at=None).update(revoked_at=now)
    DraftLink.objects.filter(draft__project=project, revoked_at=None).update(revoked_at=now)
    Publisher.objects.trusted().filter(project=project).update(removed_at=now)
    CiSource.objects.filter(project=project).delete()


def _tell(row: Handover, letter: Letter) -> None:
    mail.after_commit(letter, to=list(row.notices.values_list("email", flat=True)))


def _opened(row: Handover, path: str) -> Letter:
    return Letter(
        f"An operator wants to hand {row.project} to somebody else",
        (
            f"An operator of this index opened a hand-over of {row.project} to {row.to.email}. The reason given: {row.reason}",
            f"At {row.due_at:%d %B %Y %H:%M} UTC all roles, tokens and trusted publishers end and {row.to.email} becomes the only owner.",
            "If you do not want that, object. One objection of one owner stops it.",
        ),
        path,
        "Object to this hand-over",
    )


def _stopped(row: Handover, by: str) -> Letter:
    return Letter(
        f"The hand-over of {row.project} was stopped", (f"{by} objected. The project stays as it is.",)
    )


def _done(row: Handover) -> Letter:
    return Letter(
        f"{row.project} was handed over",
        (f"30 days passed without an objection. {row.to.email} is the owner of {row.project} now.",),
    )


def _yours(row: Handover) -> Letter:
    return Letter(
        f"{row.project} is yours",
        (
            f"You are the only owner of {row.project}. Tokens and trusted publishers of before are ended.",
            "What is published stays. Look at drafts that were open before you publish one.",
        ),
        reverse("project", args=[row.project.name]),
        f"Look at {row.project}",
    )
