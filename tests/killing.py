"""A process that ends by SIGKILL at an effect, and the one that starts such processes.

``python -m tests.killing`` loads the program once and forks for each order it reads, so that a kill costs no start. An order says
what to do: the jobs that are due, or one request, and may have the process end at the first effect (see tests.effects) that no
process ended at before. The program knows nothing of it.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connections

CODE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Order:
    """What a process does; unless it is ``derived`` it comes to its end."""

    work: str  # "jobs", or "request"
    path: str = ""
    body: str = ""  # of a request, Latin-1
    content_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()
    settings: tuple[tuple[str, int], ...] = ()  # that the process has besides its own
    kinds: tuple[str, ...] = ()  # of the jobs that are done; all, if none is named
    derived: bool = False  # to end at an effect which is not in ``but``
    afresh: bool = False
    but: tuple[str, ...] = ()


class Killer:
    """The process that forks, as a test holds it; ``step`` is the effect at which the last one ended."""

    step = ""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.killing"],
            cwd=CODE,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def do(self, order: Order) -> int:
        """Let a new process do this; returns how it ended: 0, or minus the signal."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        ended, _, self.step = self._process.stdout.readline().rstrip("\n").partition(" ")
        return int(ended)

    def each(self, order: Callable[[], Order | None], *, afresh: bool = False) -> Iterator[str]:
        """End processes at every effect of an order, one after another, until one comes to its end; yields after each its name.

        The order is asked for anew each time, as a client would go on; None says that nothing is left to do.
        """
        struck: list[str] = []
        while (asked := order()) is not None:
            connections.close_all()
            ended = self.do(replace(asked, derived=True, afresh=afresh, but=tuple(struck)))
            if ended == 0 and (afresh or asked.work == "jobs"):
                return
            if ended == 0:
                continue
            assert (ended, self.step not in struck) == (-signal.SIGKILL, True), (ended, self.step, struck)
            struck.append(self.step)
            yield self.step

    def end(self) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(120)


def _jobs(kinds: tuple[str, ...]) -> None:
    from celery import current_app

    from drafts.models import Job

    current_app.loader.import_default_modules()
    wanted = {"kind__in": kinds} if kinds else {}
    while due := list(Job.objects.due().filter(**wanted)):
        for job in due:
            current_app.tasks[job.kind].run(job.pk)


def _request(order: Order) -> None:
    from django.conf import settings
    from django.test import Client

    client = Client(headers={"Host": urlsplit(settings.PRESSCHECK_URL).netloc})
    for name, value in order.cookies:
        client.cookies[name] = value
    answer = client.generic(
        "POST", order.path, order.body.encode("latin-1"), order.content_type, headers=dict(order.headers)
    )
    sys.exit(0 if answer.status_code < 400 else 3)


def _child(order: Order, told: int) -> None:
    from django.conf import settings

    for name, value in order.settings:
        setattr(settings, name, value)
    if order.derived:
        from tests.effects import Effects

        Effects(order.but, lambda step: _told(told, step), afresh=order.afresh).watch()
    _jobs(order.kinds) if order.work == "jobs" else _request(order)


def _told(pipe: int, step: str) -> None:
    os.write(pipe, step.encode())


def main() -> None:
    """Fork for each order, and say how each ended."""
    import django

    import config.celery

    django.setup()
    config.celery.app.loader.import_default_modules()
    from django.conf import settings
    from django.test import Client
    from django.urls import get_resolver

    get_resolver().url_patterns  # noqa: B018  loaded once, not in every child
    Client().get(
        "/healthz", headers={"Host": urlsplit(settings.PRESSCHECK_URL).netloc}
    )  # what stands before views, too
    connections.close_all()
    for line in sys.stdin:
        ended, step = _forked(Order(**json.loads(line)))
        sys.stdout.write(f"{ended} {step}\n")
        sys.stdout.flush()


def _forked(order: Order) -> tuple[int, str]:
    """Let a child do an order; returns how it ended, and at which effect."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        status = 1
        try:
            _child(order, writing)
            status = 0
        except SystemExit as error:
            status = int(error.code or 0)
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        step = pipe.read().decode()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), step


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    main()
