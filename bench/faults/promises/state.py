"""The whole state as the promises' checks see it: the rows (through the models), the stored bytes, and both web servers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.faults.browser import Answer
from bench.faults.ledger import Ledger
from bench.faults.shelf import Inventory, Key

Ask = Callable[[str, Mapping[str, str]], Answer]

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
FORMATS = (JSON, HTML, "text/html")


@dataclass
class State:
    """What is looked at: ``ask`` holds one way to each web server, ``tokens`` are CI's by project, valid ones.

    ``elsewhere`` holds the digests of what the upstream index has, by file name, and ``since`` when each came (POSIX seconds);
    ``asked`` is what CI's webhook was told.
    """

    ask: Sequence[Ask]
    inventory: Inventory
    ledger: Ledger = field(default_factory=Ledger)
    tokens: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    since: Mapping[str, float] = field(default_factory=dict)
    asked: Sequence[Mapping[str, Any]] = ()

    def __post_init__(self) -> None:
        self.digests: dict[Key, str] = self.inventory.digests()

    def get(self, path: str, **headers: str) -> Answer:
        """Ask the first web server; ``_`` in a header's name stands for ``-``."""
        return self.ask[0](path, {name.replace("_", "-"): value for name, value in headers.items()})

    def everywhere(self, path: str, **headers: str) -> Iterator[Answer]:
        """Ask every web server the same."""
        spelled = {name.replace("_", "-"): value for name, value in headers.items()}
        return (ask(path, spelled) for ask in self.ask)


Check = Callable[[State], Iterator[str]]
