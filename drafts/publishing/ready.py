"""Telling people when a draft first waits for nothing but them: once for the same files, by a job."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from drafts.models import Draft, Job, Kind, Role, jobs
from drafts.models.drafts import EDITABLE
from drafts.notify import hooks, letters, mail
from drafts.notify.mail import MAINTAINERS, News
from drafts.publishing.policy import Blocker, Code, blockers

QUIET = timedelta(minutes=30)  # without a change of files, after which nobody waits for CI any more
_MOST_AT_ONCE = 200
# What people wait for without being able to do anything.
_OF_OTHERS = {
    Code.NO_FILES,
    Code.FILE_NOT_READY,
    Code.EXPECTED_MISSING,
    Code.BUILDER_FILES,
    Code.CHANGES_WANTED,
    Code.ENDED,
}


def ask(*, draft: Draft) -> None:
    """Have it asked whether a draft waits for people alone; part of an act after which it may."""
    jobs.enqueue(kind=Kind.READY, subject=draft.subject)


def all_in(*, draft: Draft) -> None:
    """Have it asked when the last of the files came that CI had announced."""
    if draft.expects and not set(draft.expects) - set(draft.files.live().values_list("filename", flat=True)):
        ask(draft=draft)


def quiet() -> int:
    """Ask of drafts whose files did not change for 30 minutes, once for each state that they are in. Returns how many."""
    rows = Draft.objects.filter(state__in=EDITABLE, changed_at__lte=timezone.now() - QUIET)
    asked = 0
    for draft in rows.exclude(ready_asked_serial=F("serial")).order_by("changed_at")[:_MOST_AT_ONCE]:
        with transaction.atomic():
            Draft.objects.filter(pk=draft.pk).update(ready_asked_serial=draft.serial)
            ask(draft=draft)
        asked += 1
    return asked


def work(job: Job) -> None:
    """Tell the people that a draft waits for; nobody when it waits for CI, or they were told of these files."""
    with transaction.atomic():
        draft = Draft.objects.lock(Draft.objects.get(pk=job.subject_id))
        fingerprint = draft.fingerprint()
        if not draft.is_editable or draft.ready_told_of == fingerprint:
            job.finish()
            return
        found = blockers(draft)
        codes = {blocker.code for blocker in found}
        later = None if codes & _OF_OTHERS else _later(draft, codes)
        if later is not None:
            job.postpone(later, "files are being inspected, or the time to look is not over")
            return
        if not codes & _OF_OTHERS:
            Draft.objects.filter(pk=draft.pk).update(ready_told_of=fingerprint)
            _tell(draft, found)
        job.finish()


def _later(draft: Draft, codes: set[Code]) -> datetime | None:
    """Return when to ask again of what passes by itself; None when it is people's turn."""
    if Code.BEING_INSPECTED in codes:
        return timezone.now() + timedelta(seconds=settings.READY_AGAIN_SECONDS)
    if codes == {Code.SOAK}:
        return draft.changed_at + timedelta(hours=draft.project.soak_hours)
    return None


def _tell(draft: Draft, found: list[Blocker]) -> None:
    left = [blocker.sentence for blocker in found]
    letter = letters.ready(draft, files=draft.files.live().count(), left=left)
    by_reviewers = any(blocker.code == Code.APPROVALS_MISSING for blocker in found)
    roles = [Role.REVIEWER, *MAINTAINERS] if by_reviewers else MAINTAINERS
    mail.tell(News.READY, project=draft.project, letter=letter, roles=roles)
    hooks.emit(hooks.Event.READY, draft=draft, left=left)
