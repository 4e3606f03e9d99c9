"""Make a person."""

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from accounts import people
from accounts.audit import Actor
from drafts.management.refusals import PlainCommand, Refused


class Command(PlainCommand):
    help = (
        "Make a person. With a password and a TOTP secret they can sign in at once; without a password a one-time link, "
        "good for 15 minutes on this machine, is printed on standard error."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--name", default="", help="how pages and records call the person")
        parser.add_argument("--password-file", metavar="FILE", help="holds the password; - is standard input")
        parser.add_argument(
            "--totp-secret", metavar="BASE32", help="enrols an authenticator app that has this secret"
        )
        parser.add_argument("--staff", action="store_true", help="an operator of this server")

    def handle(self, **told: Any) -> None:
        password = _read(told["password_file"]) if told["password_file"] else None
        try:
            user = people.add(
                email=told["email"],
                name=told["name"],
                password=password,
                totp_secret=told["totp_secret"],
                staff=told["staff"],
                by=Actor.system("command line"),
            )
        except people.BadPerson as error:
            raise Refused(str(error)) from error
        if password is None and not user.is_enrolled:
            link = f"{settings.PRESSCHECK_URL}/welcome/{people.invite(user)}/"
            self.stderr.write(f"Sign in, once, within 15 minutes, on this machine: {link}")


def _read(file: str) -> str:
    """Return the password: the text without the line's end."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"the password could not be read from {file}: {error}") from error
    password = text.removesuffix("\n").removesuffix("\r")
    if not password:
        raise Refused(f"there is no password in {'standard input' if file == '-' else file}")
    return password
