"""Reminding people of drafts that expire soon."""

from datetime import timedelta
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from drafts.models import Draft
from drafts.notify import letters, mail
from drafts.notify.mail import News

NEAR = timedelta(days=2)


class Event(StrEnum):
    """What reminding leaves on record."""

    REMINDED = "draft:reminded"


@transaction.atomic
def remind(*, draft: Draft) -> bool:
    """Tell maintainers that a draft expires within two days, once for each end. False when it ended or was renewed."""
    draft = Draft.objects.lock(draft)
    if not draft.is_editable or not timezone.now() < draft.expires_at <= timezone.now() + NEAR:
        return False
    rows = Draft.objects.filter(pk=draft.pk).exclude(reminded_of=draft.expires_at)
    if rows.update(reminded_of=draft.expires_at) == 0:
        return False
    letter = letters.expiry_near(draft, files=draft.files.live().count())
    mail.tell(News.EXPIRY_NEAR, project=draft.project, letter=letter)
    audit.record(Event.REMINDED, on=draft, by=Actor.system(), until=draft.expires_at.isoformat())
    return True
