"""The act on a train: a maintainer of every project, one second factor, one fingerprint over all drafts, no blockers."""

from collections.abc import Sequence

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from accounts.stepup import Proof, Purpose
from drafts.access import members
from drafts.access.roles import Act
from drafts.models import Changed, Draft, Kind, NotEditable, Train, TrainState, jobs
from drafts.publishing import options
from drafts.publishing.publish import Event, decided, hold
from drafts.publishing.targets import rows as upstream
from drafts.publishing.train.blockers import blockers


class Blocked(Exception):
    """A draft of the train has blockers; the text names each draft and its reasons."""


def purpose(train: Train, fingerprint: str) -> Purpose:
    """Return what a proof must be for to publish these very files of these very drafts."""
    return Purpose(act="publish a train", on=train.subject, fingerprint=fingerprint)


def drafts_of(train: Train) -> list[Draft]:
    """Return a train's drafts with their projects, in the order in which they are locked."""
    return list(train.drafts.select_related("project").order_by("project_id", "pk"))


def check(*, train: Train, drafts: Sequence[Draft], fingerprint: str, publisher: int) -> None:
    """Ask, before a code is spent, what ``start`` will ask again; ``publisher``: who would publish, by id.

    Raises NotEditable, Changed, Blocked.
    """
    train.must_be_editable()
    if train.fingerprint_of(drafts) != fingerprint:
        raise Changed(f"the files or drafts of the train {train.label} changed after the page was shown")
    against = blockers(drafts, publisher)
    if found := [f"{draft}: {one.sentence}" for draft in drafts for one in against[draft.pk]]:
        raise Blocked(" ".join(found))
    for draft in drafts:
        draft.must_be_editable()
    if not drafts:
        raise NotEditable(f"the train {train.label} has no drafts")


@transaction.atomic
def start(*, train: Train, by: Actor, proof: Proof, fingerprint: str, note: str = "") -> Train:
    """Decide to publish all drafts of a train, exactly as the fingerprint names them: reserve all names, write one job.

    Raises ProofRefused, NotYours, NotEditable, Changed, Blocked; then nothing is changed in any of them.
    """
    train, drafts = Train.objects.lock_whole(train)
    proof.demand(purpose(train, fingerprint))
    for draft in drafts:
        members.demand(project=draft.project, user=proof.user, act=Act.PUBLISH)
    check(train=train, drafts=drafts, fingerprint=fingerprint, publisher=proof.user.pk)
    for draft in drafts:
        decided(draft=draft, fingerprint=draft.fingerprint(), user=proof.user, note=note, options=options.NOW)
        hold(draft=draft)
        upstream.plan(draft)
    _hold(train, fingerprint, proof.user)
    jobs.enqueue(kind=Kind.TRAIN, subject=train.subject)
    for draft in drafts:
        audit.record(
            Event.STARTED,
            on=draft,
            by=by,
            digest=draft.publishing_fingerprint,
            method=proof.method,
            note=draft.publishing_note,
            train={"id": train.pk, "label": train.label, "fingerprint": fingerprint, "drafts": len(drafts)},
        )
    return train


def _hold(train: Train, fingerprint: str, user: User) -> None:
    train.state, train.error = TrainState.PROCESSING, ""
    train.publishing_fingerprint, train.publishing_by = fingerprint, user
    train.save(update_fields=["state", "error", "publishing_fingerprint", "publishing_by"])
