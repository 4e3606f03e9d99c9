"""Verify the audit trail."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from accounts import audit
from accounts.audit import Break
from drafts.management.commands.verify_receipt import keys_in
from drafts.management.refusals import PlainCommand, Refused
from drafts.publishing.checkpoints import against
from drafts.publishing.receipt import keys
from drafts.publishing.receipt.envelope import NotGenuine, PublicKey


class Command(PlainCommand):
    help = (
        "Walk every chain of the audit trail and every checkpoint, and print each place that does not hold. With --against, also "
        "hold the record against a receipt, a checkpoint, a list of them or a mail that somebody else kept. Exit 0 when all holds."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--against", metavar="FILE", help="what somebody else kept")
        parser.add_argument("--keys", metavar="KEYS", help="a saved /.well-known/presscheck.json")

    def handle(self, **told: Any) -> None:
        saved = keys_in(told["keys"]) if told["keys"] else keys.listed()
        breaks = 0
        for found in self._found(told["against"], {key.id: key for key in saved}):
            breaks += 1
            self.stdout.write(f"{found.scope} #{found.seq}: {found.reason}")
        if breaks:
            raise Refused(f"the audit trail does not hold in {breaks} {'place' if breaks == 1 else 'places'}")

    def _found(self, kept: str | None, saved: dict[str, PublicKey]) -> Iterator[Break]:
        yield from audit.verify()
        yield from against.own({key.id: key for key in keys.listed()})
        if kept:
            try:
                yield from against.kept(Path(kept).read_text(encoding="utf-8"), saved)
            except NotGenuine as error:
                raise Refused(f"{kept} proves nothing: {error}") from error
            except (OSError, UnicodeDecodeError) as error:
                raise Refused(f"{kept} cannot be read: {error}") from error
