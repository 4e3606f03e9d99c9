"""Replace the key that signs receipts."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import Actor
from drafts.management.refusals import PlainCommand, Refused
from drafts.publishing.receipt import keys


class Command(PlainCommand):
    help = "Let a new key sign receipts from now on, or revoke one. Prints the id of the key."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--revoke", help="the id of a key whose receipts shall count no more, old ones neither"
        )
        parser.add_argument("--reason", default="", help="why it is revoked: published with the key")

    def handle(self, **told: Any) -> None:
        by = Actor.system("command line")
        try:
            row = (
                keys.revoke(key=told["revoke"], reason=told["reason"], by=by)
                if told["revoke"]
                else keys.rotate(by=by)
            )
        except keys.NoSuchKey as error:
            raise Refused(str(error)) from error
        self.stdout.write(row.key_id)
