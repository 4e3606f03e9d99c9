"""Workers of a publish that die, come twice or come late: of one draft and of a train."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from drafts.models import Job, JobState, jobs
from tests.conftest import do_jobs
from tests.racing import race
from tests.test_jobs import lease_over


class Killed(BaseException):
    """The worker's process ended here: nothing after this moment runs."""


@contextmanager
def killed_at(owner: Any, name: str, nth: int = 1) -> Iterator[None]:
    """Let whoever calls this die, from the nth call on."""
    right, calls = getattr(owner, name), 0

    def killed(*args, **details):
        nonlocal calls
        calls += 1
        if calls >= nth:
            raise Killed
        return right(*args, **details)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, killed)
        yield


def dies(job: Job, work: Callable[[Job], None], owner: Any, name: str, nth: int = 1) -> None:
    """Have a job done by a worker that dies there."""
    with killed_at(owner, name, nth), pytest.raises(Killed):
        jobs.run(job.pk, work)


def done_again(job: Job) -> None:
    """Have a job done, and done once more though it is done."""
    do_jobs()
    Job.objects.filter(pk=job.pk).update(state=JobState.WAITING)
    do_jobs()


def rung_eight_times(job: Job, work: Callable[[Job], None]) -> None:
    """Have eight workers come for one job at the same moment."""
    race([lambda: jobs.run(job.pk, work)] * 8)
    do_jobs()


def overtaken(job: Job, flip: Callable[[Job], None]) -> None:
    """Have a worker that was slow reach the flip when another has done its job."""
    slow = jobs.claim(job.pk)
    lease_over(job)
    do_jobs()
    with pytest.raises(jobs.Fenced):
        flip(slow)
