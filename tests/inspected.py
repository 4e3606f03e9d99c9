"""Inspections are done where they are ordered, as if a worker were beside the test; a test may have them wait."""

import pytest

from drafts.inspection import inspect
from drafts.models import Job, Kind, jobs

_enqueue = jobs.enqueue


@pytest.fixture(autouse=True)
def _inspected_at_once(request, monkeypatch):
    """Look inside each file in the transaction that stages it: most tests publish right after they uploaded."""
    if "inspections_wait" in request.fixturenames:
        return

    def enqueue(*, kind, subject, not_before=None):
        job = _enqueue(kind=kind, subject=subject, not_before=not_before)
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
