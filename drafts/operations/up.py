"""The whole server as one process tree: web, worker and scheduler under one supervisor. Standard library only."""

import argparse
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn
from urllib.parse import urlsplit

from drafts.operations import claims
from drafts.operations.claims import NotStarted
from drafts.operations.start import CODE, Start
from drafts.operations.supervisor import ENDING, Supervisor, Surroundings

HELP = (
    "Web server, worker and scheduler in the foreground. Prints a line beginning 'ready http://' once it serves; "
    "SIGTERM or Ctrl-C ends all of it."
)
_LAST_PORT = 65535


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in one line; exit 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"up: {message} (see manage.py up --help)\n")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what ``up`` understands."""
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=_port, default=8000, help="the port to listen on (8000)")
    parser.add_argument("--data", metavar="DIR", help="the data folder (else PRESSCHECK_DATA, else ./var)")
    parser.add_argument(
        "--no-sample", action="store_true", help="make no sample project on the very first start"
    )


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _LAST_PORT:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port: 1 to {_LAST_PORT}")
    return int(text)


def main(arguments: list[str]) -> int:
    """Run the server as the command line says and return the exit code: 0 when it was told to end, 1 for a refusal."""
    parser = _Parser(prog="manage.py up", description=HELP)
    add_arguments(parser)
    told = parser.parse_args(arguments)
    try:
        run(host=told.host, port=told.port, data=told.data, with_sample=not told.no_sample, say=_say)
    except NotStarted as error:
        print(f"up: {error}", file=sys.stderr)  # noqa: T201  a command line's error
        return 1
    return 0


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  a command line's output


def run(*, host: str, port: int, data: str | None, with_sample: bool, say: Callable[[str], None]) -> None:
    """Prepare and serve until SIGTERM, SIGINT or SIGHUP; ``say`` gets the lines for the person who started it.

    Raises NotStarted.
    """
    for number in ENDING:
        signal.signal(number, _leave)
    folder = Path(data or os.environ.get("PRESSCHECK_DATA") or CODE / "var").resolve()
    url = _public_url(port)
    claims.refuse_http_in_public(host, url)
    claim = claims.DataFolder(folder)
    with claims.listen(host, port) as listener:
        (folder / "address").write_text(f"{url}\n", encoding="ascii")
        surroundings = Surroundings(folder=CODE, environment=_environment(folder, url), logs=folder / "logs")
        supervisor = Supervisor(surroundings)
        start = Start(
            supervisor,
            surroundings,
            listener,
            address=_address(listener, url),
            public_host=urlsplit(url).netloc,
            with_sample=with_sample,
            say=say,
        )
        try:
            supervisor.run(start.step)
        finally:
            start.leave()
    claim.release()


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    """End quietly when told so before anything runs."""
    sys.exit(0)


def _public_url(port: int) -> str:
    """Return PRESSCHECK_URL as the settings will read it; without it, this machine and the port."""
    if file := os.environ.get("PRESSCHECK_URL_FILE"):
        return Path(file).read_text(encoding="utf-8").strip()
    return os.environ.get("PRESSCHECK_URL") or f"http://localhost:{port}"


def _environment(folder: Path, url: str) -> dict[str, str]:
    told = {
        "PRESSCHECK_DATA": str(folder),
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    if "PRESSCHECK_URL_FILE" not in os.environ:
        told["PRESSCHECK_URL"] = url
    return os.environ | told


def _address(listener: socket.socket, url: str) -> str:
    """Return where the server listens, spelled as people use it when that is the same place."""
    host, port = listener.getsockname()[:2]
    if url.startswith("http://") and url.rstrip("/").endswith(f":{port}"):
        return url.rstrip("/")
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
