"""A job is one worker's at a time: leases run out, late workers are fenced off, failures are tried again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.intake import purge, stage
from drafts.models import Job, JobState, Kind, jobs
from tests.waiting import age, job_since

pytestmark = [pytest.mark.django_db, pytest.mark.embedded, pytest.mark.usefixtures("quiet_queue")]


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
