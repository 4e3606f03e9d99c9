"""Restore a backup."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from drafts.management.refusals import PlainCommand, Refused
from drafts.operations import backup
from drafts.operations.claims import DataFolder, NotStarted
from drafts.operations.dumps import BackupRefused


class Command(PlainCommand):
    help = (
        "Fill an empty database and an empty store (the ones that the settings name) from a backup. The secret key is not in "
        "it: put it back yourself."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="FOLDER", help="what the command backup wrote")

    def handle(self, **told: Any) -> None:
        try:
            claim = DataFolder(settings.DATA_DIR)
            try:
                backup.restore(Path(told["folder"]), say=self.stderr.write)
            finally:
                claim.release()
        except (BackupRefused, NotStarted, OSError) as error:
            raise Refused(str(error)) from error
        self.stderr.write(backup.key_place())
