"""Inspections are done where they are ordered, as if a worker were beside the test; a test may have them wait."""

import pytest

from drafts.inspection import inspect
from drafts.models import Draft, File, Job, Kind, jobs
from drafts.publishing import policy
from tests import wheels

_enqueue = jobs.enqueue


@pytest.fixture(autouse=True)
def _inspected_at_once(request, monkeypatch):
    """Look inside each file in the transaction that stages it: most tests publish right after they uploaded."""
    if "inspections_wait" in request.fixturenames:
        return

    def enqueue(*, kind, **told):
        job = _enqueue(kind=kind, **told)
        if kind == Kind.INSPECT:
            jobs.run(job.pk, inspect.work)
        return job

    monkeypatch.setattr(jobs, "enqueue", enqueue)


@pytest.fixture
def inspections_wait():
    """Inspections are ordered, and not done before the test says so (``do_jobs``)."""


def inspect_now() -> None:
    """Do the inspections that wait, as a worker would: files that came through a live server's own process."""
    for job in list(Job.objects.due().filter(kind=Kind.INSPECT)):
        jobs.run(job.pk, inspect.work)


def blockers(draft: Draft) -> dict[str, str]:
    return {str(one.code): one.sentence for one in policy.blockers(draft)}


def stage_one(ci, **changes) -> File:
    assert ci.upload(wheels.wheel(**changes)).status_code == 200
    return File.objects.live().latest("pk")
