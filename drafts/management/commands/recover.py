"""Let somebody in again who lost every second factor, after 72 hours in which anybody concerned can object."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from accounts import recovery
from accounts.audit import Actor
from accounts.models import User
from drafts.access import members
from drafts.management.refusals import PlainCommand, Refused


class Command(PlainCommand):
    help = (
        "Open a recovery of a person who lost every second factor: it waits 72 hours, and the person and all owners of their "
        "projects are mailed and can object. With --finish, after that: everything that opened the account is taken away, "
        "and a one-time link, good for 24 hours, is printed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="EMAIL")
        parser.add_argument("--finish", action="store_true", help="end a recovery that waited its 72 hours")

    def handle(self, **told: Any) -> None:
        user = User.objects.filter(email=told["email"].lower()).first()
        if user is None:
            raise Refused(f"there is no person with the address {told['email']}")
        try:
            self._finish(user) if told["finish"] else self._begin(user)
        except recovery.NotRecovered as error:
            raise Refused(str(error)) from error

    def _begin(self, user: User) -> None:
        tell = members.owners_around(user)
        opened = recovery.begin(user=user, by=Actor.system("command line"), tell=tell)
        self.stderr.write(
            f"It waits until {opened.due_at:%Y-%m-%d %H:%M} UTC. Mailed: {user.email}"
            + "".join(f", {email}" for email in tell if email != user.email)
            + f". Then: manage.py recover {user.email} --finish"
        )

    def _finish(self, user: User) -> None:
        token = recovery.finish(user=user, by=Actor.system("command line"))
        self.stdout.write(f"{settings.PRESSCHECK_URL}/welcome/{token}/")
