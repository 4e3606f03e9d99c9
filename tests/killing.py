"""A process that ends by SIGKILL at a named step, and the one that starts such processes.

``python -m tests.killing`` loads the program once and forks for each order it reads, so that a kill costs no start. An order names
a step as ``module:attribute``, the moment (before or after the step), and what to do: the jobs that are due, or one request.
The program itself knows nothing of it.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

CODE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Order:
    """What a process does until it is killed; without a step it comes to its end."""

    work: str  # "jobs", or "request"
    step: str = ""
    after: bool = False
    path: str = ""
    body: str = ""  # of a request, Latin-1
    content_type: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()


class Killer:
    """The process that forks, as a test holds it."""

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
        return int(self._process.stdout.readline())

    def end(self) -> None:
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)


def _killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _arm(step: str, *, after: bool) -> None:
    """Replace a function by itself and a kill."""
    module, _, path = step.partition(":")
    owner = importlib.import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    real = getattr(owner, name)

    def armed(*args, **options):
        if not after:
            _killed()
        result = real(*args, **options)
        _killed()
        return result

    setattr(owner, name, armed)


def _jobs() -> None:
    from celery import current_app

    from drafts.models import Job

    current_app.loader.import_default_modules()
    while due := list(Job.objects.due()):
        for job in due:
            current_app.tasks[job.kind].run(job.pk)


def _request(order: Order) -> None:
    from urllib.parse import urlsplit

    from django.conf import settings
    from django.test import Client

    client = Client(headers={"Host": urlsplit(settings.PRESSCHECK_URL).netloc})
    for name, value in order.cookies:
        client.cookies[name] = value
    answer = client.generic(
        "POST", order.path, order.body.encode("latin-1"), order.content_type, headers=dict(order.headers)
    )
    sys.exit(0 if answer.status_code < 400 else 3)


def _child(order: Order) -> None:
    if order.step:
        _arm(order.step, after=order.after)
    _jobs() if order.work == "jobs" else _request(order)


def main() -> None:
    """Fork for each order, and say how each ended."""
    import django

    import config.celery

    django.setup()
    config.celery.app.loader.import_default_modules()
    from django.urls import get_resolver

    get_resolver().url_patterns  # noqa: B018  loaded once, not in every child
    for line in sys.stdin:
        told = json.loads(line)
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            status = 1
            try:
                _child(Order(**told))
                status = 0
            except SystemExit as error:
                status = int(error.code or 0)
            finally:
                os._exit(status)
        _, ended = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(ended)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    main()
