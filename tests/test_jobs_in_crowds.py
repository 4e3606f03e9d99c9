"""Jobs that come in crowds: one ring is for several, whoever hears it does them all, and other kinds get their turn."""

import pytest
from celery import current_app

from drafts.models import Job, JobState, Kind, jobs

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
AN_HOUR = 3600.0


@pytest.fixture
def rung(monkeypatch):
    """What was rung for: ids of jobs, and after how many seconds it is to be heard."""
    heard = []
    monkeypatch.setattr(
        current_app, "send_task", lambda _kind, args, countdown, **_: heard.append((args[0], countdown))
    )
    monkeypatch.setattr(jobs, "_BELL", jobs._Bell())
    return heard


def _crowd(django_capture_on_commit_callbacks, kind: Kind = Kind.WINDOWS) -> list[Job]:
    """Three jobs, each of a transaction of its own."""
    written = []
    for number in range(3):
        with django_capture_on_commit_callbacks(execute=True):
            written.append(jobs.enqueue(kind=kind, subject=f"file:{number}", is_new=True, one_of_many=True))
    return written


def test_one_ring_is_for_all_that_come_meanwhile(rung, monkeypatch, django_capture_on_commit_callbacks):
    """It is true that the first of a crowd is rung for, to be heard when the others are written, and they are not."""
    assert jobs._LATER > 2 * jobs._APART, "a job might be written after the ring for it was heard"
    monkeypatch.setattr(jobs, "_APART", AN_HOUR)
    first, *_ = _crowd(django_capture_on_commit_callbacks)
    other, *_ = _crowd(django_capture_on_commit_callbacks, Kind.EDGE)
    assert rung == [(first.pk, jobs._LATER), (other.pk, jobs._LATER)]


def test_what_comes_later_is_rung_for_again(rung, monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(jobs, "_APART", 0.0)
    written = _crowd(django_capture_on_commit_callbacks)
    assert [job for job, _ in rung] == [job.pk for job in written]


def test_whoever_is_rung_does_the_whole_crowd(rung, django_capture_on_commit_callbacks):
    """It is true that one worker does every job of the kind that is due, each once, and none of another kind."""
    crowd = _crowd(django_capture_on_commit_callbacks)
    other = jobs.enqueue(kind=Kind.PURGE, subject="draft:1")
    did = []
    jobs.run_all(crowd[1].pk, lambda job: (did.append(job.pk), job.finish()))
    assert did == [crowd[1].pk, crowd[0].pk, crowd[2].pk]
    other.refresh_from_db()
    assert other.state == JobState.WAITING


def test_a_worker_gives_others_their_turn(rung, monkeypatch, django_capture_on_commit_callbacks):
    """It is true that whoever did such jobs for long rings for the rest, so that what waits behind it is not kept waiting."""
    crowd = _crowd(django_capture_on_commit_callbacks)
    monkeypatch.setattr(jobs, "_TURN", -1.0)
    rung.clear()
    jobs.run_all(crowd[0].pk, lambda job: job.finish())
    assert rung == [(crowd[1].pk, None)]
    assert Job.objects.due().count() == 2


def test_a_job_that_fails_does_not_keep_a_worker(rung, django_capture_on_commit_callbacks):
    """It is true that one that fails is put off, and the others of its crowd are done."""
    crowd = _crowd(django_capture_on_commit_callbacks)

    def work(job: Job) -> None:
        if job.pk == crowd[0].pk:
            raise RuntimeError("broken")
        job.finish()

    jobs.run_all(crowd[0].pk, work)
    states = Job.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [JobState.WAITING, JobState.DONE, JobState.DONE]
