"""The act of saying about which files the lines of a run's jobs count as fetched."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from drafts.models import Draft, EvidenceLog


class Event(StrEnum):
    """What is on record of it."""

    WEIGHED = "evidence:weighed"


@transaction.atomic
def weigh(*, draft: Draft, vouches: Mapping[int, Sequence[str]], by: Actor) -> bool:
    """Write down for which files each of a run's logs counts, by the log's id. False when nothing changed.

    A draft that is being published, or ended, keeps what it was judged by.
    """
    draft = Draft.objects.lock(draft)
    logs = {log.pk: log for log in EvidenceLog.objects.filter(draft=draft, pk__in=vouches)}
    changed = {
        pk: list(names) for pk, names in vouches.items() if pk in logs and logs[pk].vouches != list(names)
    }
    if not changed or not draft.is_editable:
        return False
    for pk, names in changed.items():
        EvidenceLog.objects.filter(pk=pk).update(vouches=names)
    draft.bump()
    audit.record(Event.WEIGHED, on=draft, by=by, jobs={str(logs[pk]): names for pk, names in changed.items()})
    return True
