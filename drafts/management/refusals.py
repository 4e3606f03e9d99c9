"""How commands speak: one line on standard error; exit 1 for a refusal, 2 for wrong usage."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.utils import OperationalError, ProgrammingError
from packaging.utils import canonicalize_name

from drafts.models import Project
from drafts.storage.errors import StorageError


class Refused(CommandError):
    """What was asked for cannot be done; the text says why. Exit 1."""


class PlainCommand(BaseCommand):
    """A command whose every error is one line."""

    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Let wrong usage arrive as an exception instead of a printed synopsis."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.called_from_command_line = False
        return parser

    def run_from_argv(self, argv: list[str]) -> None:
        """Run, and exit 2 with one line for wrong usage; refusals (exit 1) end inside."""
        try:
            super().run_from_argv(argv)
        except CommandError as error:
            if "--traceback" in argv:
                raise
            text = str(error).removeprefix("Error: ")
            self.stderr.write(f"{argv[1]}: {text} (see manage.py {argv[1]} --help)")
            sys.exit(2)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Say in words that the tables are missing, or that the store is down or full. Raises Refused."""
        try:
            return super().execute(*args, **options)
        except (OperationalError, ProgrammingError) as error:
            raise Refused(
                f"the database is not ready ({error}): run manage.py migrate, or start manage.py up once"
            ) from error
        except StorageError as error:
            raise Refused(str(error)) from error


def project_named(name: str) -> Project:
    """Return a project by its name in any spelling (PEP 503). Raises Refused."""
    project = Project.objects.filter(name=canonicalize_name(name)).first()
    if project is None:
        raise Refused(f"there is no project {name}")
    return project
