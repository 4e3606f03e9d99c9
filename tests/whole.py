"""A state in which every promise is kept, as the fault campaign's checks see it, and how to change what it shows."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module

from django.db import connection
from django.test import Client

from bench.faults.browser import Answer
from bench.faults.ledger import Ledger, Sighting
from bench.faults.promises import State
from bench.faults.shelf import Bucket, Folder, Inventory, Key
from drafts.models import Draft, DraftLink, File


@dataclass
class Since:
    """A shelf without what earlier tests left on it."""

    shelf: Folder | Bucket
    before: set[Key] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.has_public = self.shelf.has_public
        self.before = set(self.shelf.stamps())

    def stamps(self) -> dict[Key, str]:
        return {key: stamp for key, stamp in self.shelf.stamps().items() if key not in self.before}

    def digest(self, key: Key) -> str:
        return self.shelf.digest(key)


def ask(path: str, headers: dict[str, str]) -> Answer:
    response = Client().get(path, headers=dict(headers))
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return Answer(response.status_code, {name.lower(): value for name, value in response.items()}, body)


@dataclass
class Whole:
    """A state in which every promise is kept: a published draft, a live one with a link, a canceled file, revoked things."""

    published: Draft
    live: Draft
    link: DraftLink
    ci: object
    shelf: Since
    ledger: Ledger = field(default_factory=Ledger)

    def state(self) -> State:
        return State([ask, ask], Inventory(self.shelf), self.ledger, {"sampleproject": self.ci.token})

    def seen(self, *files: File, project: str = "sampleproject") -> None:
        """Somebody saw these files on the index, just now."""
        now = time.time()
        self.ledger.saw(
            Sighting(now, now, project, frozenset((file.filename, file.sha256) for file in files))
        )


def without_triggers(do: Callable[[], object]) -> None:
    """Change the audit trail, which the database refuses while its triggers stand."""
    triggers = import_module("accounts.migrations.0002_append_only")
    with connection.schema_editor() as editor:
        triggers.drop(None, editor)
    try:
        do()
    finally:
        with connection.schema_editor() as editor:
            triggers.make(None, editor)


class _Inside:
    """What changes a schema within a transaction that is under way; SQLite's editor opens one of its own."""

    connection = connection

    def execute(self, statement: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)


def without_triggers_inside(do: Callable[[], object]) -> None:
    """Change the audit trail within a transaction, to be rolled back with it."""
    triggers = import_module("accounts.migrations.0002_append_only")
    triggers.drop(None, _Inside())
    do()
    triggers.make(None, _Inside())


def answering(whole: Whole, start: str, status: int) -> None:
    """Let the server answer everything below an address with one status."""

    def told(path: str, headers: dict[str, str]) -> Answer:
        return Answer(status, {}, b"") if path.startswith(start) else ask(path, headers)

    get = whole.state
    whole.state = lambda: State([told], get().inventory, whole.ledger, {})


def swapped(whole: Whole, other: Draft) -> None:
    """Let the link's address show what another draft holds."""

    def told(path: str, headers: dict[str, str]) -> Answer:
        if "/only/simple/" not in path:
            return ask(path, headers)
        return Answer(200, {}, " ".join(file.sha256 for file in other.files.all()).encode())

    get = whole.state
    whole.state = lambda: State([told], get().inventory, whole.ledger, {})
