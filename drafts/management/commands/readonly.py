"""Let nothing change on this server for a while."""

from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import Actor
from drafts.access import operators
from drafts.management.refusals import PlainCommand, Refused


class Command(PlainCommand):
    help = (
        "Make the server read-only: no upload is taken, nobody changes or publishes anything, no draft expires; installers get "
        "what is published. With --off, let it take changes again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", default="", metavar="TEXT", help="one line, for whoever is refused")
        parser.add_argument("--off", action="store_true", help="take changes again")

    def handle(self, **told: Any) -> None:
        by = Actor.system("command line")
        try:
            if told["off"]:
                changed = operators.make_writable(by=by)
            else:
                changed = operators.make_read_only(reason=told["reason"], by=by)
        except operators.NoReason as error:
            raise Refused("say why with --reason TEXT: whoever is refused reads it") from error
        if not changed:
            raise Refused(f"the server {'takes changes' if told['off'] else 'is read-only'} already")
