"""The job of a standing order: publish a draft that meets every condition, wait for what passes by itself, or say why not."""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.mail import Letter
from drafts.models import Changed, Draft, Job, StandingOrder
from drafts.notify.mail import News, tell
from drafts.publishing import publish
from drafts.publishing.orders import workflow
from drafts.publishing.orders.conditions import Reason, against
from drafts.publishing.orders.give import Event, void

PATIENCE = timedelta(hours=24)  # since CI said that the draft is complete


def work(job: Job) -> None:
    """Do what the project's order says of a draft that CI called complete."""
    draft = Draft.objects.select_related("project").get(pk=job.subject_id)
    order = StandingOrder.objects.of(draft.project)
    if order is None or not draft.is_editable or draft.complete_said_at is None:
        job.finish()
        return
    fingerprint = draft.fingerprint()
    reasons = against(order, draft) or _of_provider(order, draft)
    if not reasons:
        _publish(order, draft, job, fingerprint)
    elif all(one.waits for one in reasons) and draft.complete_said_at + PATIENCE > timezone.now():
        _wait(draft, job, reasons)
    else:
        _stop(order, draft, job, [one for one in reasons if not one.waits] or reasons)


def _of_provider(order: StandingOrder, draft: Draft) -> list[Reason]:
    """Ask what takes the network, once nothing else speaks against it."""
    claims = next((file.run_claims for file in draft.files.completed()), None)
    return workflow.against(order, claims) if claims else []


@transaction.atomic
def _publish(order: StandingOrder, draft: Draft, job: Job, fingerprint: str) -> None:
    """Decide to publish exactly what was looked at; all conditions are asked again under the locks. Raises Changed."""
    draft = Draft.objects.lock(draft)
    job.finish()
    order = StandingOrder.objects.select_related("given_by", "project").get(pk=order.pk)
    if not draft.is_editable or draft.fingerprint() != fingerprint or against(order, draft):
        raise Changed(f"{draft} or the order changed while it was looked at")
    publish.decided(draft=draft, fingerprint=fingerprint, user=order.given_by, order=order)
    publish.begin(draft=draft)
    audit.record(
        publish.Event.STARTED, on=draft, by=Actor.system(str(order)), digest=fingerprint, order=order.pk
    )


@transaction.atomic
def _wait(draft: Draft, job: Job, reasons: Sequence[Reason]) -> None:
    draft = Draft.objects.lock(draft)
    again = timezone.now() + timedelta(seconds=settings.ORDER_AGAIN_SECONDS)
    job.postpone(again, _words(reasons))
    _say(draft, f"The standing order waits. {_words(reasons)}")


@transaction.atomic
def _stop(order: StandingOrder, draft: Draft, job: Job, reasons: Sequence[Reason]) -> None:
    """Leave the draft to its maintainers, with the reasons on its page and by mail."""
    draft = Draft.objects.lock(draft)
    job.finish()
    words = _words(reasons)
    _say(draft, f"The standing order does not publish this draft. {words}")
    path = f"{draft.project.path}drafts/{draft.version}/"
    letter = Letter(
        f"{draft}: the standing order did not publish it",
        (f"The {order} did not publish {draft}, which waits for a maintainer.", words),
        path,
        "Look at the draft",
    )
    tell(News.ORDER, project=draft.project, letter=letter)
    if any(one.voids for one in reasons):
        void(order, words)
    codes = sorted({str(one.why) for one in reasons})
    audit.record(Event.STOPPED, on=draft, by=Actor.system(str(order)), reason=words[:2000], codes=codes)


def _words(reasons: Sequence[Reason]) -> str:
    return " ".join(one.sentence for one in reasons)


def _say(draft: Draft, words: str) -> None:
    if draft.order_said != words:
        Draft.objects.filter(pk=draft.pk).update(order_said=words)
        draft.bump()
