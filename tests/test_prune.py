"""What has outlived its use is deleted by the scheduler, and nothing else is."""

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts import people
from accounts.models import AuditOrigin, SignInLink
from accounts.sessions import SessionStore
from drafts.models import Job, JobState
from drafts.operations import sweeps, tasks
from drafts.storage import new_object_id, storage
from tests.waiting import MESSAGES, TAKEN, job_since

pytestmark = [pytest.mark.django_db, pytest.mark.embedded, pytest.mark.usefixtures("quiet_queue")]


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
