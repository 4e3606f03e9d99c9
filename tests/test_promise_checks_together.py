"""The campaign's checks of trains, schedules, orders and options can fail: each names a state that was broken on purpose."""

import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent
from bench.faults.acts.claims import Followed, NotFollowed, Scheduled, TrainDecided
from bench.faults.ledger import Ledger, Sighting
from bench.faults.promises import afterwards, deciding, trains
from bench.faults.promises.state import State
from drafts.models import Draft, DraftState, File, Job, Kind, Project, Release, StandingOrder, Train
from tests import wheels
from tests.conftest import do_jobs, draft_url, make_ci, totp_code
from tests.coupled import publish_train
from tests.ordered import SDIST, WHEEL
from tests.test_schedule import at
from tests.whole import without_triggers_inside as without_triggers

pytestmark = [pytest.mark.django_db, pytest.mark.promise]


class _NoBytes:
    has_public = False

    def digests(self) -> dict:
        return {}


def _state() -> State:
    logged = {one.sha256 for one in (WHEEL, SDIST)}
    return State([], _NoBytes(), Ledger(logged=logged))


def _found(state: State) -> list[str]:
    checks = (trains.a_train_is_all_or_none, deciding.publishing_was_decided_by_a_person)
    own = (trains.trains_and_their_events, afterwards.as_told)
    return [words for check in checks for words in check(state)] + [
        words for check in own for words in check()
    ]


@pytest.fixture
def scheduled(draft, mike) -> Draft:
    """A draft that was published at its time, yanked first and closed."""
    client = Client()
    client.force_login(mike)
    form = {"fingerprint": draft.fingerprint(), "code": totp_code("mike"), "when": "at", "at": at(days=1)}
    form |= {"yanked": "on", "reason": "a soft launch", "closes": "on"}
    assert client.post(draft_url(draft, "publish"), form).status_code == 302
    Job.objects.filter(kind=Kind.SCHEDULED).update(not_before=timezone.now())
    Draft.objects.update(publish_at=timezone.now())
    # The time that was chosen lies in the future: let it have been now.
    row = AuditEvent.objects.get(event="draft:scheduled")
    row.details["at"] = timezone.now().isoformat()
    without_triggers(lambda: AuditEvent.objects.filter(pk=row.pk).update(details=row.details))
    do_jobs()
    draft.refresh_from_db()
    assert draft.state == DraftState.PUBLISHED
    return draft


@contextmanager
def _undone():
    """Take back what a block breaks: the state before it is made once, and broken in many ways."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _change(event: str, **details) -> None:
    """Write other details into every event of a name."""
    rows = list(AuditEvent.objects.filter(event=event))
    for row in rows:
        row.details |= details
    without_triggers(lambda: [row.save(update_fields=["details"]) for row in rows])


def _drop(event: str) -> None:
    without_triggers(lambda: AuditEvent.objects.filter(event=event).delete())


SCHEDULED = {
    "nobody chose a time": (lambda: _drop("draft:scheduled"), "nobody chose with a second factor"),
    "it was published too early": (
        lambda: _change("draft:scheduled", at=(timezone.now() + timedelta(hours=1)).isoformat()),
        "before the time that was chosen",
    ),
    "other files were scheduled": (
        lambda: without_triggers(
            lambda: AuditEvent.objects.filter(event="draft:scheduled").update(digest="0" * 64)
        ),
        "with other files than were scheduled",
    ),
    "it was scheduled as it is": (
        lambda: _change("draft:scheduled", yanked=None),
        "another way than was scheduled",
    ),
    "it is not yanked": (lambda: File.objects.update(yanked=None), "the events say 'a soft launch'"),
    "it is not closed": (lambda: Release.objects.update(closed_at=None), "the events say otherwise"),
    "a schedule was lost": (
        lambda: _change("draft:publishing", scheduled_by_nobody=True) or _drop("draft:publishing"),
        "nobody decided it",
    ),
}


def test_a_scheduled_publish_that_is_whole_breaks_no_promise(scheduled):
    assert _found(_state()) == []
    assert Scheduled(str(scheduled), scheduled.fingerprint(), scheduled.opened_at).wrong() == ""


def test_a_schedule_that_was_broken_on_purpose_is_named(scheduled):
    for name, (spoil, words) in SCHEDULED.items():
        with _undone():
            spoil()
            found = _found(_state())
        assert any(words in one for one in found), (name, found)


@pytest.fixture
def together(train, mikes) -> Train:
    """A train of two drafts that was published."""
    publish_train(mikes, train, "mike")
    return train


def _half_a_train(train: Train) -> None:
    Draft.objects.filter(pk=train.drafts.first().pk).update(state=DraftState.ERROR, ended_at=None, error="x")


def _a_part_of_it_early(_train: Train) -> None:
    Train.objects.update(state="open", ended_at=None)


def _another_train(train: Train) -> None:
    train.drafts.update(train=Train.objects.create(label="another", made_by="nobody"))


def _other_files(_train: Train) -> None:
    Train.objects.update(publishing_fingerprint="0" * 64)


TRAINS = {
    "half of it is published": (_half_a_train, "is error"),
    "a part of one that was not published": (_a_part_of_it_early, "is open, and its"),
    "a draft is in another train": (_another_train, "and its events say"),
    "other files were reviewed": (_other_files, "other files than were reviewed as one"),
}


def test_a_train_that_is_whole_breaks_no_promise(together):
    assert _found(_state()) == []
    assert TrainDecided(together.pk, together.publishing_fingerprint, together.made_at).wrong() == ""


def test_a_train_that_was_broken_on_purpose_is_named(together):
    for name, (spoil, words) in TRAINS.items():
        with _undone():
            spoil(together)
            found = _found(_state())
        assert any(words in one for one in found), (name, found)


def test_a_reader_who_saw_one_project_of_a_train_before_the_other_is_named(together):
    """It is true that a reading of the second project after one that showed the first must show the second."""
    state, now = _state(), time.time()
    names = {project.name for project in Project.objects.filter(drafts__train=together)}
    one, other = sorted(names)
    seen = frozenset((file.filename, file.sha256) for file in File.objects.filter(release__project__name=one))
    state.ledger.saw(Sighting(now, now + 1, one, seen))
    state.ledger.saw(Sighting(now + 0.5, now + 2, other, frozenset()))
    assert _found(state) == []  # these two readings overlap
    state.ledger.saw(Sighting(now + 1.5, now + 2, other, frozenset()))
    assert any("without its files" in words for words in _found(state))


def test_a_train_whose_drafts_ended_in_different_ways_is_named(together):
    claim = TrainDecided(together.pk, together.publishing_fingerprint, together.made_at)
    first = AuditEvent.objects.filter(event="draft:published").first()
    without_triggers(first.delete)
    assert "in different ways" in claim.wrong()


@pytest.fixture
def ordered(world) -> Draft:
    """A draft that a standing order published."""
    draft = world.stage()
    world.prove()
    draft = world.complete(draft)
    assert draft.state == DraftState.PUBLISHED, draft.order_said
    return draft


def _by_a_plain_token(draft: Draft) -> None:
    draft.files.update(staged_by_token=make_ci(draft.project).row, claims=None)


def _replaced(draft: Draft) -> None:
    first, second = draft.files.all()[:2]
    File.objects.filter(pk=first.pk).update(superseded_by=second)


ORDERS = {
    "it had ended": (
        lambda draft: StandingOrder.objects.update(ended_at=draft.opened_at, ended_why="x"),
        "an order that did not stand",
    ),
    "nobody gave it": (lambda _draft: _drop("order:given"), "nobody gave with a second factor"),
    "its job said no word": (lambda _draft: _drop("draft:complete-said"), "did not say that it is complete"),
    "a plain token staged a file": (_by_a_plain_token, "by no trusted publisher"),
    "a file was replaced": (_replaced, "was replaced, and an order published"),
    "there is no such order": (
        lambda _draft: _change("draft:publishing", order=99),
        "an order that there is not",
    ),
    "it was revoked without an event": (
        lambda _draft: StandingOrder.objects.update(ended_at=timezone.now(), ended_why="x"),
        "its events and its row do not say the same",
    ),
}


def test_an_orders_publish_that_is_whole_breaks_no_promise(ordered):
    assert _found(_state()) == []
    assert Followed(str(ordered), ordered.opened_at).wrong() == ""


def test_an_order_that_was_broken_on_purpose_is_named(ordered):
    for name, (spoil, words) in ORDERS.items():
        with _undone():
            spoil(ordered)
            found = _found(_state())
        assert any(words in one for one in found), (name, found)


def test_bytes_that_no_log_names_are_named(ordered):
    state = _state()
    state.ledger.logged.clear()
    assert sum("is in no log of CI" in words for words in _found(state)) == 2


def test_what_an_order_must_leave_to_people_is_named_when_it_published_it(ordered):
    assert "must leave to people" in NotFollowed(str(ordered), ordered.opened_at).wrong()
    _drop("draft:published")
    _drop("draft:publishing")
    assert "nothing came of it" in Followed(str(ordered), ordered.opened_at).wrong()


def test_a_time_that_passed_without_a_word_is_named(scheduled):
    claim = Scheduled(str(scheduled), scheduled.fingerprint(), scheduled.opened_at)
    _drop("draft:published")
    assert "passed without a word" in claim.wrong()
    _drop("draft:scheduled")
    assert "there is no event" in claim.wrong()


def test_an_upload_beside_it_changes_nothing(together, ci):
    """It is true that a live draft beside a published train is none of its business."""
    assert ci.upload(wheels.wheel(version="9.0")).status_code == 200
    assert _found(_state()) == []
