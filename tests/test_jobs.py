"""Promise 9: the database is the truth and the queue a hint; a lost task or a killed worker loses nothing."""

from datetime import timedelta

import pytest
from celery import current_app
from django.db import connection, transaction
from django.utils import timezone

from drafts.models import Job, JobState, Kind, jobs
from tests.racing import race

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
LONG_AGO = timezone.now() - timedelta(hours=1)


@pytest.fixture
def job(db) -> Job:
    """A job that waits."""
    return jobs.enqueue(kind=Kind.PURGE, subject="draft:1")


def finish(job: Job) -> None:
    job.finish()


def lease_over(job: Job) -> None:
    """The worker that has the job was killed a while ago."""
    Job.objects.filter(pk=job.pk).update(lease_until=LONG_AGO)


def due_now() -> None:
    """Time went by."""
    Job.objects.filter(state=JobState.WAITING).update(not_before=LONG_AGO)


def test_a_job_is_done_once(job):
    did = []
    for _ in range(3):
        jobs.run(job.pk, lambda mine: (did.append(mine.attempt), mine.finish()))
    job.refresh_from_db()
    assert (did, job.state) == ([1], JobState.DONE)
    assert job.ended_at is not None


@pytest.mark.django_db(transaction=True)
def test_one_worker_of_many_gets_a_job(job):
    """It is true that of twelve workers who are rung at one moment one has the job."""
    claimed = race([lambda: jobs.claim(job.pk)] * 12)
    winners = [mine for mine in claimed if mine is not None]
    assert [mine.attempt for mine in winners] == [1]


@pytest.mark.django_db(transaction=True)
def test_one_worker_of_many_takes_over_from_a_dead_one(job):
    jobs.claim(job.pk)
    lease_over(job)
    claimed = race([lambda: jobs.claim(job.pk)] * 12)
    assert [mine.attempt for mine in claimed if mine] == [2]


def test_a_worker_knows_its_own_attempt(job):
    """It is true that a worker which is overtaken between its claim and its first look does not take the next one's place."""
    overtaken = []

    def overtake(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if sql.startswith("UPDATE") and not overtaken:
            overtaken.append(True)
            jobs.enqueue(kind=Kind.PURGE, subject="draft:1")
            overtaken.append(jobs.claim(job.pk))
        return result

    with connection.execute_wrapper(overtake):
        slow = jobs.claim(job.pk)
    assert slow.attempt != overtaken[1].attempt
    with pytest.raises(jobs.Fenced):
        slow.finish()
    overtaken[1].finish()


def test_a_job_that_somebody_has_is_not_taken(job):
    assert jobs.claim(job.pk)
    assert jobs.claim(job.pk) is None
    assert list(Job.objects.due()) == []


def test_a_lease_that_ran_out_gives_the_job_to_the_next(job):
    first = jobs.claim(job.pk)
    lease_over(job)
    assert list(Job.objects.due()) == [job]
    second = jobs.claim(job.pk)
    assert (first.attempt, second.attempt) == (1, 2)


def test_a_lease_is_renewed(job):
    mine = jobs.claim(job.pk)
    lease_over(job)
    mine.renew(done=3, total=7)
    assert list(Job.objects.due()) == []
    job.refresh_from_db()
    assert (job.done, job.total) == (3, 7)


@transaction.atomic
def _write_and(end, job: Job) -> None:
    """A transaction that writes something and then does something with a job."""
    jobs.enqueue(kind=Kind.PURGE, subject="draft:2")
    end(job)


@pytest.mark.parametrize("end", [finish, lambda job: job.give_up("no"), lambda job: job.renew(done=1)])
def test_a_worker_that_lost_its_job_is_fenced(job, end):
    """It is true that what an overtaken worker wrote in its last transaction rolls back with it."""
    old = jobs.claim(job.pk)
    lease_over(job)
    new = jobs.claim(job.pk)
    with pytest.raises(jobs.Fenced):
        _write_and(end, old)
    assert not Job.objects.filter(subject="draft:2").exists()
    job.refresh_from_db()
    assert (job.state, job.attempt) == (JobState.RUNNING, new.attempt)
    new.finish()


def test_an_overtaken_worker_that_fails_leaves_the_next_alone(job):
    old = jobs.claim(job.pk)
    lease_over(job)
    jobs.claim(job.pk)
    old.again_later("too late")
    job.refresh_from_db()
    assert (job.state, job.failures, job.error) == (JobState.RUNNING, 0, "")


def test_a_job_that_is_rung_for_again_while_it_runs_is_done_again(job):
    """It is true that work which began before the second call is not the last: its worker cannot finish."""
    did = []

    def work(mine: Job) -> None:
        did.append(mine.attempt)
        if len(did) == 1:
            assert jobs.enqueue(kind=Kind.PURGE, subject="draft:1") == mine
        mine.finish()

    jobs.run(job.pk, work)
    job.refresh_from_db()
    assert job.state == JobState.WAITING
    jobs.run(job.pk, work)
    job.refresh_from_db()
    assert (job.state, len(did)) == (JobState.DONE, 2)


def test_a_job_that_is_done_is_not_revived(job):
    jobs.run(job.pk, finish)
    assert jobs.enqueue(kind=Kind.PURGE, subject="draft:1") != job


@pytest.mark.django_db(transaction=True)
def test_calls_at_one_moment_write_one_job(db):
    race([lambda: jobs.enqueue(kind=Kind.PURGE, subject="draft:7")] * 8)
    assert Job.objects.filter(subject="draft:7").count() == 1


def broken(_job: Job) -> None:
    raise ValueError("the disk made a noise")


def test_a_job_that_fails_is_tried_again_later_each_time(job):
    """It is true that waits grow, the reason is kept, and the job is not due before its time."""
    waits = []
    for failures in range(1, 8):
        jobs.run(job.pk, broken)
        job.refresh_from_db()
        assert (job.state, job.failures, job.lease_until) == (JobState.WAITING, failures, None)
        assert job.error == "ValueError: the disk made a noise"
        waits.append(round((job.not_before - timezone.now()).total_seconds()))
        assert list(Job.objects.due()) == []
        due_now()
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (1, 600)


def test_a_job_for_later_waits(db):
    job = jobs.enqueue(kind=Kind.PURGE, subject="draft:1", not_before=timezone.now() + timedelta(hours=1))
    assert jobs.claim(job.pk) is None
    due_now()
    assert jobs.claim(job.pk)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", [ConnectionError, OSError, ValueError])
def test_a_broker_that_is_down_loses_nothing(db, monkeypatch, fault):
    """It is true that an act succeeds while no worker can be rung, and its job is there for the sweep."""

    def down(*args, **options):
        raise fault("no broker")

    monkeypatch.setattr(current_app, "send_task", down)
    with transaction.atomic():
        job = jobs.enqueue(kind=Kind.PURGE, subject="draft:1")
    assert list(Job.objects.due()) == [job]


@pytest.mark.django_db(transaction=True)
def test_a_worker_is_rung_when_the_act_is_committed_and_not_before(db, monkeypatch):
    rung = []
    monkeypatch.setattr(current_app, "send_task", lambda *args, **options: rung.append(args))
    with transaction.atomic():
        jobs.enqueue(kind=Kind.PURGE, subject="draft:1")
        assert rung == []
    assert rung == [(Kind.PURGE,)]
    with pytest.raises(ValueError, match="noise"):
        _write_and(broken, Job())
    assert len(rung) == 1
    assert not Job.objects.filter(subject="draft:2").exists()
