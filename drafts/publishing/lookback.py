"""After publishing: each file is fetched once through its public address, as installers get it, and compared."""

import hashlib
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urljoin

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.mail import Letter
from drafts import outbound
from drafts.index.pages import file_url
from drafts.models import Draft, DraftState, File, Job, LookBack
from drafts.notify import mail
from drafts.notify.mail import News
from drafts.outbound import Limits

_TRIES = 8
_WAIT_SECONDS = (30, 30, 60, 300, 600, 600, 600)
_IDLE_SECONDS, _LEAST_RATE = 60.0, 100_000  # bytes a second
_OK = 200


class Event(StrEnum):
    """What looking back leaves on record."""

    SAME = "draft:fetched-back"
    DIFFERS = "draft:public-bytes-differ"
    UNREAD = "draft:not-fetched-back"


def work(job: Job) -> None:
    """Fetch what a draft published. A difference is an alarm; what cannot be fetched is tried again, and then said."""
    draft = Draft.objects.select_related("project").get(pk=job.subject_id)
    if draft.state != DraftState.PUBLISHED or LookBack.objects.filter(draft=draft).exists():
        job.finish()
        return
    if settings.INDEX_IS_PRIVATE:
        _settle(draft, job, 0, {}, "The index is private: no file has an address that everybody may ask.")
        return
    rows = draft.files.published().select_related("release__project").defer("core_metadata")
    files = list(rows.order_by("filename"))
    differ: dict[str, str] = {}
    try:
        for file in files:
            if found := _difference(file, job):
                differ[file.filename] = found
    except outbound.OutboundError as error:
        if job.attempt < _TRIES:
            wait = _WAIT_SECONDS[min(job.attempt, len(_WAIT_SECONDS)) - 1]
            job.postpone(timezone.now() + timedelta(seconds=wait), str(error))
            return
        _settle(draft, job, len(files), differ, str(error))
    else:
        _settle(draft, job, len(files), differ, "")


def _difference(file: File, job: Job) -> str:
    """Say what is wrong with the bytes that a file's public address hands out; empty when they are the reviewed ones."""
    url = urljoin(settings.PRESSCHECK_URL, file_url(file))
    limits = Limits(file.size + 1024, seconds=_IDLE_SECONDS + file.size / _LEAST_RATE, idle=_IDLE_SECONDS)
    digest = hashlib.sha256()
    job.renew()
    try:
        with outbound.get(url, limits=limits, own=True) as answer:
            if answer.status != _OK:
                return f"its public address answers {answer.status}"
            for chunk in answer.chunks():
                digest.update(chunk)
                job.renew()
    except outbound.TooLarge:
        return "its public address hands out more bytes than were reviewed"
    if digest.hexdigest() != file.sha256:
        return f"its public address hands out other bytes (SHA-256 {digest.hexdigest()})"
    return ""


@transaction.atomic
def _settle(draft: Draft, job: Job, files: int, differ: dict[str, str], error: str) -> None:
    """Write down what was found; a difference goes to the maintainers by mail."""
    draft = Draft.objects.lock(draft)
    job.finish()
    LookBack.objects.create(draft=draft, files=files, differ=differ, error=error[:2000])
    draft.bump()
    event = Event.DIFFERS if differ else Event.UNREAD if error else Event.SAME
    audit.record(event, on=draft, by=Actor.system(), files=files, differ=differ, reason=error[:2000])
    if differ:
        mail.tell(News.ALARM, project=draft.project, letter=_letter(draft, differ))


def _letter(draft: Draft, differ: dict[str, str]) -> Letter:
    return Letter(
        f"{draft}: installers get other bytes than were reviewed",
        (
            *(f"{filename}: {found}." for filename, found in list(differ.items())[:20]),
            "Yank the files, and tell the operator: storage or a server in front of this one changes them.",
        ),
        reverse("draft", args=[draft.project.name, draft.version]),
        "See the draft",
    )
