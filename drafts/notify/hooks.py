"""Webhooks: the acts on them, and the messages that other acts write in their own transaction."""

import json
from collections.abc import Collection
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.stepup import Proof, Purpose
from drafts import secrets
from drafts.access import members
from drafts.access.roles import Act
from drafts.models import Delivery, DeliveryState, Draft, Kind, Project, Webhook, jobs
from drafts.notify import signing
from drafts.outbound import OutboundError, addresses

MOST = 10  # webhooks of one project
OLD_SECRET_KEPT = timedelta(hours=24)


class Event(StrEnum):
    """What a webhook can be told of."""

    OPENED = "draft.opened"
    APPROVED = "draft.approved"
    CHANGES_WANTED = "draft.changes-wanted"
    APPROVALS_VOID = "draft.approvals-void"
    READY = "draft.ready"
    PUBLISHED = "draft.published"
    CANCELED = "draft.canceled"
    EXPIRED = "draft.expired"
    TEST = "test"


TOLD = {
    Event.OPENED: "a draft was opened",
    Event.READY: "a draft waits for people alone",
    Event.APPROVED: "somebody approved",
    Event.CHANGES_WANTED: "somebody wants changes",
    Event.APPROVALS_VOID: "files changed, and approvals are void",
    Event.PUBLISHED: "a draft was published",
    Event.CANCELED: "a draft was canceled",
    Event.EXPIRED: "a draft expired",
}


class Recorded(StrEnum):
    """What acts on webhooks leave on record."""

    ADDED = "webhook:added"
    REMOVED = "webhook:removed"
    ROTATED = "webhook:secret-rotated"
    DISABLED = "webhook:disabled"
    ENABLED = "webhook:enabled"
    TESTED = "webhook:tested"
    REDELIVERED = "webhook:redelivered"


class NoWebhook(Exception):
    """The address cannot be a webhook's, or there are too many; nothing was added."""


def emit(event: Event, *, draft: Draft, **data: Any) -> None:
    """Write a message to each webhook of a draft's project that is told of such events; part of the act."""
    hooks = [hook for hook in Webhook.objects.on().filter(project=draft.project_id) if _hears(hook, event)]
    if not hooks:
        return
    page = settings.PRESSCHECK_URL + reverse("draft", args=[draft.project.name, draft.version])
    told = {**_of(draft.project), "version": draft.version, "url": page, **data}
    for hook in hooks:
        _write(hook, event, told)


def _of(project: Project) -> dict[str, str]:
    return {"project": project.name, "name": project.plain_name, "space": str(project.space)}


def _hears(hook: Webhook, event: Event) -> bool:
    return not hook.events or str(event) in hook.events


def _write(hook: Webhook, event: Event, data: dict[str, Any]) -> Delivery:
    body = json.dumps(
        {"type": str(event), "timestamp": timezone.now().isoformat(), "data": data}, ensure_ascii=False
    )
    message = Delivery.objects.create(webhook=hook, event=event, body=body, next_at=timezone.now())
    jobs.enqueue(kind=Kind.DELIVER, subject=message.subject)
    return message


def purpose(project: Project, what: str, on: str) -> Purpose:
    """Return what a proof must be for to do something (``add``, ``remove``, ``rotate``, ``enable``) to a webhook."""
    return Purpose(act=f"webhook-{what}", on=f"project:{project.pk}", fingerprint=on)


def check_url(url: str) -> str:
    """Return an address that messages can go to, as it is kept; asks the network where it leads. Raises NoWebhook."""
    try:
        address = addresses.parse(url.strip())
        addresses.places(address)
    except OutboundError as error:
        raise NoWebhook(str(error)) from error
    return address.url


@transaction.atomic
def add(
    *, project: Project, url: str, events: Collection[Event], by: Actor, proof: Proof
) -> tuple[Webhook, str]:
    """Tell another address, which was checked; returns the webhook and its secret, which is shown once.

    Raises NoWebhook, ProofRefused, NotYours.
    """
    project = Project.objects.lock(project.pk)
    proof.demand(purpose(project, "add", url))
    members.demand(project=project, user=proof.user, act=Act.WEBHOOKS)
    if Webhook.objects.there().filter(project=project).count() >= MOST:
        raise NoWebhook(f"{project} has {MOST} webhooks, which is the limit: remove one first")
    secret = signing.new_secret()
    hook = Webhook.objects.create(
        project=project,
        url=url,
        events=sorted(str(event) for event in events),
        secret_sealed=secrets.seal_webhook_secret(secret),
        made_by=proof.user,
    )
    audit.record(Recorded.ADDED, on=hook, by=by, method=proof.method, events=hook.events)
    return hook, secret


@transaction.atomic
def remove(*, hook: Webhook, by: Actor, proof: Proof) -> bool:
    """Tell an address nothing more. False when it was removed before. Raises ProofRefused, NotYours."""
    _demand(hook, "remove", proof)
    if Webhook.objects.there().filter(pk=hook.pk).update(removed_at=timezone.now()) == 0:
        return False
    audit.record(Recorded.REMOVED, on=hook, by=by, method=proof.method)
    return True


@transaction.atomic
def rotate(*, hook: Webhook, by: Actor, proof: Proof) -> str:
    """Give a webhook a new secret and return it; for a day messages carry the signature of the old one too.

    Raises ProofRefused, NotYours, NoWebhook.
    """
    _demand(hook, "rotate", proof)
    row = Webhook.objects.there().select_for_update().filter(pk=hook.pk).first()
    if row is None:
        raise NoWebhook("it was removed")
    secret = signing.new_secret()
    row.old_secret_sealed, row.old_secret_until = row.secret_sealed, timezone.now() + OLD_SECRET_KEPT
    row.secret_sealed = secrets.seal_webhook_secret(secret)
    row.save(update_fields=["secret_sealed", "old_secret_sealed", "old_secret_until"])
    audit.record(Recorded.ROTATED, on=hook, by=by, method=proof.method)
    return secret


@transaction.atomic
def enable(*, hook: Webhook, by: Actor, proof: Proof) -> bool:
    """Switch a webhook on again that failed too often. False when it is on. Raises ProofRefused, NotYours."""
    _demand(hook, "enable", proof)
    rows = Webhook.objects.there().filter(pk=hook.pk).exclude(disabled_at=None)
    if rows.update(disabled_at=None, failed_in_a_row=0) == 0:
        return False
    audit.record(Recorded.ENABLED, on=hook, by=by, method=proof.method)
    return True


def _demand(hook: Webhook, what: str, proof: Proof) -> None:
    project = Project.objects.lock(hook.project_id)
    proof.demand(purpose(project, what, f"webhook:{hook.pk}"))
    members.demand(project=project, user=proof.user, act=Act.WEBHOOKS)


@transaction.atomic
def test(*, hook: Webhook, by: Actor) -> Delivery:
    """Send a message that says nothing, to see whether it arrives. Raises NoWebhook."""
    if not hook.is_on:
        raise NoWebhook("it is switched off")
    project = Project.objects.lock(hook.project_id)
    message = _write(hook, Event.TEST, {**_of(project), "url": settings.PRESSCHECK_URL})
    audit.record(Recorded.TESTED, on=hook, by=by, message=message.message_id)
    return message


@transaction.atomic
def redeliver(*, message: Delivery, by: Actor) -> bool:
    """Send a message again under its own id. False while it is still waiting. Raises NoWebhook."""
    if not message.webhook.is_on:
        raise NoWebhook("the webhook is switched off")
    Project.objects.lock(message.webhook.project_id)
    rows = Delivery.objects.filter(pk=message.pk).exclude(state=DeliveryState.WAITING)
    values = {"state": DeliveryState.WAITING, "attempts": 0, "ended_at": None, "next_at": timezone.now()}
    if rows.update(**values) == 0:
        return False
    jobs.enqueue(kind=Kind.DELIVER, subject=message.subject)
    audit.record(Recorded.REDELIVERED, on=message.webhook, by=by, message=message.message_id)
    return True
