"""The act: a maintainer, a second factor given now, the fingerprint that the page showed, and no blockers."""

from collections.abc import Sequence
from enum import StrEnum

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from accounts.stepup import Proof, Purpose
from drafts.access import members
from drafts.access.roles import Act
from drafts.models import BurntName, Changed, Draft, DraftState, File, Kind, StandingOrder, jobs
from drafts.models.files import new_public_id
from drafts.publishing.options import NOW, Options, keep, told
from drafts.publishing.policy import Blocker, blockers
from drafts.publishing.targets import rows as upstream


class Event(StrEnum):
    """What publishing leaves on record."""

    STARTED = "draft:publishing"
    PUBLISHED = "draft:published"
    FAILED = "draft:publishing-failed"


class Blocked(Exception):
    """The draft has blockers; ``blockers`` holds them all."""

    def __init__(self, found: Sequence[Blocker]) -> None:
        super().__init__(" ".join(blocker.sentence for blocker in found))
        self.blockers = tuple(found)


class NotYours(Exception):
    """The person is not (or no longer) a maintainer of the project."""


def purpose(draft: Draft, fingerprint: str) -> Purpose:
    """Return what a proof must be for to publish these very files."""
    return Purpose(act="publish", on=draft.subject, fingerprint=fingerprint)


def check(*, draft: Draft, fingerprint: str, publisher: int | None = None) -> None:
    """Ask, before a code is spent, what ``start`` will ask again; ``publisher``: who would publish, by id.

    Raises NotEditable, Changed, Blocked.
    """
    draft.must_be_editable()
    if draft.fingerprint() != fingerprint:
        raise Changed(f"the files of {draft} changed after the page was shown")
    if found := blockers(draft, publisher=publisher):
        raise Blocked(found)


@transaction.atomic
def start(
    *,
    draft: Draft,
    by: Actor,
    proof: Proof,
    fingerprint: str,
    note: str = "",
    options: Options = NOW,
) -> Draft:
    """Decide to publish exactly the files that the fingerprint names: reserve their names and write the job.

    Raises ProofRefused, NotYours, NotEditable, Changed, Blocked; then nothing is changed.
    """
    draft = Draft.objects.lock(draft)
    proof.demand(purpose(draft, fingerprint))
    _must_be_maintainer(draft, proof)
    check(draft=draft, fingerprint=fingerprint, publisher=proof.user.pk)
    decided(draft=draft, fingerprint=fingerprint, user=proof.user, note=note, options=options)
    begin(draft=draft)
    audit.record(
        Event.STARTED,
        on=draft,
        by=by,
        digest=fingerprint,
        method=proof.method,
        note=draft.publishing_note,
        **told(draft),
    )
    return draft


def decided(
    *,
    draft: Draft,
    fingerprint: str,
    user: User,
    note: str = "",
    options: Options = NOW,
    order: StandingOrder | None = None,
) -> None:
    """Keep on a draft what was decided, by whom. Part of the transaction that decides, now or for a time.

    ``order``: what decided it in place of a person's click.
    """
    draft.publishing_fingerprint, draft.publishing_by, draft.publishing_order = fingerprint, user, order
    draft.publishing_note, draft.publishing_decided_at = note.strip()[:2000], None
    fields = ["publishing_fingerprint", "publishing_by", "publishing_order", "publishing_note"]
    draft.save(update_fields=[*fields, "publishing_decided_at", *keep(options, draft)])


def begin(*, draft: Draft) -> None:
    """Hold a draft that was decided on, and write the job. Part of a transaction that holds its lock."""
    hold(draft=draft)
    upstream.plan(draft)
    jobs.enqueue(kind=Kind.PUBLISH, subject=draft.subject)


def hold(*, draft: Draft) -> None:
    """Reserve a draft's names, and write that it is being published. Part of a transaction that holds its lock."""
    reserve(draft=draft)
    draft.state, draft.error, draft.publish_at = DraftState.PROCESSING, "", None
    draft.save(update_fields=["state", "error", "publish_at"])
    draft.bump()


def reserve(*, draft: Draft) -> None:
    """Reserve the names of a draft's files, and say where they will be public. Nobody is told before they are.

    Part of the transaction that decides to publish; ``flip`` makes the reservation permanent, or releases it.
    """
    files = list(draft.files.completed())
    BurntName.objects.bulk_create(
        BurntName(
            project=draft.project,
            space=draft.project.space,
            version_key=draft.version_key,
            filename=file.filename,
            identity=file.identity,
            sha256=file.sha256,
            draft=draft,
        )
        for file in files
    )
    for file in files:
        file.public_id = new_public_id()
    File.objects.bulk_update(files, ["public_id"], batch_size=100)


def _must_be_maintainer(draft: Draft, proof: Proof) -> None:
    if not members.allows(draft.project_id, proof.user, Act.PUBLISH):
        raise NotYours(f"{proof.user} is not a maintainer of {draft.project}")
