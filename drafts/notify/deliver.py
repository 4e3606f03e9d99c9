"""The job that delivers a message: again and again for a day, each time with the same id and body."""

import logging
import time
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from drafts import outbound, secrets
from drafts.models import Delivery, DeliveryState, Job, Project, Role, Webhook
from drafts.notify import letters, mail, signing
from drafts.notify.hooks import Recorded
from drafts.notify.mail import News
from drafts.outbound import Limits

log = logging.getLogger(__name__)

# After each attempt that failed; together a day and an hour.
BACKOFF = tuple(
    timedelta(seconds=seconds) for seconds in (5, 60, 300, 1800, 2 * 3600, 5 * 3600, 8 * 3600, 10 * 3600)
)
FAILURES_ALLOWED = 5  # messages in a row that were given up
_FIRST_BYTES = 500
_LIMITS = Limits(size=64 * 1024, seconds=20.0, idle=10.0, redirects=0)


@dataclass(frozen=True, slots=True)
class Went:
    """How one attempt went."""

    status: int | None
    answer: str

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004  any success

    @property
    def is_gone(self) -> bool:
        """Say whether the receiver wants no more of it (410, as Standard Webhooks has it)."""
        return self.status == HTTPStatus.GONE


def work(job: Job) -> None:
    """Try to deliver a message, and write down how it went."""
    message = Delivery.objects.select_related("webhook__project").filter(pk=job.subject_id).first()
    if message is None or message.state != DeliveryState.WAITING or not message.webhook.is_on:
        _over(job, message)
        return
    went = _tried(message)
    _written(job, message, went)


@transaction.atomic
def _over(job: Job, message: Delivery | None) -> None:
    """End the job of a message that is not to be sent any more."""
    if message is not None:
        rows = Delivery.objects.filter(pk=message.pk, state=DeliveryState.WAITING)
        rows.update(
            state=DeliveryState.FAILED,
            ended_at=timezone.now(),
            next_at=None,
            answer="the webhook is switched off",
        )
    job.finish()


def _tried(message: Delivery) -> Went:
    body = message.body.encode()
    try:
        signed = signing.headers(
            _secrets(message.webhook), message_id=message.message_id, moment=int(time.time()), body=body
        )
    except InvalidToken:
        return Went(None, "The secret cannot be read any more: rotate it.")
    try:
        with outbound.post(
            message.webhook.url,
            body=body,
            headers={"Content-Type": "application/json", **signed},
            limits=_LIMITS,
        ) as answer:
            return Went(answer.status, _first(answer))
    except outbound.OutboundError as error:
        return Went(None, str(error))


def _first(answer: outbound.Answer) -> str:
    try:
        return answer.first(_FIRST_BYTES).decode(errors="replace").replace("\0", "")
    except outbound.OutboundError as error:
        return str(error)


def _secrets(hook: Webhook) -> list[str]:
    """Return the secrets that sign now: the new one first, the old one for as long as it is kept."""
    found = [secrets.open_webhook_secret(hook.secret_sealed)]
    if hook.old_secret_until and hook.old_secret_until > timezone.now():
        found.append(secrets.open_webhook_secret(hook.old_secret_sealed))
    return found


@transaction.atomic
def _written(job: Job, message: Delivery, went: Went) -> None:
    """Keep how an attempt went, and say what comes next: nothing, another attempt, or the end."""
    project = Project.objects.lock(message.webhook.project_id)
    now = timezone.now()
    message.attempts, message.tried_at = message.attempts + 1, now
    message.status, message.answer = went.status, secrets.scrub(went.answer)[:_FIRST_BYTES]
    fields = ["attempts", "tried_at", "status", "answer", "state", "ended_at", "next_at"]
    again = not went.is_delivered and not went.is_gone and message.attempts <= len(BACKOFF)
    if again:
        message.next_at = now + BACKOFF[message.attempts - 1]
        message.save(update_fields=fields)
        job.postpone(message.next_at, message.answer)
        return
    message.state = DeliveryState.DELIVERED if went.is_delivered else DeliveryState.FAILED
    message.ended_at, message.next_at = now, None
    message.save(update_fields=fields)
    job.finish()
    _count(project, message.webhook, went)


def _count(project: Project, hook: Webhook, went: Went) -> None:
    """Count messages that were given up, and switch the webhook off after too many, or when its receiver says 410."""
    rows = Webhook.objects.on().filter(pk=hook.pk)
    if went.is_delivered:
        rows.exclude(failed_in_a_row=0).update(failed_in_a_row=0)
        return
    rows.update(failed_in_a_row=F("failed_in_a_row") + 1)
    failed = Webhook.objects.values_list("failed_in_a_row", flat=True).get(pk=hook.pk)
    if failed < FAILURES_ALLOWED and not went.is_gone:
        return
    if rows.update(disabled_at=timezone.now()) == 0:
        return
    path = reverse("webhook", args=[project.name, hook.pk])
    letter = letters.webhook_off(project, url=hook.url, failed=failed, path=path)
    mail.tell(News.WEBHOOK_OFF, project=project, letter=letter, roles=[Role.OWNER])
    audit.record(Recorded.DISABLED, on=hook, by=Actor.system(), failed=failed, status=went.status)


def forget() -> int:
    """Delete messages older than 30 days that ended. Returns how many."""
    rows = Delivery.objects.filter(ended_at__lt=timezone.now() - Delivery.KEPT)
    return int(rows.delete()[0])
