"""Promises 2, 3 and 9 for trains: never some and not all, whatever races, whoever dies."""

import threading
from contextlib import suppress

import pytest
from django.test import Client

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.intake import stage
from drafts.models import BurntName, Draft, DraftState, File, Job, Kind, NotEditable, Train, jobs
from drafts.publishing import flip as alone
from drafts.publishing.train import acts, flip
from drafts.storage import storage
from tests import wheels
from tests.conftest import do_jobs, draft_url, make_ci, totp_code, upload_form
from tests.coupled import couple, fingerprint, nothing_public, open_draft, press_train, visible
from tests.dying import dies, done_again, killed_at, overtaken, rung_eight_times
from tests.pressing import browser_of
from tests.racing import race
from tests.test_jobs import broken, due_now, lease_over
from tests.test_promises_flip import watch

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
ALL = {"sampleproject": 2, "companion": 2}
STEPS = {
    "while promoting": lambda: (type(storage()), "promote"),
    "while hashing": lambda: (type(storage()), "open_public"),
    "after hashing": lambda: (Draft, "fingerprint"),
    "before the flip": lambda: (flip, "_flip"),
    "inside the flip, before a page": lambda: (alone.pages, "store"),
    "inside the flip, between two drafts": lambda: (alone, "_end"),
    "inside the flip, at its last write": lambda: (alone.audit, "record"),
}


@pytest.fixture
def decided(train, mikes) -> Job:
    """A train that was decided to be published, and waits for a worker."""
    assert press_train(mikes, train, "mike").status_code == 302
    return Job.objects.get(kind=Kind.TRAIN)


def published_once(train: Train) -> None:
    train.refresh_from_db()
    assert train.state == "published"
    assert visible() == ALL
    assert AuditEvent.objects.filter(event="draft:published").count() == 2
    assert BurntName.objects.filter(permanent=True).count() == 4
    assert {draft.project.page.serial for draft in train.drafts.all()} == {1}


@pytest.mark.parametrize("nth", [1, 2], ids=["at the first", "at the second"])
@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS.keys())
def test_a_worker_killed_while_a_train_is_published_shows_none_of_it(train, decided, step, nth):
    """It is true that a worker that dies at any step, at the first draft or at a later one, leaves all or nothing to see."""
    if nth == 2 and step() == (flip, "_flip"):  # it runs once
        with killed_at(*step(), nth):
            do_jobs()
        published_once(train)
        return
    dies(decided, flip.work, *step(), nth)
    assert nothing_public()
    assert set(Draft.objects.values_list("state", flat=True)) == {"processing"}
    lease_over(decided)
    do_jobs()
    published_once(train)


def test_a_trains_job_that_runs_again_publishes_once(train, decided):
    done_again(decided)
    published_once(train)


@pytest.mark.django_db(transaction=True)
def test_a_trains_job_that_is_rung_eight_times_publishes_once(train, decided):
    rung_eight_times(decided, flip.work)
    published_once(train)


def test_a_slow_worker_that_was_overtaken_publishes_nothing(train, decided):
    overtaken(decided, lambda slow: flip._flip(train, slow))
    published_once(train)


def test_a_train_that_cannot_succeed_is_handed_back_whole(train, decided):
    """It is true that after six unforeseen errors every draft is editable again, and no name is held."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alone.pages, "store", lambda _project: broken(decided))
        for _ in range(6):
            assert set(Draft.objects.values_list("state", flat=True)) == {"processing"}
            due_now()
            do_jobs()
    assert nothing_public()
    assert set(Draft.objects.values_list("state", flat=True)) == {"error"}
    assert Train.objects.get().state == "error"
    assert not BurntName.objects.exists()
    assert AuditEvent.objects.filter(event="draft:publishing-failed").count() == 2
    assert not File.objects.exclude(public_id=None).exists()


@pytest.mark.django_db(transaction=True)
def test_readers_who_never_stop_see_none_or_all_of_a_train(train, mikes):
    """It is true that no reader ever sees a file of one project while the other's are not there."""
    ready, stop = threading.Barrier(3), threading.Event()

    def publish() -> list:
        ready.wait(timeout=60)
        try:
            assert press_train(mikes, train, "mike").status_code == 302
            do_jobs()
        finally:
            stop.set()
        return []

    def rows() -> tuple:
        found = dict.fromkeys(ALL, 0)
        for name in File.objects.published().values_list("release__project__name", flat=True):
            found[name] += 1
        return tuple(found.values())

    def first_then_second() -> tuple:
        """Ask for the second project's page after the first's: one that shows the first shows the second."""
        first = Client().get("/simple/sampleproject/").status_code
        second = Client().get("/simple/companion/").status_code
        return (2, 2) if (first, second) != (200, 404) else (2, 0)

    reads = (rows, first_then_second)
    seen = race([publish, *(lambda read=read: watch(read, ready, stop) for read in reads)])
    assert set(seen[1]) == {(0, 0), (2, 2)}
    assert set(seen[2]) == {(2, 2)}
    assert visible() == ALL


@pytest.mark.django_db(transaction=True)
def test_two_trains_that_share_projects_pressed_together_both_arrive(
    train, project, companion, mike, alice, mikes
):
    """It is true that two trains over the same projects neither deadlock nor mix: each is published whole."""
    # The second train names the projects in the other order.
    other = couple(
        alice,
        open_draft(companion, "companion", "5.0"),
        open_draft(project, "sampleproject", "5.0"),
        label="later",
    )
    alices = browser_of(alice)
    statuses = race(
        [
            lambda: press_train(mikes, train, "mike").status_code,
            lambda: press_train(alices, other, "alice").status_code,
        ]
    )
    assert statuses == [302, 302]
    pending = list(Job.objects.filter(kind=Kind.TRAIN).values_list("pk", flat=True))
    race([lambda pk=pk: jobs.run(pk, flip.work) for pk in pending])
    due_now()
    do_jobs()
    assert set(Train.objects.values_list("state", flat=True)) == {"published"}
    assert visible() == {"sampleproject": 4, "companion": 4}


@pytest.mark.django_db(transaction=True)
def test_one_train_pressed_by_two_people_is_published_once(train, mikes, mike, alice):
    alices, seen = browser_of(alice), fingerprint(train)
    race(
        [
            lambda: press_train(mikes, train, "mike", fingerprint=seen).status_code,
            lambda: press_train(alices, train, "alice", fingerprint=seen).status_code,
        ]
    )
    assert AuditEvent.objects.filter(event="draft:publishing").count() == 2
    do_jobs()
    published_once(train)


RIVALS = {
    "a file replaced": lambda train, draft, ci, mike: ci.upload(wheels.wheel(salt="late")).status_code,
    "the draft taken out": lambda train, draft, ci, mike: (
        browser_of(mike).post(f"/trains/{train.pk}/leave/{draft.pk}/").status_code
    ),
    "the draft canceled": lambda train, draft, ci, mike: (
        browser_of(mike).post(draft_url(draft, "draft-cancel")).status_code
    ),
    "the draft published alone": lambda train, draft, ci, mike: (
        browser_of(mike)
        .post(draft_url(draft, "publish"), {"fingerprint": draft.fingerprint(), "code": "000000"})
        .status_code
    ),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rival", RIVALS.values(), ids=RIVALS.keys())
def test_a_draft_that_changes_while_the_train_is_pressed(train, draft, ci, mike, alice, rival):
    """It is true that whichever comes first, the train is published as it was seen, or not at all."""
    seen = fingerprint(train)
    alices = browser_of(alice)
    code = totp_code("alice")
    pressed, _ = race(
        [
            lambda: press_train(alices, train, "alice", fingerprint=seen, code=code).status_code,
            lambda: rival(train, draft, ci, mike),
        ]
    )
    do_jobs()
    train.refresh_from_db()
    if train.state == "published":
        assert pressed == 302
        assert visible() == ALL
        assert fingerprint(train) == seen
    else:
        assert nothing_public()
        assert not BurntName.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_drafts_opened_at_one_moment_with_one_label_share_one_train(project, companion, mike):
    """It is true that many jobs of one secret that open drafts at once make one train, and each draft is in it."""
    token = make_ci(project)
    twin = make_ci(companion)
    type(twin.row).objects.filter(pk=twin.row.pk).update(token_sha256=token.row.token_sha256)
    builds = [wheels.wheel(name=name, version=f"{n}.0") for name in ALL for n in (1, 2)]

    def upload(built) -> int:
        return (
            Client()
            .post("/legacy/?train=2026.11", upload_form(built), headers={"Authorization": token.basic})
            .status_code
        )

    assert set(race([lambda built=built: upload(built) for built in builds])) == {200}
    train = Train.objects.get()
    assert train.drafts.count() == 4


def test_a_draft_that_left_the_train_after_the_decision_cannot_be(train, decided, draft, mike):
    """It is true that even a row changed behind the acts' backs publishes nothing of the train."""
    Draft.objects.filter(pk=draft.pk).update(state=DraftState.OPEN)
    do_jobs()
    assert nothing_public()
    assert Train.objects.get().state == "error"


@pytest.mark.django_db(transaction=True)
def test_joining_races_with_the_click(train, project, mike, mikes):
    """It is true that a draft which joins while the train is pressed is published with it or not in it."""
    late, seen = open_draft(project, "sampleproject", "3.0"), fingerprint(train)

    def join() -> str:
        with suppress(NotEditable):
            acts.join(train=train, draft=late, by=Actor.person(mike), user=mike)
        return ""

    race([lambda: str(press_train(mikes, train, "mike", fingerprint=seen).status_code), join])
    do_jobs()
    train.refresh_from_db()
    late.refresh_from_db()
    if train.state == "published":
        assert (late.train_id, late.state) == (None, DraftState.OPEN)
        assert visible() == ALL
    else:
        assert late.train_id == train.pk
        assert nothing_public()
    stage.cancel(draft=late, by=Actor.system("tests"))
