"""Make a draft link."""

from typing import Any

from django.core.management.base import CommandParser
from packaging.version import InvalidVersion, Version

from accounts.audit import Actor
from drafts.access import links
from drafts.management.refusals import PlainCommand, Refused, project_named
from drafts.models import Draft, NotEditable


class Command(PlainCommand):
    help = "Make a link that opens one draft, read-only, and print its base address."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", metavar="PROJECT")
        parser.add_argument("release", metavar="VERSION")
        parser.add_argument("--label", default="", help="how pages call it: whom it is for")

    def handle(self, **told: Any) -> None:
        project = project_named(told["project"])
        try:
            draft = Draft.objects.latest_of(project, str(Version(told["release"])))
            if draft is None:
                raise Refused(f"{project} has no draft of {told['release']}")
            link = links.make(draft=draft, by=Actor.system("command line"), label=told["label"])
        except InvalidVersion as error:
            raise Refused(f"'{told['release']}' is not a version (PEP 440)") from error
        except NotEditable as error:
            raise Refused(str(error)) from error
        self.stdout.write(links.url(link))
