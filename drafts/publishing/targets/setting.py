"""The acts on a project's upstream target: set it, give new credentials, have it removed, keep it after all."""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.mail import Letter
from accounts.stepup import Proof, Purpose
from drafts import outbound, secrets
from drafts.access import members, orders
from drafts.access.roles import Act
from drafts.models import Kind, Project, Push, PushState, Role, Target, TargetKind, Uploader, jobs
from drafts.notify import mail
from drafts.notify.mail import News
from drafts.notify.standard_webhooks import BadSecret, key_of
from drafts.outbound.addresses import parse

NOTICE = timedelta(hours=24)
_WORD = re.compile(r"[!-~]{1,1000}")
_LINE = re.compile(r"[^\x00-\x1f\x7f]{1,1000}")
_APP = re.compile(r"[0-9]{1,20}")


class Event(StrEnum):
    """What can happen to an upstream target."""

    SET = "target:set"
    CREDENTIALS = "target:credentials"
    LEAVES = "target:leaves"
    KEPT = "target:kept"
    REMOVED = "target:removed"
    CHECKED = "target:checked"


class BadTarget(Exception):
    """It cannot be set like that; the text says why. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an owner typed. An empty ``secret`` or ``app_key`` keeps the one there is."""

    kind: str = TargetKind.PYPI
    uploader: str = Uploader.PRESSCHECK
    upload_url: str = ""
    index_url: str = ""
    username: str = ""
    secret: str = ""
    takes_attestations: bool = False
    hook_url: str = ""
    environment: str = ""
    app_id: str = ""
    app_key: str = ""

    @property
    def place(self) -> tuple[object, ...]:
        """Return what makes it another index, to which nothing that was given for this one is sent."""
        return (self.kind, self.uploader, self.upload_url, self.index_url, self.hook_url)


def purpose(project: Project) -> Purpose:
    """Return what a proof must be for to change where a project's files go."""
    return Purpose(act="upstream target", on=f"project:{project.pk}")


def check_shape(wanted: Wanted) -> None:
    """Raise BadTarget, before a code is spent, unless everything has the form it must have."""
    if wanted.kind not in set(TargetKind) or wanted.uploader not in set(Uploader):
        raise BadTarget("Choose one of the indexes, and who uploads to it.")
    if wanted.kind == TargetKind.OTHER:
        _addresses(wanted)
    if wanted.uploader == Uploader.CI:
        _asking(wanted)
    elif wanted.secret and not _LINE.fullmatch(wanted.secret):
        raise BadTarget("A password or token is one line, of at most 1000 characters.")
    if wanted.username and not _WORD.fullmatch(wanted.username):
        raise BadTarget("A user name is one word without spaces.")


def _addresses(wanted: Wanted) -> None:
    if not wanted.index_url or not wanted.upload_url:
        raise BadTarget("Another index needs two addresses: where it takes files, and where it lists them.")
    for url in (wanted.upload_url, wanted.index_url):
        _address(url)


def _address(url: str) -> None:
    try:
        parse(url)
    except outbound.Forbidden as error:
        raise BadTarget(str(error)) from error


def _asking(wanted: Wanted) -> None:
    """Check how CI is asked: by a webhook, by GitHub's deployments, or both."""
    if not wanted.hook_url and not wanted.environment:
        raise BadTarget(
            "Say how CI is asked to publish: by a webhook, or by an environment whose deployments wait."
        )
    if wanted.hook_url:
        _address(wanted.hook_url)
    if wanted.secret and wanted.hook_url:
        try:
            key_of(wanted.secret)
        except BadSecret as error:
            raise BadTarget(str(error)) from error
    if wanted.environment and not _APP.fullmatch(wanted.app_id):
        raise BadTarget("The id of a GitHub app is a number.")
    if wanted.app_key and "PRIVATE KEY" not in wanted.app_key:
        raise BadTarget("The key of a GitHub app is its private key in PEM.")


@transaction.atomic
def set_target(*, project: Project, wanted: Wanted, by: Actor, proof: Proof) -> Target:
    """Say where a project's files go besides this index. Raises BadTarget, ProofRefused, NotYours.

    The first one counts at once, and so do new credentials for it. Another index takes the place of one only after that
    one was removed, so that nobody turns a release elsewhere in a moment.
    """
    project = Project.objects.lock(project.pk)
    proof.demand(purpose(project))
    members.demand(project=project, user=proof.user, act=Act.TARGET)
    if project.is_sandbox:
        raise BadTarget(f"{project} is a sandbox: it publishes to /sandbox/simple/ and nowhere else.")
    check_shape(wanted)
    before = Target.objects.filter(project=project, ended_at=None).first()
    if before is not None and before.leaves_at and before.leaves_at <= timezone.now():
        _end(before, by)
        before = None
    if before is not None and _place(before) != wanted.place:
        raise BadTarget(
            f"The files of {project} go to {before} now. Have that removed first: it takes 24 hours, or another owner."
        )
    target = before or Target(project=project, kind=wanted.kind, uploader=wanted.uploader)
    _fill(target, wanted)
    target.set_at, target.set_by = timezone.now(), proof.user
    target.checked_at, target.check_error = None, ""
    target.save()
    jobs.enqueue(kind=Kind.CHECK_TARGET, subject=target.subject)
    orders.terms_changed(project)
    event = Event.CREDENTIALS if before else Event.SET
    audit.record(event, on=target, by=by, told=_told(target), method=proof.method)
    return target


def _place(target: Target) -> tuple[object, ...]:
    return (target.kind, target.uploader, target.upload_url, target.index_url, target.hook_url)


def _fill(target: Target, wanted: Wanted) -> None:
    other = wanted.kind == TargetKind.OTHER
    target.upload_url, target.index_url = (wanted.upload_url, wanted.index_url) if other else ("", "")
    target.username = wanted.username if other else ""
    target.takes_attestations = other and wanted.takes_attestations
    target.hook_url, target.environment, target.app_id = wanted.hook_url, wanted.environment, wanted.app_id
    if wanted.secret:
        target.secret_sealed = secrets.seal_target_secret(wanted.secret)
    if wanted.app_key:
        target.app_key_sealed = secrets.seal_target_secret(wanted.app_key)
    if not target.secret_sealed and (wanted.uploader == Uploader.PRESSCHECK or wanted.hook_url):
        raise BadTarget(
            "Give what signs the webhook." if wanted.hook_url else "Give the token that uploads there."
        )
    if wanted.environment and not target.app_key_sealed:
        raise BadTarget("Give the private key of the GitHub app.")


def _told(target: Target) -> dict[str, str]:
    names = ("kind", "uploader", "upload_url", "index_url", "username", "hook_url", "environment", "app_id")
    return {name: getattr(target, name) for name in names if getattr(target, name)}


@transaction.atomic
def remove(*, project: Project, by: Actor, proof: Proof) -> Target:
    """Have the target removed: in 24 hours, or at once when another owner asked for it before.

    Where files go is part of what a project promises, so one stolen session does not change it. All owners are told.
    Raises BadTarget, ProofRefused, NotYours.
    """
    project = Project.objects.lock(project.pk)
    proof.demand(purpose(project))
    members.demand(project=project, user=proof.user, act=Act.TARGET)
    target = Target.objects.filter(project=project, ended_at=None).select_related("leaves_by").first()
    if target is None:
        raise BadTarget(f"{project} has no upstream target.")
    if Push.objects.filter(target=target).exclude(state__in=[PushState.DONE, PushState.LEFT]).exists():
        raise BadTarget("Files are on their way there: wait until that is over, or finish it.")
    if may_leave_now(target, proof):
        _end(target, by)
        return target
    if target.leaves_at is not None:
        raise BadTarget("You asked for that before: it takes 24 hours, or another owner.")
    target.leaves_at, target.leaves_by = timezone.now() + NOTICE, proof.user
    target.save(update_fields=["leaves_at", "leaves_by"])
    audit.record(Event.LEAVES, on=target, by=by, at=target.leaves_at.isoformat(), method=proof.method)
    mail.tell(News.POLICY, project=project, letter=_letter(target, by), roles=[Role.OWNER])
    return target


def may_leave_now(target: Target, proof: Proof) -> bool:
    """Say whether the removal of a target is effective at once: its 24 hours are over, or a second owner says so, too."""
    if target.leaves_at is None:
        return False
    return target.leaves_at <= timezone.now() or target.leaves_by_id != proof.user.pk


def _letter(target: Target, by: Actor) -> Letter:
    project = target.project
    return Letter(
        f"{project} leaves {target} in 24 hours",
        (
            (
                f"{by.label} asked that the releases of {project} go to {target} no longer. It counts in 24 hours, or at once "
                "when another owner asks for it as well."
            ),
            "If that is not meant, keep the target on its page, and look who has the role of an owner.",
        ),
        reverse("target", args=[project.name]),
        "Look at the upstream target",
    )


def _end(target: Target, by: Actor) -> None:
    """Remove a target and forget its secrets. Part of an act's transaction."""
    target.ended_at, target.secret_sealed, target.app_key_sealed = timezone.now(), "", ""
    target.save(update_fields=["ended_at", "secret_sealed", "app_key_sealed"])
    orders.terms_changed(target.project)
    audit.record(Event.REMOVED, on=target, by=by)


@transaction.atomic
def keep(*, project: Project, by: Actor, proof: Proof) -> bool:
    """Keep a target whose removal is not effective yet. False when there is none. Raises ProofRefused, NotYours."""
    project = Project.objects.lock(project.pk)
    proof.demand(purpose(project))
    members.demand(project=project, user=proof.user, act=Act.TARGET)
    target = Target.objects.standing().filter(project=project, leaves_at__isnull=False).first()
    if target is None:
        return False
    target.leaves_at, target.leaves_by = None, None
    target.save(update_fields=["leaves_at", "leaves_by"])
    audit.record(Event.KEPT, on=target, by=by, method=proof.method)
    return True


def end_left() -> int:
    """Remove targets whose 24 hours are over, with their secrets. Returns how many."""
    left = Target.objects.filter(ended_at=None, leaves_at__lte=timezone.now())
    return sum(_ended(target) for target in left.select_related("project"))


@transaction.atomic
def _ended(target: Target) -> bool:
    Project.objects.lock(target.project_id)
    row = Target.objects.filter(pk=target.pk, ended_at=None, leaves_at__lte=timezone.now()).first()
    if (
        row is None
        or Push.objects.filter(target=row).exclude(state__in=[PushState.DONE, PushState.LEFT]).exists()
    ):
        return False
    _end(row, Actor.system())
    return True
