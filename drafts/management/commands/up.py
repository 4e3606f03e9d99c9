"""Run the whole server: web, worker and scheduler in the foreground."""

import argparse
from typing import Any

from django.core.management.base import CommandParser

from drafts.management.refusals import PlainCommand, Refused
from drafts.operations import up
from drafts.operations.prepare import Refusal
from drafts.operations.supervisor import NotStarted

_LAST_PORT = 65535


class Command(PlainCommand):
    help = (
        "Web server, worker and scheduler in the foreground. Prints a line beginning 'ready http://' once it serves. "
        "SIGTERM or Ctrl-C ends all of it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
        parser.add_argument("--port", type=_port, default=8000, help="the port to listen on (8000)")
        parser.add_argument("--data", metavar="DIR", help="the data folder (PRESSCHECK_DATA, or ./var)")
        parser.add_argument("--no-sample", action="store_true", help="make no sample project on the very first start")

    def handle(self, **options: Any) -> None:
        try:
            up.run(host=options["host"], port=options["port"], with_sample=not options["no_sample"], say=self._say)
        except (Refusal, NotStarted) as error:
            raise Refused(str(error)) from error

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _LAST_PORT:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port: 1 to {_LAST_PORT}")
    return int(text)
