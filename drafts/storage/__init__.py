"""Bytes: written once under a random object id. Who may read them is decided elsewhere, by rows.

An object's key is ``{128 random bits}/{file name}``; equal bytes are stored twice, because they may belong to two drafts
with different secrets.
"""

import secrets
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings

from drafts.storage.disk import DiskStorage, DiskWriter
from drafts.storage.errors import NoSuchObject, StorageFull

# The object beside a file that holds its core metadata. Not the file's name and ``.metadata``: together they can be
# longer than the 255 bytes that file systems take.
METADATA = "METADATA"

__all__ = ["METADATA", "NoSuchObject", "Storage", "StorageFull", "Writer", "new_object_id", "storage"]


class Writer(Protocol):
    """One object being written: nothing is there before ``commit``, nothing after ``abort``."""

    def write(self, data: bytes | bytearray | memoryview) -> None: ...
    def commit(self) -> None: ...
    def abort(self) -> None: ...
    def reader(self) -> BinaryIO: ...


class Storage(Protocol):
    """Where bytes lie."""

    def create(self, object_id: str, name: str) -> Writer: ...
    def open(self, object_id: str, name: str) -> BinaryIO: ...
    def size(self, object_id: str, name: str) -> int: ...
    def delete(self, object_id: str) -> None: ...
    def objects(self) -> Iterator[tuple[str, datetime]]: ...
    def local_path(self, object_id: str, name: str) -> Path | None: ...


def new_object_id() -> str:
    """Return 128 random bits in hex."""
    return secrets.token_hex(16)


@lru_cache(maxsize=4)
def _disk(root: str) -> DiskStorage:
    return DiskStorage(Path(root))


def storage() -> Storage:
    """Return the store that the settings name."""
    return _disk(str(settings.STORAGE_DIR))


_: type[Writer] = DiskWriter
