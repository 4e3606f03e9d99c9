"""Ask every service that the server needs."""

from typing import Any

from drafts.management.refusals import PlainCommand, Refused
from drafts.operations import doctor


class Command(PlainCommand):
    help = "Check every service the server needs, one line each. Exit 0 when all is well."

    def handle(self, **_told: Any) -> None:
        checks = doctor.everything()
        for check in checks:
            self.stdout.write(check.line)
        ill = [check.name for check in checks if not check.is_well]
        if ill:
            raise Refused(f"not well: {', '.join(ill)}")
