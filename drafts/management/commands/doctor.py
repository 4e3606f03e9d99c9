"""Ask every service that the server needs."""

from typing import Any

from django.core.management.base import CommandParser

from drafts.management.refusals import PlainCommand, Refused
from drafts.operations import doctor


class Command(PlainCommand):
    help = "Check every service the server needs, one line each. Exit 0 when all is well."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--fix",
            action="store_true",
            help="first give the S3 bucket the lifecycle rule that drops abandoned parts; its other rules stay",
        )

    def handle(self, **told: Any) -> None:
        if told["fix"]:
            doctor.fix()
        checks = doctor.everything()
        for check in checks:
            self.stdout.write(check.line)
        ill = [check.name for check in checks if not check.is_well]
        if ill:
            raise Refused(f"not well: {', '.join(ill)}")
