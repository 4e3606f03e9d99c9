"""Put a project or a release into quarantine, or lift that."""

from typing import Any

from django.core.management.base import CommandParser
from packaging.utils import canonicalize_version

from accounts.audit import Actor
from drafts.access.operators import NoReason
from drafts.management.refusals import PlainCommand, Refused, project_named
from drafts.models import Release
from drafts.publishing import quarantine


class Command(PlainCommand):
    help = (
        "Take a project, or one release of it, off the index at once: no page lists its files and no address gives them out. "
        "Nothing is deleted. With --lift, put it back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--release", metavar="VERSION", help="this release alone")
        parser.add_argument("--reason", default="", metavar="TEXT", help="one line, which everybody reads")
        parser.add_argument("--lift", action="store_true", help="put it back")

    def handle(self, **told: Any) -> None:
        held = _held(told["name"], told["release"])
        by = Actor.system("command line")
        try:
            if told["lift"]:
                changed = quarantine.lift(held=held, by=by)
            else:
                changed = quarantine.begin(held=held, reason=told["reason"], by=by)
        except NoReason as error:
            raise Refused("say why with --reason TEXT: it is kept on record") from error
        if not changed:
            raise Refused(f"{held} is {'not' if told['lift'] else 'already'} in quarantine")


def _held(name: str, version: str | None) -> quarantine.Held:
    project = project_named(name)
    if not version:
        return project
    rows = Release.objects.select_related("project").filter(project=project)
    row = rows.filter(version_key=canonicalize_version(version)).first()
    if row is None:
        raise Refused(f"{project} has no published release {version}")
    return row
