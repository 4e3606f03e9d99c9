"""Publishing at a time: the acts of scheduling and withdrawing, and the job that asks everything again when it has come."""

from datetime import datetime, timedelta
from enum import StrEnum

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils import timezone

from accounts import audit, holds
from accounts.audit import Actor
from accounts.mail import Letter
from accounts.stepup import Proof, Purpose
from drafts.access import members
from drafts.access.members import NotYours
from drafts.access.roles import Act
from drafts.models import Draft, Job, Kind, jobs
from drafts.notify.mail import News, tell
from drafts.publishing import publish
from drafts.publishing.options import Options, must_fit, spoken, told
from drafts.publishing.policy import blockers
from drafts.publishing.publish import Event as Publishing

LATEST = timedelta(hours=24)  # a server that comes back later than that cancels instead of publishing


class Event(StrEnum):
    """What can happen to a schedule."""

    SCHEDULED = "draft:scheduled"
    WITHDRAWN = "draft:schedule-withdrawn"
    CANCELED = "draft:schedule-canceled"


def purpose(draft: Draft, fingerprint: str, options: Options) -> Purpose:
    """Return what a proof must be for to publish these very files at this time, in this way."""
    return Purpose(act="publish at a time", on=draft.subject, fingerprint=options.spelled(fingerprint))


@transaction.atomic
def schedule(
    *, draft: Draft, by: Actor, proof: Proof, fingerprint: str, options: Options, note: str = ""
) -> Draft:
    """Decide to publish exactly the files that the fingerprint names at ``options.at``; until then they cannot change.

    Raises ProofRefused, NotYours, NotEditable, Changed, Blocked, BadOptions; then nothing is changed.
    """
    assert options.at is not None
    draft = Draft.objects.lock(draft)
    proof.demand(purpose(draft, fingerprint, options))
    members.demand(project=draft.project, user=proof.user, act=Act.PUBLISH)
    publish.check(draft=draft, fingerprint=fingerprint, publisher=proof.user.pk)
    must_fit(options, draft)
    publish.decided(draft=draft, fingerprint=fingerprint, user=proof.user, note=note, options=options)
    draft.publish_at, draft.publishing_decided_at = options.at, proof.at
    draft.publishing_method, draft.publishing_factor = proof.method, proof.factor
    draft.save(
        update_fields=["publish_at", "publishing_decided_at", "publishing_method", "publishing_factor"]
    )
    draft.bump()
    jobs.enqueue(kind=Kind.SCHEDULED, subject=draft.subject, not_before=options.at)
    audit.record(
        Event.SCHEDULED,
        on=draft,
        by=by,
        digest=fingerprint,
        method=proof.method,
        at=options.at.isoformat(),
        note=draft.publishing_note,
        **told(draft),
    )
    return draft


@transaction.atomic
def withdraw(*, draft: Draft, by: Actor) -> bool:
    """Take a schedule back: the draft can change and be published again. False when there is none any more."""
    draft = Draft.objects.lock(draft)
    if not draft.is_open or draft.publish_at is None:
        return False
    at = _cleared(draft)
    audit.record(Event.WITHDRAWN, on=draft, by=by, digest=draft.publishing_fingerprint, at=at.isoformat())
    return True


def _cleared(draft: Draft) -> datetime:
    at = draft.publish_at
    assert at is not None
    draft.publish_at = None
    draft.save(update_fields=["publish_at"])
    draft.bump()
    return at


@transaction.atomic
def work(job: Job) -> None:
    """Begin a scheduled publish, or cancel it with the reason; nothing, where it was withdrawn or the draft ended."""
    draft = Draft.objects.lock(Draft.objects.get(pk=job.subject_id))
    if draft.is_open and draft.publish_at is not None and draft.publish_at > timezone.now():
        job.postpone(draft.publish_at, "")
        return
    job.finish()
    if not draft.is_open or draft.publish_at is None:
        return
    if reason := doubt(draft):
        _cancel(draft, reason)
        return
    publish.begin(draft=draft)
    audit.record(
        Publishing.STARTED,
        on=draft,
        by=Actor.system(),
        digest=draft.publishing_fingerprint,
        method=draft.publishing_method,
        note=draft.publishing_note,
        scheduled_by=str(draft.publishing_by),
        **told(draft),
    )


def doubt(draft: Draft) -> str:
    """Return why a scheduled draft is not published, now that its time has come; empty where nothing is against it."""
    at, now = draft.publish_at, timezone.now()
    assert at is not None
    if now - at > LATEST:
        return f"the server was away at {spoken(at)} and came back more than 24 hours later"
    if said := _person(draft):
        return said
    if draft.fingerprint() != draft.publishing_fingerprint:
        return "its files are not those that were decided on"
    found = blockers(draft, publisher=draft.publishing_by_id)
    return " ".join(one.sentence for one in found[:5])


def _person(draft: Draft) -> str:
    """Return what speaks against the person who decided, or against the factor that they gave."""
    user = draft.publishing_by
    if user is None or not user.is_active:
        return f"{user} has no active account any more"
    try:
        members.demand(project=draft.project, user=user, act=Act.PUBLISH)
    except NotYours as error:
        return str(error)
    factor = Authenticator.objects.filter(pk=draft.publishing_factor, user=user).first()
    if factor is None:
        return f"the second factor that {user} gave was removed since"
    hold = holds.of_factor(factor)
    return f"{user}’s second factor is held, because {hold.reason}" if hold else ""


def _cancel(draft: Draft, reason: str) -> None:
    at = _cleared(draft)
    audit.record(
        Event.CANCELED,
        on=draft,
        by=Actor.system(),
        digest=draft.publishing_fingerprint,
        at=at.isoformat(),
        reason=reason,
    )
    _tell(
        draft,
        f"{draft.publishing_by} scheduled it for {spoken(at)}. It was not published. Why: {reason.rstrip('.')}.",
    )


def failed(*, draft: Draft, reason: str) -> None:
    """Mail that a publish failed which began by itself: nobody is at the page. Part of the act that hands the draft back."""
    if draft.publishing_decided_at is not None:
        _tell(draft, f"{draft.publishing_by} scheduled it, it began at its time, and it failed. {reason}")


def _tell(draft: Draft, what: str) -> None:
    letter = Letter(
        subject=f"{draft} was not published at its time",
        paragraphs=(
            what,
            "The draft is as it was, and its files can change again. To publish it, look at it and press Publish.",
        ),
        path=f"{draft.project.path}drafts/{draft.version}/",
        link="Look at the draft",
    )
    tell(News.SCHEDULE, project=draft.project, letter=letter)
