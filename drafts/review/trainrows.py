"""Trains on the pages, as plain values: each draft's state in a sentence, what blocks it, who may do what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.urls import reverse

from drafts.access import links
from drafts.access.gate import Passenger
from drafts.access.roles import Act
from drafts.models import Draft, DraftState, Job, Kind, Train, TrainState
from drafts.publishing.policy import Blocker, Code
from drafts.publishing.train.blockers import besides_the_train
from drafts.review import upstream
from drafts.review import verdict as words
from drafts.review.rows import Button, Level, LinkRow, Progress, Verdict
from drafts.review.sight import Sight, see_all
from drafts.review.templatetags.words import size
from drafts.review.upstream import Delivery


@dataclass(frozen=True, slots=True)
class TrainSection:
    """A draft's train on its own page; without one, where to put the draft on one."""

    label: str = ""
    url: str = ""
    make_url: str = ""
    order_said: str = ""


@dataclass(frozen=True, slots=True)
class Car:
    """One draft of a train."""

    project: str
    version: str
    url: str
    verdict: Verdict
    totals: str
    blockers: tuple[Blocker, ...]
    expires_at: datetime | None
    leave_url: str = ""
    upstream: str = ""


@dataclass(frozen=True, slots=True)
class TrainPage:
    """Everything a train's page shows. ``hidden``: how many drafts are of projects that the person is no member of."""

    label: str
    url: str
    state: str
    made: str
    made_at: datetime
    verdict: Verdict
    cars: tuple[Car, ...]
    hidden: int
    button: Button
    fingerprint: str
    error_reason: str = ""
    progress: Progress | None = None
    links: tuple[LinkRow, ...] = ()
    link_url: str = ""
    link_others: bool = False
    join_url: str = ""
    joinable: tuple[Draft, ...] = field(default=())
    poll_url: str = ""


def section(draft: Draft, train: Train | None, *, may_make: bool) -> TrainSection:
    """Say on a draft's page which train it is in, and what the standing order made of it."""
    said = draft.order_said if draft.is_editable else ""
    if train is not None:
        return TrainSection(train.label, reverse("train", args=[train.pk]), order_said=said)
    make = f"{reverse('train-make')}?draft={draft.pk}" if may_make and draft.is_editable else ""
    return TrainSection(make_url=make, order_said=said)


def train_page(who: Passenger, joinable: Sequence[Draft] = ()) -> TrainPage:
    """Build a train's page for one person."""
    train = who.train
    every = [replace(sight, blockers=besides_the_train(sight.blockers)) for sight in see_all(who.drafts)]
    against = sum(len(_against(sight)) for sight in every)
    changes = train.is_editable
    sent = upstream.deliveries(who.drafts)
    return TrainPage(
        label=train.label,
        url=reverse("train", args=[train.pk]),
        state=train.state,
        made=train.made_by,
        made_at=train.made_at,
        verdict=_verdict(who, every, against, list(sent.values())),
        cars=tuple(_car(who, sight, sent) for sight in every if sight.draft in who.seen),
        hidden=len(who.drafts) - len(who.seen),
        button=_button(who, against),
        fingerprint=train.fingerprint_of(who.drafts) if changes else train.publishing_fingerprint,
        error_reason=train.error if train.state == TrainState.ERROR else "",
        progress=_progress(train),
        links=_links(who),
        link_others=links.may_open_others(),
        link_url=reverse("train-link-make", args=[train.pk])
        if train.is_live and who.may_on_all(Act.LINK)
        else "",
        join_url=reverse("train-join", args=[train.pk]) if changes and joinable else "",
        joinable=tuple(joinable) if changes else (),
        poll_url=reverse("train", args=[train.pk]) if _waits(train, every, list(sent.values())) else "",
    )


def _waits(train: Train, every: Sequence[Sight], sent: Sequence[Delivery]) -> bool:
    """Say whether the page changes by itself: while it is published, while files are looked into or go upstream."""
    looked_into = any(one.owner == "Presscheck" for sight in every for one in sight.blockers)
    under_way = any(not one.is_over and not one.is_stuck for one in sent)
    return train.state == TrainState.PROCESSING or (train.is_live and looked_into) or under_way


def _against(sight: Sight) -> tuple[Blocker, ...]:
    """Return what blocks a draft of a train; one that ended blocks it too."""
    if sight.draft.is_live:
        return tuple(sight.blockers) if sight.draft.state != DraftState.PROCESSING else ()
    if sight.draft.state == DraftState.PUBLISHED:
        return ()
    return (_ended(sight.draft),)


def _ended(draft: Draft) -> Blocker:
    what = f"the draft of {draft} is {draft.state}: take it out, and the others can go."
    return Blocker(Code.ENDED, "Ended", what, "you")


def _car(who: Passenger, sight: Sight, sent: Mapping[int, Delivery]) -> Car:
    draft = sight.draft
    can_leave = who.train.is_editable and who.may(Act.TRAIN, draft)
    return Car(
        project=draft.project.name,
        version=draft.version,
        url=reverse("draft", args=[draft.project.name, draft.version]),
        verdict=_of_car(who, sight, sent),
        totals=words.totals(sight.files),
        blockers=_against(sight),
        expires_at=draft.expires_at if draft.is_editable else None,
        leave_url=reverse("train-leave", args=[who.train.pk, draft.pk]) if can_leave else "",
        upstream=_upstream(sight, sent),
    )


def _of_car(who: Passenger, sight: Sight, sent: Mapping[int, Delivery]) -> Verdict:
    """Return a draft's own verdict; one whose delivery stopped waits for a person, though it is published."""
    own, delivery = (
        words.verdict(sight, may_publish=who.may(Act.PUBLISH, sight.draft)),
        sent.get(sight.draft.pk),
    )
    return replace(own, level=_level([delivery])) if delivery is not None and delivery.is_stuck else own


def _level(sent: Sequence[Delivery]) -> Level:
    """Say how much deliveries matter: other bytes than were reviewed are an alarm."""
    if any(one.is_stuck and one.alarm for one in sent):
        return Level.STOP
    return Level.WAIT if any(one.is_stuck for one in sent) else Level.DONE


def _upstream(sight: Sight, sent: Mapping[int, Delivery]) -> str:
    """Say how far a draft is upstream, or, of one that can still change, that it will go there."""
    if (delivery := sent.get(sight.draft.pk)) is not None:
        return delivery.text
    if sight.target is None or not sight.draft.is_editable:
        return ""
    return upstream.notice(sight.target, in_train=True)


def _verdict(who: Passenger, every: Sequence[Sight], against: int, sent: Sequence[Delivery] = ()) -> Verdict:
    """Say in one sentence how the whole train stands."""
    train, total = who.train, len(every)
    drafts = words.count(total, "draft")
    if train.state == TrainState.PUBLISHED:
        text = f"Published: {drafts} at once, {train.ended_at:%d %B %Y %H:%M} UTC.{_elsewhere(sent)}"
        return Verdict(_level(sent), text)
    if train.state == TrainState.DISSOLVED:
        return Verdict(Level.QUIET, "Dissolved: every draft was taken out. Nothing was published.")
    if train.state == TrainState.PROCESSING:
        return Verdict(Level.BUSY, f"Publishing {drafts}: nothing is visible before all of it is.")
    blocked = sum(bool(_against(sight)) for sight in every)
    if blocked:
        stop = any(words.verdict(sight, may_publish=True).level == Level.STOP for sight in every)
        start, level = ("Do not publish", Level.STOP) if stop else ("Not yet", Level.WAIT)
        reasons = words.count(against, "reason")
        return Verdict(level, f"{start}: {blocked} of {drafts} cannot be published now ({reasons}).")
    if not who.may_on_all(Act.PUBLISH):
        return Verdict(Level.READY, f"{total} of {drafts} can be published, by a maintainer of all of them.")
    return Verdict(Level.READY, f"Ready to publish: nothing stands against {total} of {drafts}.")


def _elsewhere(sent: Sequence[Delivery]) -> str:
    """Say how many drafts are at their upstream indexes; nothing where none goes there."""
    if not sent:
        return ""
    stuck, over = sum(one.is_stuck for one in sent), sum(one.is_over for one in sent)
    stopped = f", {stuck} stopped and {'waits' if stuck == 1 else 'wait'} for a person" if stuck else ""
    return f" Upstream: {over} of {words.count(len(sent), 'draft')} done{stopped}."


def _button(who: Passenger, against: int) -> Button:
    if who.train.state == TrainState.PROCESSING:
        return Button("Publishing now")
    if against:
        return Button(f"Not yet: {against} to fix")
    if not who.may_on_all(Act.PUBLISH):
        return Button("A maintainer of every project publishes")
    what = words.count(len(who.drafts), "draft")
    return Button(f"Publish {what} at once", enabled=True, url=reverse("train-publish", args=[who.train.pk]))


def _progress(train: Train) -> Progress | None:
    if train.state != TrainState.PROCESSING:
        return None
    job = Job.objects.of(Kind.TRAIN, train.subject).live().first()
    if job is None or not job.total:
        return Progress(0, 0, "waiting for a worker")
    return Progress(job.done, job.total, f"{size(job.done)} of {size(job.total)} hashed again")


def _links(who: Passenger) -> tuple[LinkRow, ...]:
    train, shows = who.train, who.may_on_all(Act.LINK)
    return tuple(
        LinkRow(
            label=link.label,
            url=links.url(link) if shows and not link.revoked_at else "",
            by=str(link.created_by),
            at=link.created_at,
            expires_at=link.expires_at,
            uses=link.uses,
            with_others=link.with_others,
            last_used_at=link.last_used_at,
            revoke_url=reverse("train-link-revoke", args=[train.pk, link.pk]) if train.is_live else "",
            revoked_at=link.revoked_at,
        )
        for link in train.links.select_related("created_by").order_by("created_at")
    )
