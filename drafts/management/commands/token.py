"""Make a token."""

import argparse
from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import Actor
from drafts.access import tokens
from drafts.management.refusals import PlainCommand, Refused, project_named
from drafts.models import TokenKind

_LONGEST_DAYS = 3650


class Command(PlainCommand):
    help = "Make a token for one project and print it, and nothing else, on standard output. It is shown this once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", metavar="PROJECT")
        parser.add_argument(
            "--kind", choices=[str(kind) for kind in TokenKind], default=str(TokenKind.UPLOAD)
        )
        parser.add_argument("--label", default="", help="how pages call it: where it is used")
        parser.add_argument("--days", type=_days, default=90, help="how long it is good (90)")
        parser.add_argument(
            "--add-only", action="store_true", help="it may not replace what it staged itself"
        )

    def handle(self, **told: Any) -> None:
        kind = TokenKind(told["kind"])
        if told["add_only"] and kind != TokenKind.UPLOAD:
            raise Refused(f"--add-only is for upload tokens: a token of kind {kind} stages nothing")
        _, text = tokens.make(
            project=project_named(told["project"]),
            kind=kind,
            by=Actor.system("command line"),
            label=told["label"],
            days=told["days"],
            add_only=told["add_only"],
        )
        self.stdout.write(text)


def _days(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _LONGEST_DAYS:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of days: 1 to {_LONGEST_DAYS}")
    return int(text)
