"""Say how many bytes a project may have."""

import argparse
from typing import Any

from django.core.management.base import CommandParser

from accounts.audit import Actor
from drafts.access import projects
from drafts.management.refusals import PlainCommand, project_named

_DEFAULT = "default"
_MOST = 2**63 - 1


class Command(PlainCommand):
    help = "Say how many bytes a project may have, published and staged together; 'default' is the server's quota."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("bytes", metavar="BYTES", type=_bytes, help="a number of bytes, or 'default'")

    def handle(self, **told: Any) -> None:
        quota = None if told["bytes"] == _DEFAULT else told["bytes"]
        projects.set_quota(project=project_named(told["name"]), quota=quota, by=Actor.system("command line"))


def _bytes(text: str) -> int | str:
    if text == _DEFAULT:
        return text
    if not text.isdecimal() or int(text) > _MOST:
        raise argparse.ArgumentTypeError(f"'{text}' is neither a number of bytes nor '{_DEFAULT}'")
    return int(text)
