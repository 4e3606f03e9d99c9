"""The acts of people on a publish that stands still upstream: resume it, or finish here without the rest."""

from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.stepup import Proof, Purpose
from drafts.access import members
from drafts.access.roles import Act
from drafts.models import Changed, Draft, DraftState, Kind, Push, PushedFile, PushedFileState, PushState, jobs


class Event(StrEnum):
    """What deciding leaves on record."""

    RESUMED = "upstream:resumed"
    LEFT = "upstream:left"


def purpose(draft: Draft) -> Purpose:
    """Return what a proof must be for to finish a publish without the upstream index."""
    return Purpose(
        act="finish without the upstream", on=draft.subject, fingerprint=draft.publishing_fingerprint
    )


@transaction.atomic
def resume(*, draft: Draft, by: Actor) -> None:
    """Go on with a publish that stopped or waits upstream: what was refused is sent again. Raises Changed."""
    push = _held(draft)
    PushedFile.objects.filter(push=push, state=PushedFileState.REFUSED).update(state=PushedFileState.PENDING)
    if push.state == PushState.STOPPED:
        # CI is asked again for what is missing; what this server sends goes on where it stood.
        missing = PushedFile.objects.filter(push=push).exclude(state=PushedFileState.CONFIRMED)
        begun_at = None if push.target.by_ci and missing.exists() else push.begun_at
        values = {"state": PushState.WAITING, "begun_at": begun_at, "alarm": False}
        Push.objects.filter(pk=push.pk).update(**values)
    Push.objects.filter(pk=push.pk).update(tries=0)
    jobs.enqueue(kind=Kind.PUBLISH, subject=push.draft.subject)
    push.draft.bump()
    audit.record(Event.RESUMED, on=push.draft, by=by, index=str(push.target), words=push.words)


@transaction.atomic
def finish_here(*, draft: Draft, by: Actor, proof: Proof, reason: str) -> None:
    """Show the files on this index, if they do not yet, though not all of them are upstream: the rest is left.

    Raises Changed, ProofRefused, NotYours.
    """
    push = _held(draft)
    proof.demand(purpose(push.draft))
    members.demand(project=push.draft.project, user=proof.user, act=Act.TARGET)
    states = dict(PushedFile.objects.filter(push=push).values_list("file__filename", "state"))
    Push.objects.filter(pk=push.pk).update(state=PushState.LEFT, ended_at=timezone.now())
    jobs.enqueue(kind=Kind.PUBLISH, subject=push.draft.subject)
    push.draft.bump()
    audit.record(
        Event.LEFT,
        on=push.draft,
        by=by,
        index=str(push.target),
        files=states,
        reason=reason.strip()[:2000],
        method=proof.method,
    )


def _held(draft: Draft) -> Push:
    """Lock a draft whose publish is under way upstream, and return its push. Raises Changed."""
    draft = Draft.objects.lock(draft)
    push = Push.objects.select_related("target").filter(draft=draft).first()
    if draft.state not in {DraftState.PROCESSING, DraftState.PUBLISHED} or push is None or push.is_over:
        raise Changed(f"the publish of {draft} went on after the page was shown")
    push.draft = draft
    return push
