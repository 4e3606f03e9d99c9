"""The acts on standing orders: give one with a second factor, revoke it, end one whose terms changed."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils import timezone
from packaging.version import Version

from accounts import audit
from accounts.audit import Actor
from accounts.mail import Letter
from accounts.models import User
from accounts.stepup import Proof, Purpose
from drafts.access import members
from drafts.access.roles import Act
from drafts.access.terms import Terms, differences
from drafts.models import Draft, Job, Kind, Project, RunClaims, StandingOrder, jobs
from drafts.models.orders import LONGEST
from drafts.notify.mail import News, tell
from drafts.publishing.policy import listed


class Event(StrEnum):
    """What can happen to a standing order."""

    GIVEN = "order:given"
    REVOKED = "order:revoked"
    VOID = "order:void"
    STOPPED = "order:stopped"


class CannotBeGiven(Exception):
    """A standing order cannot be given now; the text says why. Nothing was changed."""


def purpose(project: Project, days: int) -> Purpose:
    """Return what a proof must be for to give an order for so many days, on the terms as they are."""
    spelled = hashlib.sha256(f"{days} {Terms.of(project).spelled}".encode()).hexdigest()
    return Purpose(act="give a standing order", on=f"project:{project.pk}", fingerprint=spelled)


def baseline(project: Project) -> Mapping[str, Any]:
    """Return which job built the newest release, and at which commit. Raises CannotBeGiven."""
    releases = project.releases.filter(files__isnull=False).distinct()
    newest = max(releases, key=lambda release: Version(release.version), default=None)
    if newest is None:
        raise CannotBeGiven("nothing was published yet: publish a release yourself first, to compare with")
    claims = [file.run_claims for file in newest.files.all()]
    jobs = {
        (one.issuer, one.kind, one.repository, one.repository_id, one.workflow, one.commit)
        for one in claims
        if one
    }
    if None in claims or len(jobs) != 1:
        raise CannotBeGiven(
            f"not every file of {newest} was staged by one trusted publisher at one commit: publish such a release first"
        )
    names = ("issuer", "kind", "repository", "repository_id", "workflow", "commit")
    return {"version": newest.version, **dict(zip(names, jobs.pop(), strict=True))}


def is_of(found: Mapping[str, Any], claims: RunClaims | None) -> bool:
    """Say whether a file was staged by the job that a baseline names, at whatever commit."""
    if claims is None or not claims.repository_id:
        return False
    return all(found[name] == getattr(claims, name) for name in ("issuer", "repository_id", "workflow"))


@transaction.atomic
def give(*, project: Project, days: int, by: Actor, proof: Proof) -> StandingOrder:
    """Give a standing order for some days. Raises ProofRefused, NotYours, CannotBeGiven."""
    project = Project.objects.lock(project.pk)
    proof.demand(purpose(project, days))
    members.demand(project=project, user=proof.user, act=Act.ORDER)
    if not timedelta(0) < timedelta(days=days) <= LONGEST:
        raise CannotBeGiven(f"an order is good for 1 to {LONGEST.days} days")
    if StandingOrder.objects.of(project):
        raise CannotBeGiven("the project has a standing order: revoke that one first")
    now, terms, base = timezone.now(), Terms.of(project), baseline(project)
    StandingOrder.objects.filter(project=project, ended_at=None).update(
        ended_at=now, ended_why="Its time was over."
    )
    order = StandingOrder.objects.create(
        project=project,
        given_by=proof.user,
        given_at=now,
        expires_at=now + timedelta(days=days),
        members=terms.members,
        publishers=terms.publishers,
        policy=terms.policy,
        baseline=dict(base),
    )
    _look_at_what_is_complete(project)
    _tell(
        order,
        "A standing order was given",
        f"{proof.user} lets new releases of {project} be published without a click until {order.expires_at:%d %B %Y}, where "
        "they meet every condition on the page below.",
        "If that is not right, any maintainer can revoke it there, at once.",
    )
    audit.record(Event.GIVEN, on=order, by=by, method=proof.method, days=days, baseline=dict(base))
    return order


def _look_at_what_is_complete(project: Project) -> None:
    """Have the order look at drafts that CI called complete, as they are now, before there was one."""
    for draft in Draft.objects.live().filter(project=project, complete_said_at__isnull=False):
        if draft.is_editable and draft.complete_said_of == draft.fingerprint():
            jobs.enqueue(kind=Kind.ORDER, subject=draft.subject)


@transaction.atomic
def revoke(*, order: StandingOrder, by: Actor, user: User) -> bool:
    """Take an order back, at once; what it decided and is not visible yet is handed back. False when it had ended.

    Raises NotYours.
    """
    project = Project.objects.lock(order.project_id)
    members.demand(project=project, user=user, act=Act.REVOKE_ORDER)
    if not _end(order, f"Revoked by {user}."):
        return False
    audit.record(Event.REVOKED, on=order, by=by)
    return True


@transaction.atomic
def hold_to_terms(job: Job) -> None:
    """End a project's order if its members, publishers or settings changed since, and tell its owners."""
    project = Project.objects.lock(job.subject_id)
    job.finish()
    order = StandingOrder.objects.of(project)
    if order is not None and (found := differences(order)):
        void(order, f"Changed since it was given: {listed(found)}.")


def void(order: StandingOrder, why: str) -> None:
    """End an order whose terms do not hold any more: part of a transaction that holds the project's lock."""
    if _end(order, why):
        _tell(
            order,
            "A standing order is void",
            f"The {order} publishes nothing any more. {why}",
            "Drafts wait for a maintainer again. An owner can give another order.",
        )
        audit.record(Event.VOID, on=order, by=Actor.system(), reason=why)


def _end(order: StandingOrder, why: str) -> bool:
    rows = StandingOrder.objects.filter(pk=order.pk, ended_at=None, expires_at__gt=timezone.now())
    return rows.update(ended_at=timezone.now(), ended_why=why) == 1


def _tell(order: StandingOrder, subject: str, *words: str) -> None:
    """Tell owners and maintainers: an order may be void because its one owner is none any more."""
    path = f"{order.project.path}order/"
    letter = Letter(f"{order.project}: {subject}", words, path, "Look at the order")
    tell(News.ORDER, project=order.project, letter=letter)
