"""The act: a maintainer, a second factor given now, the fingerprint that the page showed, and no blockers."""

from collections.abc import Sequence
from enum import StrEnum

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from accounts.stepup import Proof, Purpose
from drafts.access.roles import Act, may
from drafts.models import BurntName, Changed, Draft, DraftState, File, Kind, Membership, jobs
from drafts.models.files import new_public_id
from drafts.publishing.policy import Blocker, blockers


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


def check(*, draft: Draft, fingerprint: str) -> None:
    """Ask, before a code is spent, what ``start`` will ask again. Raises NotEditable, Changed, Blocked."""
    draft.must_be_editable()
    if draft.fingerprint() != fingerprint:
        raise Changed(f"the files of {draft} changed after the page was shown")
    if found := blockers(draft):
        raise Blocked(found)


@transaction.atomic
def start(*, draft: Draft, by: Actor, proof: Proof, fingerprint: str, note: str = "") -> Draft:
    """Decide to publish exactly the files that the fingerprint names: reserve their names and write the job.

    Raises ProofRefused, NotYours, NotEditable, Changed, Blocked; then nothing is changed.
    """
    draft = Draft.objects.lock(draft)
    proof.demand(purpose(draft, fingerprint))
    _must_be_maintainer(draft, proof)
    check(draft=draft, fingerprint=fingerprint)
    reserve(draft=draft)
    draft.state, draft.error = DraftState.PROCESSING, ""
    draft.publishing_fingerprint, draft.publishing_by, draft.publishing_note = (
        fingerprint,
        proof.user,
        note.strip()[:2000],
    )
    draft.save(update_fields=["state", "error", "publishing_fingerprint", "publishing_by", "publishing_note"])
    draft.bump()
    jobs.enqueue(kind=Kind.PUBLISH, subject=draft.subject)
    audit.record(
        Event.STARTED, on=draft, by=by, digest=fingerprint, method=proof.method, note=draft.publishing_note
    )
    return draft


def reserve(*, draft: Draft) -> None:
    """Reserve the names of a draft's files, and say where they will be public. Nobody is told before they are.

    Part of the transaction that decides to publish; ``flip`` makes the reservation permanent, or releases it.
    """
    files = list(draft.files.completed())
    BurntName.objects.bulk_create(
        BurntName(
            project=draft.project,
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
    row = Membership.objects.filter(project=draft.project_id, user=proof.user).first()
    if row is None or not may(row.role, Act.PUBLISH):
        raise NotYours(f"{proof.user} is not a maintainer of {draft.project}")
