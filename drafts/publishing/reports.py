"""The acts on testers' reports: say how it went, answer, take one off the page."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor, ActorKind, Origin
from accounts.models import User
from drafts.models import Changed, Draft, DraftLink, NotEditable, Report

PER_LINK_AND_HOUR = 20
PER_DRAFT = 500


class Event(StrEnum):
    """What testers' reports leave on record."""

    MADE = "report:made"
    ANSWERED = "report:answered"
    REVOKED = "report:revoked"


class TooManyReports(Exception):
    """Through one link, or of one draft, no more reports are taken for now."""


class NoAnswer(Exception):
    """An answer without words; nothing was kept."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a tester says. ``fingerprint`` or ``sha256``: what they tried, where they know."""

    works: bool
    note: str = ""
    name: str = ""
    where: str = ""
    fingerprint: str = ""
    sha256: str = ""


@transaction.atomic
def report(*, link: DraftLink, told: Told, origin: Origin) -> Report:
    """Keep a tester's word about the files as they are now. Raises NotEditable, Changed, TooManyReports."""
    draft = Draft.objects.lock(link.draft)
    if not draft.is_live:
        raise NotEditable(f"the draft of {draft} is {draft.state}: nothing is reported of it any more")
    now = timezone.now()
    lately = Report.objects.filter(link=link, at__gt=now - timedelta(hours=1)).count()
    if lately >= PER_LINK_AND_HOUR or draft.reports_said >= PER_DRAFT:
        raise TooManyReports("more reports are not taken now: try again in an hour, or tell the maintainers")
    fingerprint = draft.fingerprint()
    if told.fingerprint not in {"", fingerprint}:
        raise Changed("the files changed after the page was shown: install them again")
    if told.sha256 and not draft.files.live().filter(sha256=told.sha256).exists():
        raise Changed("no file of the draft has this SHA-256 now: install it again")
    row = Report.objects.create(
        draft=draft,
        link=link,
        fingerprint=fingerprint,
        works=told.works,
        name=_line(told.name, 100),
        note=told.note.strip().replace("\0", "")[:2000],
        sha256=told.sha256,
        agent=_line(told.where, 200),
    )
    Draft.objects.filter(pk=draft.pk).update(reports_said=F("reports_said") + 1)
    draft.bump()
    by = Actor(ActorKind.LINK, str(link.pk), row.name or f"tester ({link.label})", origin)
    result = "works" if row.works else "broken"
    audit.record(Event.MADE, on=draft, by=by, digest=fingerprint, note=f"{result}: {row.note}", report=row.pk)
    return row


def _line(text: str, longest: int) -> str:
    return " ".join(text.replace("\0", "").split())[:longest]


@transaction.atomic
def answer(*, row: Report, text: str, by: Actor, user: User) -> None:
    """Answer a report; one that says it is broken waits no longer. Raises NoAnswer, NotEditable."""
    draft = Draft.objects.lock(row.draft)
    draft.must_be_editable()
    text = text.strip().replace("\0", "")[:2000]
    if not text:
        raise NoAnswer("an answer needs words, which stay with the release")
    Report.objects.filter(pk=row.pk).update(answer=text, answered_by=user, answered_at=timezone.now())
    draft.bump()
    audit.record(Event.ANSWERED, on=draft, by=by, digest=row.fingerprint, note=text, report=row.pk)


@transaction.atomic
def revoke(*, row: Report, by: Actor) -> bool:
    """Take a report off the page, as spam: it counts for nothing; the event stays. False when it was off before."""
    draft = Draft.objects.lock(row.draft)
    draft.must_be_editable()
    if Report.objects.counted().filter(pk=row.pk).update(revoked_at=timezone.now()) == 0:
        return False
    draft.bump()
    audit.record(Event.REVOKED, on=draft, by=by, digest=row.fingerprint, report=row.pk)
    return True
