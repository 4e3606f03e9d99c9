"""Bring database and static files up to date; ``up`` does it at each start."""

from typing import Any

from django.core.management.base import CommandParser

from drafts.management.refusals import PlainCommand
from drafts.operations import prepare, welcome


class Command(PlainCommand):
    help = (
        "Bring the database and the static files up to date, and read logs again that an older version read. "
        "With --sample, fill an empty index with a sample project and print how to get in."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--sample", action="store_true", help="make the sample project if there is nothing yet"
        )

    def handle(self, **told: Any) -> None:
        prepare.tables()
        prepare.evidence()
        prepare.static_files()
        for line in welcome.lines(with_sample=told["sample"]):
            self.stdout.write(line)
