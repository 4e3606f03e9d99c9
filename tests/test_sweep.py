"""Nothing that a broker or a worker forgets is lost: jobs are rung again, leases run out, the scheduler tidies up."""

import json
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.utils import timezone

from accounts import people
from accounts.audit import Actor
from accounts.models import AuditEvent, AuditOrigin, SignInLink
from drafts.intake import purge, stage
from drafts.models import Draft, DraftState, Job, JobState, Kind, jobs
from drafts.operations import sweeps, tasks
from drafts.storage import new_object_id, storage

pytestmark = [pytest.mark.django_db, pytest.mark.embedded]

MESSAGES = Path(settings.DATA_DIR) / "queue" / "messages"
TAKEN = MESSAGES.with_name("processed")


@pytest.fixture(autouse=True)
def _quiet_queue():
    """An empty queue, and nothing rung yet."""
    cache.clear()
    for folder in (MESSAGES, TAKEN):
        for path in folder.iterdir():
            path.unlink()


def rung() -> list[int]:
    """The ids of the jobs that messages wait for, oldest first."""
    messages = [json.loads(path.read_bytes()) for path in sorted(MESSAGES.glob("*.msg"))]
    return [json.loads(message["headers"]["argsrepr"])[0] for message in messages]


def job_since(seconds: float, **values) -> Job:
    """A job that could have been done for so many seconds."""
    subject = f"draft:{Job.objects.count() + 1000}"
    return Job.objects.create(
        kind=Kind.PURGE, subject=subject, not_before=timezone.now() - timedelta(seconds=seconds), **values
    )


def age(job: Job, **values) -> None:
    Job.objects.filter(pk=job.pk).update(**values)


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


def test_what_waited_longest_is_rung_first():
    young, old = job_since(5), job_since(50)
    sweeps.ring_waiting()
    assert rung() == [old.pk, young.pk]


def test_a_lease_keeps_others_away_until_it_ends():
    job = job_since(4)
    first = jobs.claim(job.pk)
    assert first.attempt == 1
    assert jobs.claim(job.pk) is None
    age(job, lease_until=timezone.now() - timedelta(seconds=1))
    assert jobs.claim(job.pk).attempt == 2


def test_a_renewed_lease_keeps_others_away():
    job = jobs.claim(job_since(4).pk)
    age(job, lease_until=timezone.now() - timedelta(seconds=1))
    job.renew(done=3, total=7)
    assert jobs.claim(job.pk) is None
    job.refresh_from_db()
    assert (job.done, job.total) == (3, 7)


@pytest.mark.parametrize(
    "act", [Job.finish, Job.renew, lambda job: job.give_up("too late")], ids=["finish", "renew", "give up"]
)
def test_a_worker_that_lost_its_job_can_do_nothing_with_it(act):
    late = jobs.claim(job_since(4).pk)
    age(late, lease_until=timezone.now() - timedelta(seconds=1))
    other = jobs.claim(late.pk)
    with pytest.raises(jobs.Fenced):
        act(late)
    late.again_later("nor put it back")
    other.refresh_from_db()
    assert (other.state, other.attempt, other.error) == (JobState.RUNNING, 2, "")
    other.finish()
    other.refresh_from_db()
    assert other.state == JobState.DONE


def test_work_that_began_before_something_changed_is_done_again(draft):
    first = jobs.claim(jobs.enqueue(kind=Kind.PURGE, subject=draft.subject).pk)
    again = jobs.enqueue(kind=Kind.PURGE, subject=draft.subject)
    assert again.pk == first.pk
    with pytest.raises(jobs.Fenced):
        first.finish()
    assert jobs.claim(first.pk) is not None


def test_a_job_that_fails_is_tried_again_later(caplog):
    job = job_since(4)

    def work(job):
        raise OSError("no such disk")

    jobs.run(job.pk, work)
    job.refresh_from_db()
    assert (job.state, job.failures, job.error) == (JobState.WAITING, 1, "OSError: no such disk")
    assert job.not_before > timezone.now()
    assert "failed and will be tried again" in caplog.text


def test_the_same_ring_twice_does_the_work_once(draft):
    stage.cancel(draft=draft, by=Actor.system("tests"))
    job = Job.objects.get(kind=Kind.PURGE, subject=draft.subject)
    age(job, not_before=timezone.now() - timedelta(seconds=4))
    for _ in range(2):
        jobs.run(job.pk, purge.work)
    assert AuditEvent.objects.filter(event="draft:purged").count() == 1


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


def _orphan(*, is_old: bool) -> Path:
    object_id = new_object_id()
    writer = storage().create(object_id, "orphan")
    writer.write(b"bytes")
    writer.commit()
    folder = storage().local_path(object_id, "orphan").parent
    if is_old:
        os.utime(folder, (time.time() - 90_000,) * 2)
    return folder


def test_objects_without_a_row_go_after_a_day(draft):
    old, young = _orphan(is_old=True), _orphan(is_old=False)
    kept = [storage().local_path(file.object_id, file.filename).parent for file in draft.files.all()]
    for folder in kept:
        os.utime(folder, (time.time() - 90_000,) * 2)
    assert sweeps.prune().counts["orphaned objects"] == 1
    assert [path.exists() for path in (old, young, *kept)] == [False, True, *([True] * len(kept))]


def test_ended_jobs_go_after_a_month():
    ended = {"state": JobState.DONE}
    job_since(0, **ended, ended_at=timezone.now() - timedelta(days=31))
    kept = [job_since(0, **ended, ended_at=timezone.now() - timedelta(days=29)), job_since(0)]
    assert sweeps.prune().counts["ended jobs"] == 1
    assert set(Job.objects.all()) == set(kept)


def test_sign_in_links_go_a_day_after_they_ended(alice):
    people.invite(alice)
    SignInLink.make(user=alice, expires_at=timezone.now() - timedelta(hours=25))
    assert sweeps.prune().counts["sign-in links"] == 1
    assert SignInLink.objects.count() == 1


def test_sessions_go_when_they_end():
    for seconds in (-1, 3600):
        session = SessionStore()
        session["seen"] = 1
        session.set_expiry(seconds)
        session.save()
    assert sweeps.prune().counts["sessions"] == 1
    assert SessionStore.get_model_class().objects.get().expire_date > timezone.now()


def test_where_people_came_from_is_forgotten_after_its_time(ci, draft):
    assert AuditOrigin.objects.exists()
    assert sweeps.prune().counts["origins of old events"] == 0
    count = AuditOrigin.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert sweeps.prune().counts["origins of old events"] == count
    assert not AuditOrigin.objects.exists()


@pytest.mark.parametrize(
    ("name", "hours", "goes"),
    [("taken/1_a.celery.msg", 2, True), ("taken/1_a.celery.msg", 0, False), ("messages/.1_a.celery.msg.part", 2, True),
     ("messages/.1_a.celery.msg.part", 0, False), ("messages/1_a.celery.msg", 2, False)],
)  # fmt: skip
def test_what_killed_processes_left_in_the_queue_goes_after_an_hour(name, hours, goes):
    folder, _, file = name.partition("/")
    path = (TAKEN if folder == "taken" else MESSAGES) / file
    path.write_bytes(b"{}")
    os.utime(path, (time.time() - hours * 3600,) * 2)
    assert sweeps.prune().counts["messages"] == goes
    assert path.exists() == (not goes)


def test_one_kind_that_cannot_be_pruned_does_not_keep_the_others(monkeypatch, caplog):
    def broken() -> int:
        raise OSError("the disk is gone")

    monkeypatch.setitem(sweeps.PRUNING, "orphaned objects", broken)
    job_since(0, state=JobState.DONE, ended_at=timezone.now() - timedelta(days=31))
    assert str(sweeps.prune()) == "1 ended jobs"
    assert "orphaned objects could not be pruned" in caplog.text
    tasks.prune()


DAY_SECONDS = 24 * 3600


def test_every_entry_of_the_schedule_names_a_task_and_expires():
    from celery import current_app

    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in current_app.tasks
        nightly = not isinstance(entry["schedule"], float)
        assert entry["options"]["expires"] <= (DAY_SECONDS if nightly else max(entry["schedule"], 1))
