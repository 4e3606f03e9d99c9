"""Several calls at the same moment, each in a thread with a database connection of its own."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connections

T = TypeVar("T")


def race(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Start all calls together and return what they returned, in order; the first exception is raised.

    Only for tests with ``django_db(transaction=True)``: threads see what was committed.
    """
    gate = Barrier(len(calls))

    def start(call: Callable[[], T]) -> T:
        gate.wait(timeout=30)
        return alone(call)

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(start, call) for call in calls]]


def alone(call: Callable[[], T]) -> T:
    """Call, and close the connections that this thread opened."""
    try:
        return call()
    finally:
        connections.close_all()
