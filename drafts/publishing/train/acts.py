"""The acts on trains: make one, put a draft on it, take one out; make and revoke its links.

Each leaves one event for each draft concerned, in its project's chain.
"""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from drafts import secrets
from drafts.access import links, members
from drafts.access.roles import Act
from drafts.models import Draft, NotEditable, Train, TrainLink, TrainState
from drafts.models.trains import LONGEST_LABEL

MOST_DRAFTS = 50
LINK_LIFETIME = timedelta(days=settings.DRAFT_LIFETIME_MAX_DAYS)


class Event(StrEnum):
    """What can happen to a train, said of each of its drafts."""

    MADE = "train:made"
    JOINED = "train:joined"
    LEFT = "train:left"
    LINK_MADE = "train:link-made"
    LINK_REVOKED = "train:link-revoked"


class BadTrain(Exception):
    """A train cannot be made like that; the text says why."""


@transaction.atomic
def make(*, label: str, drafts: Sequence[Draft], by: Actor, user: User) -> Train:
    """Make a train of open drafts. Raises BadTrain, NotYours, NotEditable."""
    label = _label(label)
    if not drafts:
        raise BadTrain("no draft was chosen: a train has at least one")
    if len(drafts) > MOST_DRAFTS:
        raise BadTrain(f"{len(drafts)} drafts were chosen: a train has {MOST_DRAFTS} at most")
    locked = Draft.objects.lock_all(drafts)
    _must_be_of_one_space(locked)
    train = Train.objects.create(label=label, made_by=str(user))
    for draft in locked:
        members.demand(project=draft.project, user=user, act=Act.TRAIN)
        _put(draft, train)
    for draft in locked:
        audit.record(Event.MADE, on=draft, by=by, train=train.pk, label=label, drafts=len(locked))
    return train


def _label(text: str) -> str:
    label = " ".join(text.split())
    if not label:
        raise BadTrain("it has no name: say what the drafts have in common, such as 2026.11")
    if len(label) > LONGEST_LABEL or not label.isprintable():
        raise BadTrain(f"its name is longer than {LONGEST_LABEL} characters, or holds some that do not show")
    return label


def _must_be_of_one_space(drafts: Sequence[Draft]) -> None:
    """Raise BadTrain for drafts of which some would be published on the index, and others in the sandbox."""
    if len({draft.project.space for draft in drafts}) > 1:
        raise BadTrain("it would mix the index and the sandbox: a train publishes in one of them")


def _put(draft: Draft, train: Train) -> None:
    draft.must_be_editable()
    if draft.train_id is not None:
        raise NotEditable(f"{draft} is in a train already: take it out of that one first")
    Draft.objects.filter(pk=draft.pk).update(train=train)
    draft.bump()


@transaction.atomic
def join(*, train: Train, draft: Draft, by: Actor, user: User) -> None:
    """Put one more draft on a train. Raises NotYours, NotEditable, BadTrain when the train is full."""
    draft = Draft.objects.lock(draft)
    train = Train.objects.lock(train)
    train.must_be_editable()
    members.demand(project=draft.project, user=user, act=Act.TRAIN)
    if Draft.objects.filter(train=train).count() >= MOST_DRAFTS:
        raise BadTrain(f"the train {train.label} has {MOST_DRAFTS} drafts, and takes no more")
    _must_be_of_one_space([draft, *train.drafts.select_related("project")])
    _put(draft, train)
    audit.record(Event.JOINED, on=draft, by=by, train=train.pk, label=train.label)


@transaction.atomic
def leave(*, train: Train, draft: Draft, by: Actor, user: User) -> Train:
    """Take a draft out of its train; the last one dissolves it. Raises NotYours, NotEditable."""
    draft = Draft.objects.lock(draft)
    train = Train.objects.lock(train)
    train.must_be_editable()
    members.demand(project=draft.project, user=user, act=Act.TRAIN)
    if Draft.objects.filter(pk=draft.pk, train=train).update(train=None) == 0:
        raise NotEditable(f"{draft} is not in the train {train.label} any more")
    draft.bump()
    if not Draft.objects.filter(train=train).exists():
        train.state, train.ended_at = TrainState.DISSOLVED, timezone.now()
        train.save(update_fields=["state", "ended_at"])
    audit.record(Event.LEFT, on=draft, by=by, train=train.pk, label=train.label)
    return train


@transaction.atomic
def make_link(*, train: Train, label: str, by: Actor, user: User, with_others: bool = False) -> TrainLink:
    """Make a link that opens all drafts of a train (``with_others``: ``links.make``). Raises NotYours, NotEditable, Changed."""
    train, drafts = Train.objects.lock_whole(train)
    if not train.is_live:
        raise NotEditable(f"the train {train.label} is {train.state}: a link to it would open nothing")
    for draft in drafts:
        members.demand(project=draft.project, user=user, act=Act.LINK)
    link = TrainLink.objects.create(
        train=train,
        label=label.strip()[:200] or "train link",
        key_id=secrets.current_key_id(),
        created_by=user,
        expires_at=timezone.now() + LINK_LIFETIME,
        with_others=with_others and links.may_open_others(),
    )
    _tell(Event.LINK_MADE, drafts, link, by)
    return link


@transaction.atomic
def revoke_link(*, link: TrainLink, by: Actor, user: User) -> bool:
    """Revoke a train's link, at once. False when it was revoked before. Raises NotYours, Changed."""
    _, drafts = Train.objects.lock_whole(link.train)
    if not any(members.allows(project=draft.project, user=user, act=Act.LINK) for draft in drafts):
        raise members.NotYours(f"{user} cannot revoke links of this train: an owner can change that")
    if TrainLink.objects.filter(pk=link.pk, revoked_at=None).update(revoked_at=timezone.now()) == 0:
        return False
    _tell(Event.LINK_REVOKED, drafts, link, by)
    return True


def _tell(event: Event, drafts: Sequence[Draft], link: TrainLink, by: Actor) -> None:
    for draft in drafts:
        audit.record(event, on=draft, by=by, train=link.train_id, label=link.label, link=link.pk)
