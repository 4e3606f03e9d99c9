"""The acts on a draft: add a file, replace one, delete one, cancel, extend, expire. Neither door publishes."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from packaging.utils import canonicalize_version
from packaging.version import Version

from accounts import audit
from accounts.audit import Actor
from drafts.dist import Distribution
from drafts.intake import limits, rules
from drafts.intake.receive import Upload
from drafts.intake.rules import Stager
from drafts.models import Changed, Draft, DraftState, File, Kind, Project, jobs


class Event(StrEnum):
    """What can happen to a draft and its files before publishing."""

    OPENED = "draft:opened"
    STAGED = "file:staged"
    REPLACED = "file:replaced"
    DELETED = "file:deleted"
    CANCELED = "draft:canceled"
    EXPIRED = "draft:expired"
    EXTENDED = "draft:extended"


class Did(StrEnum):
    """What staging a file did."""

    ADDED = "added"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"
    ALREADY_PUBLISHED = "already-published"


class NoSuchFile(Exception):
    """The draft has no such file; it may have been deleted a moment ago."""


@dataclass(frozen=True, slots=True)
class Staged:
    """What came of it; ``draft`` is None when the file is published already."""

    did: Did
    draft: Draft | None
    file: File


@transaction.atomic
def add_file(
    *, project: Project, version: Version, upload: Upload, distribution: Distribution, by: Stager
) -> Staged:
    """Put an upload, whose bytes are durable, into the live draft of its release; opens one if there is none.

    Identical bytes change nothing; other bytes under the same name replace the file. Raises Refused, NotEditable.
    """
    project = Project.objects.lock(project.pk)
    if by.token is not None:
        rules.must_still_be_valid(by.token)
        limits.must_cover(by.token, upload.name)
    if published := rules.published_already(project=project, version=version, upload=upload):
        return Staged(Did.ALREADY_PUBLISHED, None, published)
    draft = _draft_to_join(project, version, by)
    before = draft.files.live().named(upload.filename)
    if before is not None and before.sha256 == upload.sha256:
        return Staged(Did.UNCHANGED, draft, before)
    rules.may_stage(draft=draft, before=before, upload=upload, by=by)
    file = _row(draft, upload, distribution, by, before)
    draft.touch()
    if before is None:
        audit.record(
            Event.STAGED,
            on=draft,
            by=by.actor,
            digest=file.sha256,
            filename=file.filename,
            size=file.size,
            **by.told,
        )
        return Staged(Did.ADDED, draft, file)
    audit.record(
        Event.REPLACED,
        on=draft,
        by=by.actor,
        digest=file.sha256,
        filename=file.filename,
        size=file.size,
        before=before.sha256,
        **by.told,
    )
    return Staged(Did.REPLACED, draft, file)


def _draft_to_join(project: Project, version: Version, by: Stager) -> Draft:
    draft = Draft.objects.of_release(project, str(version)).live().first()
    if draft is not None:
        draft = Draft.objects.lock(draft)
        draft.must_be_editable()
        return draft
    rules.may_open(project=project, token=by.token)
    now = timezone.now()
    draft = Draft.objects.create(
        project=project,
        version=str(version),
        version_key=canonicalize_version(version),
        opened_at=now,
        opened_by=by.actor.key,
        expires_at=now + timedelta(days=settings.DRAFT_LIFETIME_DAYS),
    )
    audit.record(Event.OPENED, on=draft, by=by.actor)
    return draft


def _row(draft: Draft, upload: Upload, distribution: Distribution, by: Stager, before: File | None) -> File:
    if before is not None:
        before.cancel()
    file = File.objects.create(
        draft=draft,
        filename=upload.filename,
        filetype=upload.name.filetype,
        identity=upload.name.identity,
        size=upload.size,
        sha256=upload.sha256,
        blake2b_256=upload.blake2b_256,
        object_id=upload.object_id,
        requires_python=distribution.metadata.requires_python or "",
        metadata_sha256=rules.sha256(distribution.metadata.raw),
        core_metadata=rules.summary(distribution.metadata),
        staged_by_token=by.token,
        staged_by_user=by.user,
        taken_from=by.taken_from.values if by.taken_from else None,
    )
    if before is not None:
        before.cancel(superseded_by=file)
    return file


@transaction.atomic
def delete_file(*, draft: Draft, filename: str, by: Actor, seen: str) -> None:
    """Take one file out of a draft as it was seen (``seen``: the SHA-256 that the page showed).

    Nothing was published, so the name stays free. Raises NotEditable, NoSuchFile, Changed.
    """
    draft = Draft.objects.lock(draft)
    draft.must_be_editable()
    file = draft.files.live().named(filename)
    if file is None:
        raise NoSuchFile(f"{filename} is not in the draft of {draft} any more")
    if file.sha256 != seen:
        raise Changed(f"{filename} was replaced after the page was shown: look at it again")
    file.cancel()
    draft.touch()
    jobs.enqueue(kind=Kind.PURGE, subject=file.subject, not_before=timezone.now() + rules.grace())
    audit.record(Event.DELETED, on=draft, by=by, digest=file.sha256, filename=file.filename)


@transaction.atomic
def cancel(*, draft: Draft, by: Actor, event: Event = Event.CANCELED) -> None:
    """End a draft without publishing: its links open nothing, its bytes go after a day, its record stays.

    Raises NotEditable when it is being published or has ended.
    """
    draft = Draft.objects.lock(draft)
    draft.must_be_editable()
    _end(draft, by, event)


@transaction.atomic
def expire(*, draft: Draft) -> bool:
    """Cancel a draft whose time is over. False when it was renewed, published or canceled meanwhile."""
    draft = Draft.objects.lock(draft)
    if not draft.is_editable or draft.expires_at > timezone.now():
        return False
    _end(draft, Actor.system(), Event.EXPIRED)
    return True


def _end(draft: Draft, by: Actor, event: Event) -> None:
    draft.state, draft.ended_at, draft.ended_by = DraftState.CANCELED, timezone.now(), by.label
    draft.save(update_fields=["state", "ended_at", "ended_by"])
    draft.bump()
    jobs.enqueue(kind=Kind.PURGE, subject=draft.subject, not_before=timezone.now() + rules.grace())
    audit.record(event, on=draft, by=by, files=draft.files.live().count())


@transaction.atomic
def extend(*, draft: Draft, by: Actor) -> Draft:
    """Renew a draft's expiry: now + 7 days, never beyond opened + 30, never earlier than it was. Raises NotEditable."""
    draft = Draft.objects.lock(draft)
    draft.must_be_editable()
    draft.touch()
    audit.record(Event.EXTENDED, on=draft, by=by, until=draft.expires_at.isoformat())
    return draft
