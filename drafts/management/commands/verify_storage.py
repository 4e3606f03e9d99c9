"""Verify the stored bytes."""

import argparse
from typing import Any

from django.core.management.base import CommandParser

from drafts.management.refusals import PlainCommand, Refused
from drafts.operations import scrub


def _share(text: str) -> scrub.Share:
    try:
        return scrub.Share.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


class Command(PlainCommand):
    help = (
        "Read and hash every stored file, its metadata and every evidence log, and print each that is missing, differs or "
        "belongs to nothing. Exit 0 when every row has its bytes."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--share",
            type=_share,
            default=scrub.Share(),
            metavar="SHARE",
            help="only one part of all, such as 1/7; the same objects each time",
        )

    def handle(self, **told: Any) -> None:
        wrong = 0
        for found in scrub.differences(told["share"]):
            self.stdout.write(str(found))
            wrong += found.is_wrong
        if wrong:
            raise Refused(f"{wrong} stored {'object is' if wrong == 1 else 'objects are'} not as recorded")
