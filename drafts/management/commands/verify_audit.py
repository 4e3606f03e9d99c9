"""Verify the audit trail."""

from typing import Any

from accounts import audit
from drafts.management.refusals import PlainCommand, Refused


class Command(PlainCommand):
    help = (
        "Walk every chain of the audit trail and print each place that does not hold. Exit 0 when all hold."
    )

    def handle(self, **_told: Any) -> None:
        breaks = 0
        for found in audit.verify():
            breaks += 1
            self.stdout.write(f"{found.scope} #{found.seq}: {found.reason}")
        if breaks:
            raise Refused(f"the audit trail does not hold in {breaks} {'place' if breaks == 1 else 'places'}")
