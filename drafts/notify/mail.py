"""Mail to the people of a project: written with the act, sent by a job, so that a mail server that is away loses none."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import audit, mail
from accounts.audit import Actor
from accounts.mail import Letter
from accounts.models import User
from drafts.models import Job, Kind, NewsChoice, Outgoing, Project, Role, jobs, standing

MAINTAINERS = (Role.MAINTAINER, Role.OWNER)
MOST_LETTERS = 5  # more that wait for one person are one letter
_TAKEN_FOR = timedelta(minutes=10)  # after that, whoever began to send a letter is taken for dead
_TRIED_FOR = timedelta(days=7)
_GATHERED = timedelta(seconds=60)
_KEPT = timedelta(days=30)


class News(StrEnum):
    """What people can be told of."""

    OPENED = "draft-opened"
    READY = "ready-for-you"
    CHANGES_WANTED = "changes-wanted"
    APPROVALS_VOID = "approvals-void"
    PUBLISHED = "published"
    LATE_FILES = "late-files"
    EXPIRY_NEAR = "expiry-near"
    UPSTREAM_REFUSED = "upstream-refused"
    POLICY = "policy-loosened"
    SCHEDULE = "schedule-canceled"
    WINDOW = "release-closed-or-reopened"
    WEBHOOK_OFF = "webhook-off"
    STATUS = "project-status"
    QUARANTINE = "quarantine"
    CHECKPOINT = "audit-checkpoint"
    ALARM = "published-bytes-differ"
    ORDER = "standing-order"


ALWAYS = frozenset({News.POLICY, News.ALARM})  # what a person cannot choose not to know
_CAN_WAIT = frozenset({News.OPENED})  # a monorepo opens twenty drafts within seconds: they go as one letter


class Event(StrEnum):
    """What choosing news leaves on record."""

    CHOSEN = "person:news-chosen"


class NotSent(Exception):
    """The mail server did not take a letter; it stays in the outbox, and is tried again."""


def tell(
    news: News,
    *,
    project: Project,
    letter: Letter,
    roles: Collection[Role] = MAINTAINERS,
    but: User | None = None,
    also: Iterable[User] = (),
) -> None:
    """Write a letter to the members with these roles, and to these members ``also``, in the act's transaction.

    ``but`` did it, and knows. Who does not want such news gets none.
    """
    told = {user.pk: user for user in standing.people(project, roles)}
    told |= {user.pk: user for user in standing.people(project, tuple(Role)) if user in set(also)}
    wanted = [user for _, user in sorted(told.items()) if user != but]
    choices = {choice.user_id: choice for choice in NewsChoice.objects.filter(user__in=wanted)}
    for user in wanted:
        if wants(choices.get(user.pk), news, project):
            _write(news, project, letter, user)


def wants(choice: NewsChoice | None, news: News, project: Project) -> bool:
    """Say whether a person who chose this is told such news of a project."""
    if choice is None or news in ALWAYS:
        return True
    return news not in choice.off and project.pk not in choice.muted


def _write(news: News, project: Project, letter: Letter, user: User) -> None:
    Outgoing.objects.create(
        user=user,
        project=project,
        news=news,
        subject=letter.subject[:500],
        paragraphs=list(letter.paragraphs),
        path=letter.path,
        link=letter.link[:500],
    )
    subject = f"person:{user.pk}"
    if news in _CAN_WAIT:
        if not Job.objects.of(Kind.SEND_MAIL, subject).live().exists():
            jobs.enqueue(kind=Kind.SEND_MAIL, subject=subject, not_before=timezone.now() + _GATHERED)
        return
    jobs.enqueue(kind=Kind.SEND_MAIL, subject=subject)


def work(job: Job) -> None:
    """Send what waits for one person. Each letter is marked when it is sent, so that a retry sends only the others."""
    user = User.objects.filter(pk=job.subject_id, is_active=True).first()
    for letters in _parcels(job.subject_id):
        if user is not None and _take(letters):
            _send(user, letters)
        job.renew()
    _finish(job)


@transaction.atomic
def _finish(job: Job) -> None:
    """End the job, or put it back while a letter is in the hands of a worker that may have died."""
    Outgoing.objects.waiting().filter(
        user_id=job.subject_id, written_at__lt=timezone.now() - _TRIED_FOR
    ).update(dropped_at=timezone.now())
    waiting = Outgoing.objects.waiting().filter(user_id=job.subject_id, user__is_active=True)
    if waiting.exists():
        job.postpone(timezone.now() + _TAKEN_FOR, "another worker may be sending")
        return
    job.finish()


def _parcels(user_id: int) -> list[list[Outgoing]]:
    """Return the letters that wait, each by itself; many of them together."""
    rows = list(Outgoing.objects.waiting().filter(user_id=user_id).select_related("project").order_by("pk"))
    return [rows] if len(rows) > MOST_LETTERS else [[row] for row in rows]


def _free(letters: list[Outgoing]) -> "list[int]":
    free = Outgoing.objects.waiting().filter(pk__in=[row.pk for row in letters])
    dead = timezone.now() - _TAKEN_FOR
    return list((free.filter(taken_at=None) | free.filter(taken_at__lt=dead)).values_list("pk", flat=True))


def _take(letters: list[Outgoing]) -> bool:
    """Claim letters by conditional UPDATE; False when another worker has one of them."""
    with transaction.atomic():
        free = _free(letters)
        taken = Outgoing.objects.waiting().filter(pk__in=free).select_for_update()
        if len(free) != len(letters) or len(_free(list(taken))) != len(letters):
            return False
        return Outgoing.objects.filter(pk__in=free).update(taken_at=timezone.now()) == len(letters)


def _send(user: User, letters: list[Outgoing]) -> None:
    """Send, then mark. Raises NotSent, and gives the letters back, when the server does not take it."""
    rows = Outgoing.objects.filter(pk__in=[row.pk for row in letters])
    try:
        mail.send_now(letter_of(letters), to=user.email)
    except mail.NotTaken as error:
        rows.update(taken_at=None)
        raise NotSent(str(error)) from error
    rows.update(sent_at=timezone.now())


def letter_of(letters: list[Outgoing]) -> Letter:
    """Return the letter to send: the one there is, or one that names them all."""
    if len(letters) == 1:
        (one,) = letters
        return Letter(one.subject, tuple(one.paragraphs), one.path, one.link, settings_path="/account/news/")
    names = sorted({str(row.project) for row in letters})
    return Letter(
        f"{len(letters)} news of {', '.join(names[:3])}{' and others' if len(names) > 3 else ''}",  # noqa: PLR2004
        tuple(f"{row.subject}. {row.paragraphs[0] if row.paragraphs else ''}" for row in letters),
        "/",
        "See what waits for you",
        settings_path="/account/news/",
    )


def forget() -> int:
    """Delete letters that were sent, or dropped, more than 30 days ago. Returns how many."""
    old = timezone.now() - _KEPT
    rows = Outgoing.objects.filter(sent_at__lt=old) | Outgoing.objects.filter(dropped_at__lt=old)
    return int(rows.delete()[0])


@transaction.atomic
def choose(*, user: User, off: Iterable[News], muted: Iterable[Project], by: Actor) -> None:
    """Keep which news a person does not want, and of which projects none."""
    values: dict[str, Any] = {
        "off": sorted(set(off) - ALWAYS),
        "muted": sorted(project.pk for project in muted),
    }
    NewsChoice.objects.update_or_create(user=user, defaults=values)
    audit.record(Event.CHOSEN, on=user, by=by, **values)
