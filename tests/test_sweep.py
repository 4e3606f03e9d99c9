"""Nothing that a broker or a worker forgets is lost: jobs are rung again, drafts whose time is over end."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from accounts.models import AuditEvent
from drafts.intake import stage
from drafts.models import Draft, DraftState, JobState, Kind, jobs
from drafts.operations import sweeps, tasks
from tests.waiting import MESSAGES, age, job_since, rung

pytestmark = [pytest.mark.django_db, pytest.mark.embedded, pytest.mark.usefixtures("quiet_queue")]


def test_a_job_whose_broker_was_down_is_rung_when_it_is_back(draft, django_capture_on_commit_callbacks):
    away = MESSAGES.with_name("away")
    MESSAGES.rename(away)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            job = jobs.enqueue(kind=Kind.PURGE, subject=draft.subject)
        assert job.state == JobState.WAITING
    finally:
        away.rename(MESSAGES)
    assert rung() == []
    age(job, not_before=timezone.now() - timedelta(seconds=4))
    tasks.sweep()
    assert rung() == [job.pk]


def test_a_sweep_gets_through_while_the_broker_is_down(caplog):
    job_since(4)
    job_since(5)
    away = MESSAGES.with_name("away")
    MESSAGES.rename(away)
    try:
        assert sweeps.ring_waiting() == 2
    finally:
        away.rename(MESSAGES)
    assert caplog.text.count("could not ring") == 2


def test_a_job_is_rung_on_commit(draft, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        job = jobs.enqueue(kind=Kind.PURGE, subject=draft.subject)
        assert rung() == []
    assert rung() == [job.pk]


@pytest.mark.parametrize(
    ("seconds", "values", "is_rung"),
    [
        (4, {}, True),
        (1, {}, False),
        (-60, {}, False),
        (4, {"state": JobState.RUNNING, "lease_until": timedelta(seconds=-1)}, True),
        (4, {"state": JobState.RUNNING, "lease_until": timedelta(seconds=20)}, False),
        (4, {"state": JobState.DONE}, False),
        (4, {"state": JobState.FAILED}, False),
    ],
    ids=[
        "waits",
        "was rung a moment ago",
        "is for later",
        "its worker died",
        "is being done",
        "done",
        "failed",
    ],
)
def test_what_waits_is_rung_and_nothing_else(seconds, values, is_rung):
    if "lease_until" in values:
        values = values | {"lease_until": timezone.now() + values["lease_until"]}
    job = job_since(seconds, **values)
    assert sweeps.ring_waiting() == is_rung
    assert rung() == [job.pk] * is_rung


def test_two_schedulers_ring_once():
    job = job_since(4)
    assert [sweeps.ring_waiting(), sweeps.ring_waiting()] == [1, 0]
    assert rung() == [job.pk]
    cache.clear()  # ten seconds later
    assert sweeps.ring_waiting() == 1


def test_what_waited_longest_is_rung_first(monkeypatch):
    """It is seen where they are rung: messages of one millisecond have no order."""
    young, old = job_since(5), job_since(50)
    asked = []
    monkeypatch.setattr(jobs, "ring", asked.append)
    sweeps.ring_waiting()
    assert asked == [old, young]


def test_an_expired_draft_is_ended_once(draft):
    Draft.objects.filter(pk=draft.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert [sweeps.expire_drafts(), sweeps.expire_drafts()] == [1, 0]
    draft.refresh_from_db()
    assert draft.state == DraftState.CANCELED
    assert AuditEvent.objects.filter(event="draft:expired").count() == 1


def test_a_draft_with_time_left_stays(draft):
    tasks.expire()
    assert not stage.expire(draft=draft)  # it was renewed after the scheduler had looked
    draft.refresh_from_db()
    assert draft.state == DraftState.OPEN


def test_a_draft_that_is_being_published_does_not_expire(draft, mike):
    late = timezone.now() - timedelta(seconds=1)
    Draft.objects.filter(pk=draft.pk).update(
        expires_at=late, state=DraftState.PROCESSING, publishing_by=mike, publishing_fingerprint="f" * 64
    )
    assert sweeps.expire_drafts() == 0


DAY_SECONDS = 24 * 3600


def test_every_entry_of_the_schedule_names_a_task_and_expires():
    from celery import current_app

    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in current_app.tasks
        nightly = not isinstance(entry["schedule"], float)
        assert entry["options"]["expires"] <= (DAY_SECONDS if nightly else max(entry["schedule"], 1))
