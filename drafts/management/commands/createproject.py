"""Make a project."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import Actor
from drafts.access import projects
from drafts.management.refusals import PlainCommand, Refused


class Command(PlainCommand):
    help = "Make a project with the people on it. Nothing of it is on the index before its first release is published."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="normalised as PEP 503 says")
        parser.add_argument("--owner", metavar="EMAIL", required=True)
        parser.add_argument(
            "--maintainer", metavar="EMAIL", action="append", default=[], help="may be given again"
        )
        parser.add_argument(
            "--reviewer", metavar="EMAIL", action="append", default=[], help="may be given again"
        )

    def handle(self, **told: Any) -> None:
        try:
            projects.create(
                name=told["name"],
                owner=told["owner"],
                maintainers=told["maintainer"],
                reviewers=told["reviewer"],
                by=Actor.system("command line"),
            )
        except projects.BadProject as error:
            raise Refused(str(error)) from error
