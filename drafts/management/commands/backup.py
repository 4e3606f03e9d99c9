"""Make a backup."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from drafts.management.refusals import PlainCommand, Refused
from drafts.operations import backup
from drafts.operations.dumps import BackupRefused


class Command(PlainCommand):
    help = f"Write database and stored bytes, consistent, into a new folder, while the server runs. {backup.NO_KEY}"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="FOLDER", help="a new or empty folder")

    def handle(self, **told: Any) -> None:
        try:
            backup.make(Path(told["folder"]), say=self.stderr.write)
        except (BackupRefused, OSError) as error:
            raise Refused(str(error)) from error
        self.stderr.write(backup.NO_KEY)
