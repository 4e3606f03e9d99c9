"""One file on its way in: its bytes go to storage as they come, hashed on the way, under an id that no row knows yet."""

import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from drafts.dist import Distribution, FileName, open_distribution
from drafts.storage import METADATA, StorageDown, Writer, new_object_id, storage


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file whose bytes are durable and looked into, as the acts take it.

    Digests in hex, size in bytes; ``attestations`` as they were sent (PEP 740), None when there were none; ``form``: what
    the fields said that came along, None where there was no form.
    """

    name: FileName
    object_id: str
    size: int
    sha256: str
    blake2b_256: str
    attestations: tuple[dict[str, Any], ...] | None = None
    form: dict[str, list[str]] | None = None

    @property
    def filename(self) -> str:
        return self.name.filename


class Hash(Protocol):
    """What hashlib makes."""

    def update(self, data: bytes | bytearray, /) -> None: ...
    def hexdigest(self) -> str: ...


# BLAKE2b with 256 bits is what the legacy API has a field for; hashlib knows it by its parameter alone.
_OWN: dict[str, Callable[[], Hash]] = {
    "sha256": hashlib.sha256,
    "blake2b_256": lambda: hashlib.blake2b(digest_size=32),
    "md5": lambda: hashlib.md5(usedforsecurity=False),
}


class Digests:
    """Several digests of one stream: SHA-256, BLAKE2b-256 and MD5 always, and what else was announced."""

    def __init__(self, algorithms: Iterable[str] = ()) -> None:
        """Begin; ``algorithms`` are names that hashlib guarantees."""
        others = {name: hashlib.new(name, usedforsecurity=False) for name in algorithms if name not in _OWN}
        self._hashes: dict[str, Hash] = {**{name: make() for name, make in _OWN.items()}, **others}

    def update(self, data: bytes | bytearray) -> None:
        """Take the next bytes."""
        for one in self._hashes.values():
            one.update(data)

    def __getitem__(self, algorithm: str) -> str:
        return self._hashes[algorithm].hexdigest()

    def all(self) -> dict[str, str]:
        """Return every digest in hex, by algorithm."""
        return {name: one.hexdigest() for name, one in self._hashes.items()}


@dataclass
class Upload:
    """One file on its way in: its bytes lie in storage under an id that no row knows yet."""

    name: FileName
    algorithms: tuple[str, ...] = ()
    attestations: tuple[dict[str, Any], ...] | None = None
    form: dict[str, list[str]] | None = None
    object_id: str = field(default_factory=new_object_id)
    size: int = 0
    kept: bool = False

    def __post_init__(self) -> None:
        self.digests = Digests(self.algorithms)
        self._writer: Writer = storage().create(self.object_id, self.name.filename)

    @property
    def filename(self) -> str:
        return self.name.filename

    @property
    def arrival(self) -> Arrival:
        """Return what the acts take."""
        return Arrival(
            name=self.name,
            object_id=self.object_id,
            size=self.size,
            sha256=self.digests["sha256"],
            blake2b_256=self.digests["blake2b_256"],
            attestations=self.attestations,
            form=self.form,
        )

    def write(self, data: bytes | bytearray) -> None:
        """Take the next bytes."""
        self.size += len(data)
        self.digests.update(data)
        self._writer.write(data)

    def look_inside(self) -> Distribution:
        """Read the archive where it lies, never extracting. Raises BadDistribution."""
        with self._writer.reader() as file:
            return open_distribution(file, self.filename)

    def seal(self) -> None:
        """Make the bytes durable: before any row that speaks of them."""
        self._writer.commit()

    def commit(self, metadata: bytes) -> None:
        """Make the bytes, and METADATA beside them, durable: before the row that will speak of them."""
        self.seal()
        keep_metadata(self.object_id, metadata)

    def discard(self) -> None:
        """Leave nothing behind, unless a row was written."""
        if not self.kept:
            self._writer.abort()
            with suppress(StorageDown):  # the orphans' sweep deletes what is left
                storage().delete(self.object_id)


def keep_metadata(object_id: str, metadata: bytes) -> None:
    """Write METADATA beside a file's bytes; again is fine. Raises StorageFull, StorageDown."""
    beside = storage().create(object_id, METADATA)
    try:
        beside.write(metadata)
        beside.commit()
    except BaseException:
        beside.abort()
        raise
