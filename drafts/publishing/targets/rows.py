"""What is known of files on their way upstream: each change is one transaction, fenced by the job that makes it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.mail import Letter
from drafts.models import (
    Draft,
    DraftState,
    File,
    Job,
    Kind,
    Push,
    PushedFile,
    PushedFileState,
    PushState,
    Target,
    jobs,
)
from drafts.models.targets import MAY_BE_THERE
from drafts.notify import mail
from drafts.notify.mail import News
from drafts.publishing.targets import following

_WORDS = 2000


class Event(StrEnum):
    """What bringing files upstream leaves on record."""

    SENT = "upstream:sent"
    CONFIRMED = "upstream:confirmed"
    REFUSED = "upstream:refused"
    ASKED = "upstream:ci-asked"
    STOPPED = "upstream:stopped"
    DONE = "upstream:done"


class HandBack(Exception):
    """Nothing of the draft is upstream, and it cannot be brought there: the text says why, and the draft is editable again."""


def plan(draft: Draft) -> None:
    """Write down where a draft's files go besides this index. Part of the transaction that decides to publish."""
    target = Target.objects.of(draft.project)
    if target is None:
        return
    push = Push.objects.create(draft=draft, target=target)
    files = draft.files.completed().only("pk")
    PushedFile.objects.bulk_create(PushedFile(push=push, file=file) for file in files)


def follow(draft: Draft) -> None:
    """Have the files of a draft that shows here brought upstream now. Part of the transaction that shows a train."""
    if Push.objects.filter(draft=draft).exists():
        jobs.enqueue(kind=Kind.PUBLISH, subject=draft.subject)


def forget(draft: Draft, reason: str) -> None:
    """Forget the plan of a draft that is handed back, and tell its maintainers why. Part of that transaction."""
    if Push.objects.filter(draft=draft).delete()[0]:
        letter = Letter(
            f"{draft} was not published",
            (reason, "The draft can be changed again."),
            reverse("draft", args=[draft.project.name, draft.version]),
            "Look at the draft",
        )
        mail.tell(News.UPSTREAM_REFUSED, project=draft.project, letter=letter)


def of(draft: Draft) -> Push | None:
    """Return the push of a draft that goes upstream."""
    return Push.objects.select_related("target").filter(draft=draft).first()


def goes_forward(draft: Draft) -> bool:
    """Say whether publishing is not undone any more: the draft shows here, or something of it may be upstream."""
    if draft.state == DraftState.PUBLISHED:
        return True
    return PushedFile.objects.filter(push=draft.pk, state__in=MAY_BE_THERE).exists()


def deliveries(push: Push) -> list[PushedFile]:
    """Return the files of a push: wheels first, the sdist last."""
    rows = PushedFile.objects.filter(push=push).select_related("file")
    return sorted(rows, key=lambda row: (row.file.filetype == "sdist", row.file.filename))


@transaction.atomic
def sending(push: Push, delivery: PushedFile, job: Job) -> None:
    """Say, before its first byte goes, that a file may be upstream from now on. Raises Stopped where none may go any more."""
    draft = Draft.objects.lock(push.draft)
    following.must_go_on(draft)
    job.renew()
    now = timezone.now()
    PushedFile.objects.filter(pk=delivery.pk).update(state=PushedFileState.UNCLEAR, tried_at=now)
    begun = push.begun_at or now
    Push.objects.filter(pk=push.pk).update(state=PushState.SENDING, begun_at=begun, words="")
    push.state, push.begun_at = PushState.SENDING, begun
    delivery.state, delivery.tried_at = PushedFileState.UNCLEAR, now
    draft.bump()


@transaction.atomic
def settle(push: Push, delivery: PushedFile, state: PushedFileState, words: str, job: Job) -> None:
    """Say how the sending of one file ended."""
    draft = Draft.objects.lock(push.draft)
    job.renew()
    came_on = state in {PushedFileState.SENT, PushedFileState.CONFIRMED}
    confirmed_at = timezone.now() if state == PushedFileState.CONFIRMED else None
    delivery.state, delivery.words = state, words[:_WORDS]
    PushedFile.objects.filter(pk=delivery.pk).update(
        state=state, words=delivery.words, confirmed_at=confirmed_at
    )
    if came_on:
        push.tries = 0
        Push.objects.filter(pk=push.pk).update(tries=0, words="")
    draft.bump()
    event = _EVENTS.get(state)
    if event:
        _record(event, push, draft, delivery.file, words=delivery.words)


_EVENTS = {
    PushedFileState.SENT: Event.SENT,
    PushedFileState.CONFIRMED: Event.CONFIRMED,
    PushedFileState.REFUSED: Event.REFUSED,
}


def _record(event: Event, push: Push, draft: Draft, file: File, *, words: str) -> None:
    audit.record(
        event,
        on=draft,
        by=Actor.system(),
        filename=file.filename,
        sha256=file.sha256,
        index=str(push.target),
        words=words,
    )


@transaction.atomic
def later(push: Push, wait: timedelta, words: str, job: Job) -> None:
    """Go on in a while. A new job does that, so that waiting does not count as dying or failing."""
    draft = Draft.objects.lock(push.draft)
    job.finish()
    push.tries += 1
    Push.objects.filter(pk=push.pk).update(tries=push.tries, words=words[:_WORDS])
    jobs.enqueue(kind=Kind.PUBLISH, subject=draft.subject, not_before=timezone.now() + wait)
    draft.bump()


@transaction.atomic
def stop(push: Push, words: str, job: Job, *, alarm: bool = False) -> None:
    """Leave the draft as it is, frozen, until a person decides; its maintainers are told the upstream's words.

    Also where every file is there, and only showing it here was stopped.
    """
    draft = Draft.objects.lock(push.draft)
    job.give_up(words)
    values = {"state": PushState.STOPPED, "ended_at": None, "words": words[:_WORDS], "alarm": alarm}
    Push.objects.filter(pk=push.pk).update(**values)
    draft.bump()
    audit.record(
        Event.STOPPED, on=draft, by=Actor.system(), index=str(push.target), reason=words[:_WORDS], alarm=alarm
    )
    mail.tell(News.UPSTREAM_REFUSED, project=draft.project, letter=_letter(draft, push, words, alarm=alarm))


def _letter(draft: Draft, push: Push, words: str, *, alarm: bool) -> Letter:
    subject = f"{draft} is not what was reviewed at {push.target}" if alarm else f"Publishing {draft} stopped"
    here = (
        f"{draft} was published with its train and shows on this index; {push.target} may lack some of its files. "
        if draft.state == DraftState.PUBLISHED
        else f"Nothing of {draft} is visible on this index yet, and its files cannot change, because some of them may be at "
        f"{push.target}. "
    )
    then = "The draft's page says which, file by file. A maintainer can resume; an owner can finish here without the rest."
    return Letter(
        subject,
        (words[:_WORDS], here + then),
        reverse("draft", args=[draft.project.name, draft.version]),
        "See what is there",
    )


@transaction.atomic
def asked(push: Push, how: Sequence[str], job: Job) -> None:
    """Say that CI was asked to publish, and how."""
    draft = Draft.objects.lock(push.draft)
    job.renew()
    push.state, push.begun_at, push.tries = PushState.ASKED, timezone.now(), 0
    Push.objects.filter(pk=push.pk).update(state=push.state, begun_at=push.begun_at, tries=0, words="")
    draft.bump()
    audit.record(
        Event.ASKED,
        on=draft,
        by=Actor.system(),
        digest=draft.publishing_fingerprint,
        index=str(push.target),
        how=list(how),
    )


@transaction.atomic
def done(push: Push, job: Job) -> None:
    """Say that every file is confirmed."""
    draft = Draft.objects.lock(push.draft)
    job.renew()
    values: dict[str, Any] = {"state": PushState.DONE, "ended_at": timezone.now(), "words": "", "tries": 0}
    Push.objects.filter(pk=push.pk).update(**values)
    draft.bump()
    audit.record(
        Event.DONE, on=draft, by=Actor.system(), digest=draft.publishing_fingerprint, index=str(push.target)
    )


def said(draft: Draft) -> dict[str, Any]:
    """Return what the event of publishing says of the upstream index; nothing for a draft that stays here."""
    push = of(draft)
    if push is None:
        return {}
    files = {row.file.filename: row.state for row in deliveries(push)}
    upstream = {"index": str(push.target), "by": push.target.uploader, "state": push.state, "files": files}
    return {"upstream": upstream}


def waits_until(push: Push) -> datetime | None:
    """Return when a push that waits goes on."""
    job = Job.objects.of(Kind.PUBLISH, push.draft.subject).live().first()
    return job.not_before if job else None
