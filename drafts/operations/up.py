"""The whole server as one process tree: web, worker and scheduler under one supervisor."""

import http.client
import os
import signal
import socket
import sys
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from types import FrameType
from typing import NoReturn
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connections

from drafts.operations import prepare, welcome
from drafts.operations.supervisor import Program, Supervisor

_PATIENCE_SECONDS = 60.0
_PROBE_SECONDS = 1.0
_CODE = Path(__file__).resolve().parent.parent.parent


def run(*, host: str, port: int, with_sample: bool, say: Callable[[str], None]) -> None:
    """Prepare everything and serve until SIGTERM, SIGINT or SIGHUP; ``say`` gets what the person should read.

    Raises prepare.Refusal when the server cannot start like that, NotStarted when it does not come up.
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _leave)
    _refuse_http_in_public(host)
    claim = prepare.DataFolder(settings.DATA_DIR)
    listener = prepare.listen(host, port)
    prepare.tables()
    prepare.static_files()
    lines = welcome.lines(with_sample=with_sample)
    connections.close_all()

    def announce() -> None:
        say(f"ready {address(host, port)}")
        for line in lines:
            say(line)

    Supervisor(
        programs(listener),
        logs=settings.DATA_DIR / "logs",
        folder=_CODE,
        environment=os.environ | {"PRESSCHECK_DATA": str(settings.DATA_DIR), "PYTHONUNBUFFERED": "1"},
    ).run(is_ready=lambda: _answers(listener), on_ready=announce, patience=_PATIENCE_SECONDS)
    claim.release()


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    """End quietly when told so before anything runs."""
    sys.exit(0)


def _refuse_http_in_public(host: str) -> None:
    if not settings.PRESSCHECK_URL.startswith("https://") and not _is_loopback(host):
        raise prepare.Refusal(
            f"other machines can reach {host}, and passwords and tokens must not travel in the clear: put a proxy with "
            "https in front and set PRESSCHECK_URL=https://…, or listen on 127.0.0.1",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def address(host: str, port: int) -> str:
    """Return where the server listens, as the address people use when that is the same place."""
    public = urlsplit(settings.PRESSCHECK_URL)
    if public.scheme == "http" and public.port == port:
        return str(settings.PRESSCHECK_URL)
    return f"http://[{host.strip('[]')}]:{port}" if ":" in host else f"http://{host}:{port}"


def programs(listener: socket.socket) -> list[Program]:
    """Return what the server consists of: gunicorn, a Celery worker, and Celery's scheduler."""
    python, descriptor = sys.executable, listener.fileno()
    celery = [python, "-m", "celery", "--app", "config"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return [
        Program(
            "web",
            [python, "-m", "gunicorn", "--config", str(_CODE / "config" / "gunicorn.py"), "--bind", f"fd://{descriptor}"],
            (descriptor,),
        ),
        Program("worker", [*celery, "worker", "--pool", "threads", "--concurrency", "4", "--loglevel", "INFO", *quiet]),
        Program("scheduler", [*celery, "beat", "--loglevel", "INFO"]),
    ]


def _answers(listener: socket.socket) -> bool:
    """Ask the web process itself, over the network."""
    host, port = listener.getsockname()[:2]
    connection = http.client.HTTPConnection("127.0.0.1" if host == "0.0.0.0" else host, port, timeout=_PROBE_SECONDS)  # noqa: S104
    try:
        connection.request("GET", "/healthz", headers={"Host": urlsplit(settings.PRESSCHECK_URL).netloc})
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
