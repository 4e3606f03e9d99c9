"""The acts on a draft: add a file, replace one, open, cancel, extend, expire. Neither door publishes."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils import timezone
from packaging.utils import canonicalize_version
from packaging.version import Version

from accounts import audit
from accounts.audit import Actor
from accounts.compiled import insert
from drafts.dist import Distribution, FileName, attestations
from drafts.evidence import waiting
from drafts.intake import arriving, limits, quota, rules, superseded
from drafts.intake.arrival import Arrival
from drafts.intake.rules import Stager
from drafts.intake.runs import following
from drafts.models import (
    Attestations,
    Draft,
    DraftState,
    File,
    FileState,
    Kind,
    Project,
    Release,
    Token,
    UploadSession,
    ahead,
    jobs,
)
from drafts.models.ahead import Ahead
from drafts.publishing import approvals, late, news, ready
from drafts.publishing.train import board


class Event(StrEnum):
    """What can happen to a draft and its files before publishing."""

    OPENED = "draft:opened"
    STAGED = "file:staged"
    REPLACED = "file:replaced"
    CANCELED = "draft:canceled"
    EXPIRED = "draft:expired"
    EXTENDED = "draft:extended"


class Did(StrEnum):
    """What staging a file did."""

    ADDED = "added"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"
    ALREADY_PUBLISHED = "already-published"


class Exists(Exception):
    """The release has a draft that did not end: ``draft``."""

    def __init__(self, draft: Draft) -> None:
        super().__init__(f"there is a draft of {draft} already: join it")
        self.draft = draft


class Published(Exception):
    """The release is published already, and whoever asks does not mean to add to it."""

    def __init__(self, release: Release) -> None:
        super().__init__(f"{release} is published already: a draft of it would add to what is published")


@dataclass(frozen=True, slots=True)
class Staged:
    """What came of it; ``draft`` is None when the file is published already."""

    did: Did
    draft: Draft | None
    file: File


@transaction.atomic
def add_file(
    *,
    project: Project,
    version: Version,
    arrival: Arrival,
    distribution: Distribution,
    by: Stager,
    completing: UploadSession | None = None,
) -> Staged:
    """Put a file, whose bytes are durable, into the live draft of its release; opens one if there is none.

    Identical bytes change nothing; other bytes under the same name replace the file. ``completing``: the upload session
    that brought the file, locked by the caller; it ends in the same transaction. Raises Refused, NotEditable.
    """
    project, name = Project.objects.lock(project.pk), arrival.name
    meets = ahead.of(project=project, version_key=canonicalize_version(version), name=name, token=by.token)
    if by.token is not None:
        _must_be_good_for(by.token, name, meets, completing)
    if meets.burnt and (found := _published(project, version, arrival)):
        return Staged(Did.ALREADY_PUBLISHED, None, found)
    if meets.released:
        rules.must_take_files(project, version)
    draft = _draft_to_join(project, version, by)
    if meets.arriving:
        arriving.make_way(draft=draft, name=name, by=by.actor, completing=completing)
    there = rules.there(draft, name) if meets.there else rules.There()
    before = there.before
    if before is not None and _is_the_same(before, arrival):
        _end_session(completing, before)
        return Staged(Did.UNCHANGED, draft, before)
    left = quota.left(project, by.token, completing=completing)
    rules.may_stage(draft=draft, there=there, name=name, size=arrival.size, by=by, left=left)
    superseded.give_way(project=project, token=by.token, needed=left.lacking(arrival.size))
    file = _row(draft, arrival, distribution, by, before)
    if meets.logs:
        waiting.verify(draft=draft)
    _end_session(completing, file)
    _follow_up(draft, by)
    return _recorded(draft, file, before, by, approvals.void(draft=draft))


def _follow_up(draft: Draft, by: Stager) -> None:
    """Do what follows from a draft's having got a file, whichever it is."""
    if by.token is not None and by.token.claims:
        following.begin(draft=draft, token=by.token)
    draft.touch()
    ready.all_in(draft=draft)


def _must_be_good_for(token: Token, name: FileName, meets: Ahead, completing: UploadSession | None) -> None:
    if not meets.is_valid:
        rules.must_still_be_valid(token, completing=completing)
    limits.must_cover(token, name)


def _published(project: Project, version: Version, arrival: Arrival) -> File | None:
    return rules.published_already(project=project, version=version, name=arrival.name, sha256=arrival.sha256)


def _is_the_same(before: File, arrival: Arrival) -> bool:
    """Say whether nothing new came: the bytes are there, and attestations, or none were sent."""
    return before.sha256 == arrival.sha256 and bool(before.attestations_sha256 or not arrival.attestations)


def _end_session(completing: UploadSession | None, file: File) -> None:
    if completing is not None:
        completing.end(FileState.COMPLETED, file=file)


def _recorded(draft: Draft, file: File, before: File | None, by: Stager, voided: dict[str, Any]) -> Staged:
    told = {"filename": file.filename, "size": file.size, **voided, **by.told}
    if file.attestations_sha256:
        told["attestations"] = file.attestations_sha256
    if before is not None:
        told["before"] = before.sha256
    event, did = (Event.REPLACED, Did.REPLACED) if before else (Event.STAGED, Did.ADDED)
    audit.record(event, on=draft, by=by.actor, digest=file.sha256, **told)
    return Staged(did, draft, file)


def _draft_to_join(project: Project, version: Version, by: Stager) -> Draft:
    draft = Draft.objects.lock_live(project, str(version))
    if draft is None:
        return _opened(project, version, by)
    draft.must_be_editable()
    return draft


def _opened(project: Project, version: Version, by: Stager, expects: Sequence[str] = ()) -> Draft:
    rules.may_open(project=project, by=by)
    draft = Draft.objects.create(
        project=project,
        version=str(version),
        version_key=canonicalize_version(version),
        opened_by=by.actor.key,
        expires_at=timezone.now() + project.draft_life,
        expects=list(expects),
    )
    told = board(draft, label=by.train, token=by.token) | ({"expects": draft.expects} if expects else {})
    if joined := waiting.join(draft=draft):
        told["evidence"] = joined
    news.opened(draft=draft, by=by.actor)
    audit.record(Event.OPENED, on=draft, by=by.actor, **told)
    late.opened(draft)
    return draft


def _row(draft: Draft, arrival: Arrival, distribution: Distribution, by: Stager, before: File | None) -> File:
    if before is not None:
        before.cancel()
    file = File(
        draft=draft,
        filename=arrival.filename,
        filetype=arrival.name.filetype,
        identity=arrival.name.identity,
        size=arrival.size,
        sha256=arrival.sha256,
        blake2b_256=arrival.blake2b_256,
        object_id=arrival.object_id,
        requires_python=distribution.metadata.requires_python or "",
        metadata_sha256=rules.sha256(distribution.metadata.raw),
        attestations_sha256=attestations.digest(arrival.attestations) if arrival.attestations else "",
        core_metadata=rules.summary(distribution.metadata),
        form_fields=arrival.form or {},
        staged_by_token=by.token,
        staged_by_user=by.user,
        taken_from=by.taken_from.values if by.taken_from else None,
        claims=by.token.claims if by.token else None,
    )
    insert(file)
    if before is not None:
        before.cancel(superseded_by=file)
    if arrival.attestations:
        Attestations.objects.create(file=file, statements=list(arrival.attestations))
        jobs.enqueue(kind=Kind.VERIFY_ATTESTATIONS, subject=file.subject, is_new=True)
    jobs.enqueue(kind=Kind.INSPECT, subject=file.subject, is_new=True, one_of_many=True)
    return file


@transaction.atomic
def open_draft(
    *, project: Project, version: Version, by: Stager, expects: Sequence[str] = (), late: bool = True
) -> Draft:
    """Open the draft of a release before it has files. ``expects``: names that publishing waits for, checked before.

    Raises Exists when the release has a draft that did not end, Refused; Published where none may be ``late``.
    """
    project = Project.objects.lock(project.pk)
    if by.token is not None:
        rules.must_still_be_valid(by.token)
        limits.must_cover_release(by.token, version)
    released = Release.objects.filter(project=project, version_key=canonicalize_version(str(version)))
    if not late and (release := released.first()) is not None:
        raise Published(release)
    there = Draft.objects.of_release(project, str(version)).live().first()
    if there is not None:
        raise Exists(there)
    rules.must_take_files(project, version)
    return _opened(project, version, by, expects)


@transaction.atomic
def cancel(*, draft: Draft, by: Actor, event: Event = Event.CANCELED) -> None:
    """End a draft without publishing: its links open nothing, its bytes go after a day, its record stays.

    Raises NotEditable when it is being published or has ended.
    """
    draft = Draft.objects.lock(draft)
    draft.must_be_editable(even_scheduled=True)
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
    draft.publish_at = None
    draft.save(update_fields=["state", "ended_at", "ended_by", "publish_at"])
    arriving.cancel_all(draft=draft)
    draft.bump()
    jobs.enqueue(kind=Kind.PURGE, subject=draft.subject, not_before=timezone.now() + rules.grace())
    news.ended(draft=draft, expired=event == Event.EXPIRED, by=by)
    audit.record(event, on=draft, by=by, files=draft.files.live().count())


@transaction.atomic
def extend(*, draft: Draft, by: Actor) -> Draft:
    """Renew a draft's expiry: now + 7 days, never beyond opened + 30, never earlier than it was. Raises NotEditable."""
    draft = Draft.objects.lock(draft)
    draft.must_be_editable(even_scheduled=True)
    draft.touch()
    audit.record(Event.EXTENDED, on=draft, by=by, until=draft.expires_at.isoformat())
    return draft
