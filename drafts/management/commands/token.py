"""Make a token."""

import argparse
from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import Actor
from drafts.access import tokens
from drafts.access.limits import BadLimit, Limits
from drafts.management.refusals import PlainCommand, Refused, project_named
from drafts.models import TokenKind

_LONGEST_DAYS = 3650
_LIMITS = (
    ("version", "VERSION", "versions", "stage only files of this version; may be given again"),
    (
        "pattern",
        "PATTERN",
        "patterns",
        "stage only files named like this, such as '*-macosx_*'; may be given again",
    ),
    ("address", "NETWORK", "addresses", "good only from this network or address; may be given again"),
)


class Command(PlainCommand):
    help = "Make a token for one project and print it, and nothing else, on standard output. It is shown this once."

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Let ``--version`` be the token's, not Django's."""
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", metavar="PROJECT")
        parser.add_argument(
            "--kind", choices=[str(kind) for kind in TokenKind], default=str(TokenKind.UPLOAD)
        )
        parser.add_argument("--label", default="", help="how pages call it: where it is used")
        parser.add_argument("--days", type=days, default=90, help="how long it is good (90)")
        parser.add_argument(
            "--add-only", action="store_true", help="it may not replace what it staged itself"
        )
        for option, metavar, name, text in _LIMITS:
            parser.add_argument(
                f"--{option}", metavar=metavar, dest=name, action="append", default=[], help=text
            )

    def handle(self, **told: Any) -> None:
        kind = TokenKind(told["kind"])
        limits = _limits(told)
        if told["add_only"] and kind != TokenKind.UPLOAD:
            raise Refused(f"--add-only is for upload tokens: a token of kind {kind} stages nothing")
        if limits and kind != TokenKind.UPLOAD:
            raise Refused(f"limits are for upload tokens: a token of kind {kind} stages nothing")
        _, text = tokens.make(
            project=project_named(told["project"]),
            kind=kind,
            by=Actor.system("command line"),
            label=told["label"],
            days=told["days"],
            add_only=told["add_only"],
            limits=limits,
        )
        self.stdout.write(text)


def _limits(told: dict[str, Any]) -> Limits:
    try:
        return Limits.read(versions=told["versions"], patterns=told["patterns"], addresses=told["addresses"])
    except BadLimit as error:
        raise Refused(str(error)) from error


def days(text: str) -> int:
    """Read how long a token is to be good."""
    if not text.isdecimal() or not 0 < int(text) <= _LONGEST_DAYS:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of days: 1 to {_LONGEST_DAYS}")
    return int(text)
