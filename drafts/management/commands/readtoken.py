"""Make a token that reads the whole of a private index, or revoke one."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import Actor
from drafts.access import readers
from drafts.management.commands.token import days
from drafts.management.refusals import PlainCommand, Refused
from drafts.models import IndexToken


class Command(PlainCommand):
    help = "Make a token that reads the whole index and print it, and nothing else, on standard output. It is shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--label", default="", help="who uses it; it is revoked by this name")
        parser.add_argument("--days", type=days, default=90, help="how long it is good (90)")
        parser.add_argument("--revoke", metavar="LABEL", help="revoke those of this label instead")

    def handle(self, **told: Any) -> None:
        by = Actor.system("command line")
        if told["revoke"] is None:
            _, text = readers.make(label=told["label"], days=told["days"], by=by)
            self.stdout.write(text)
            return
        rows = IndexToken.objects.valid().filter(label=told["revoke"])
        if not sum(readers.revoke(token=row, by=by) for row in rows):
            raise Refused(f"no index token of the label '{told['revoke']}' is good")
