"""What tests of killed processes share: who starts them, how the next worker takes over, and what a step must have been."""

import atexit
from collections.abc import Callable
from contextlib import contextmanager
from functools import cache

import pytest
from django.db import connections
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from drafts.models import Job, JobState
from tests.conftest import totp_code
from tests.killing import Killer, Order
from tests.test_jobs import LONG_AGO

ROUNDS_LEFT = 4


@cache
def _killer() -> Killer:
    """One for all files of tests: it takes seconds to load the program, and ends with this process."""
    killer = Killer({"PRESSCHECK_OUTBOUND_ALLOW": "127.0.0.1", "PRESSCHECK_JOB_LEASE_SECONDS": "600"})
    atexit.register(killer.end)
    return killer


@pytest.fixture(scope="session")
def killer(django_db_setup):
    """Starts processes on this test process's data that end where a test says."""
    return _killer()


@contextmanager
def apart():
    """Let go of the database while another process has it."""
    connections.close_all()
    yield


def leases_over() -> None:
    """Let every job be due, also one that a dead worker holds."""
    Job.objects.filter(state=JobState.RUNNING).update(lease_until=LONG_AGO)
    Job.objects.filter(state=JobState.WAITING).update(not_before=LONG_AGO)


def taken_over(order: Order) -> Order:
    """Let the next worker have what died with the one before: no number of deaths makes these tests give a job up."""
    leases_over()
    Job.objects.live().update(attempt=0)
    return order


def finish(killer: Killer, *kinds: str) -> None:
    """Let the next worker do what is left, of these kinds or of all."""
    for _ in range(ROUNDS_LEFT):
        leases_over()
        with apart():
            assert killer.do(Order("jobs", kinds=kinds)) == 0
        left = Job.objects.live().filter(error="")  # what waits for somebody else says so
        if not (left.filter(kind__in=kinds) if kinds else left).exists():
            return


def seen(steps: list[str], *names: str) -> None:
    """The effects that are known of were among those that were derived."""
    for name in names:
        assert any(name in step for step in steps), (name, steps)


def pressed(client: Client, path: str, name: str = "", **fields: str) -> Order:
    """A form that is sent by a browser; with a new code of this person, where one is named."""
    told = {**fields, **({"code": totp_code(name)} if name else {})}
    return Order(
        "request",
        path=path,
        body=encode_multipart(BOUNDARY, told).decode("latin-1"),
        content_type=MULTIPART_CONTENT,
        cookies=tuple((name, morsel.value) for name, morsel in client.cookies.items()),
    )


def until(is_done: Callable[[], bool], order: Callable[[], Order]) -> Callable[[], Order | None]:
    """Ask for an order as long as something is left to do, as a person or a program does that heard nothing."""
    return lambda: None if is_done() else order()
