"""Settings that ask less: a second owner says yes, an owner withdraws them, or their time comes."""

from collections.abc import Callable
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from accounts.stepup import Proof, Purpose
from drafts.access import letters, members, policy
from drafts.access.members import NotYours
from drafts.access.policy import Policy
from drafts.access.roles import Act
from drafts.models import Job, Loosening, LooseningState, Project, standing


class Event(StrEnum):
    """What can happen to settings that wait to ask less."""

    LOOSENED = "project:policy-loosened"
    WITHDRAWN = "project:policy-loosening-withdrawn"
    VOID = "project:policy-loosening-void"


class NotPending(Exception):
    """The change does not wait any more; the text says so."""


def confirm_purpose(row: Loosening) -> Purpose:
    """Return what a proof must be for to let this very change take effect at once."""
    return Purpose(act="loosen settings", on=row.subject, fingerprint=f"project:{row.project_id}")


@transaction.atomic
def confirm(*, loosening: Loosening, by: Actor, proof: Proof) -> str:
    """Say yes as a second owner: it takes effect at once. Returns why it is void instead, or nothing.

    Raises ProofRefused, NotYours, NotPending.
    """
    row = _locked(loosening)
    proof.demand(confirm_purpose(row))
    members.demand(project=row.project, user=proof.user, act=Act.POLICY)
    _must_be_another(row, proof.user)
    return _settle(row, by, f"{proof.user.email} said yes as a second owner", method=proof.method)


@transaction.atomic
def withdraw(*, loosening: Loosening, user: User, by: Actor) -> None:
    """Call a change off, as any owner. Raises NotYours, NotPending."""
    row = _locked(loosening)
    members.demand(project=row.project, user=user, act=Act.POLICY)
    _end(row, LooseningState.WITHDRAWN, user.email)
    audit.record(Event.WITHDRAWN, on=row, by=by, waits=row.after)
    letters.to_owners(row.project, letters.not_loosened(row, f"{user.email} withdrew it."))


def work(job: Job) -> None:
    """Let a change take effect whose time has come; one that ended before stays as it is."""
    with transaction.atomic():
        try:
            row = _locked(Loosening.objects.get(pk=job.subject_id))
        except NotPending:
            job.finish()
            return
        if row.due_at > timezone.now():
            job.postpone(row.due_at, "it waits for its time, or for a second owner")
            return
        _settle(row, Actor.system(), "24 hours passed and no owner withdrew it")
        job.finish()


def _locked(row: Loosening) -> Loosening:
    """Return a change as it is under its project's lock. Raises NotPending."""
    project = Project.objects.lock(row.project_id)
    found: Loosening | None = Loosening.objects.pending().select_related("asked_by").filter(pk=row.pk).first()
    if found is None:
        raise NotPending(
            "this change does not wait any more: it took effect, was withdrawn, or another took its place"
        )
    found.project = project
    return found


def _must_be_another(row: Loosening, user: User) -> None:
    """Refuse whoever asked, and who was made an owner since: two owners who did not make each other."""
    if user.pk == row.asked_by_id:
        raise NotYours(f"{user} asked for it: the second yes is another owner's")
    found = next(one for one in standing.standings(row.project) if one.user.pk == user.pk)
    if found.since >= row.asked_at:
        raise NotYours(f"{user} became an owner after it was asked for: an earlier owner's yes counts")


def _settle(row: Loosening, by: Actor, why: str, **more: str) -> str:
    """Write the change, or find it void. Returns why it is void, or nothing."""
    now = Policy.of(row.project)
    if void := next((said for is_void, said in _VOID.items() if is_void(row, now)), ""):
        _end(row, LooseningState.VOID, "")
        audit.record(Event.VOID, on=row, by=by, waits=row.after, reason=void)
        letters.to_owners(row.project, letters.not_loosened(row, void))
        return void
    after = Policy.read({**now.as_details(), **row.after})
    policy.write(row.project, now, after)
    _end(row, LooseningState.DONE, by.label)
    audit.record(
        Event.LOOSENED,
        on=row,
        by=by,
        before=now.as_details(),
        after=after.as_details(),
        asked_by=row.asked_by.email,
        **more,
    )
    letters.to_owners(row.project, letters.loosened(row, why))
    return ""


def _is_not_the_askers(row: Loosening, _now: Policy) -> bool:
    return not row.asked_by.is_active or not members.allows(row.project, row.asked_by, Act.POLICY)


def _has_another_base(row: Loosening, now: Policy) -> bool:
    """Say whether a setting that it was decided on is another one now; settings that are new since say nothing."""
    values = now.as_details()
    return any(values[name] != value for name, value in row.before.items() if name in values)


_VOID: dict[Callable[[Loosening, Policy], bool], str] = {
    _is_not_the_askers: "Who asked for it is no owner any more.",
    _has_another_base: "The settings that it was decided on were changed by other means.",
}


def _end(row: Loosening, state: LooseningState, by: str) -> None:
    Loosening.objects.filter(pk=row.pk).end(state, by=by)
