"""Run the whole server: web, worker and scheduler in the foreground."""

from typing import Any

from django.core.management.base import CommandParser

from drafts.management.refusals import PlainCommand, Refused
from drafts.operations import up
from drafts.operations.claims import NotStarted


class Command(PlainCommand):
    """What ``manage.py help`` shows; manage.py itself calls ``operations.up`` before any settings are read."""

    help = up.HELP

    def add_arguments(self, parser: CommandParser) -> None:
        up.add_arguments(parser)

    def handle(self, **told: Any) -> None:
        try:
            up.run(
                host=told["host"],
                port=told["port"],
                data=told["data"],
                with_sample=not told["no_sample"],
                say=self._say,
            )
        except NotStarted as error:
            raise Refused(str(error)) from error

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
