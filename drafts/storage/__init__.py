"""Bytes: written once under a random object id. Who may read them is decided elsewhere, by rows.

An object's key is ``{128 random bits}/{file name}``; equal bytes are stored twice, because they may belong to two drafts
with different secrets. What is published gets a second random id; a store that hands bytes out by itself has them there, too.
"""

import hashlib
import logging
import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings

from drafts.storage.disk import DiskStorage
from drafts.storage.errors import NoSuchObject, PartsDiffer, StorageDown, StorageFull
from drafts.storage.kept import Kept
from drafts.storage.report import Report

log = logging.getLogger(__name__)

# The object beside a file that holds its core metadata. Not the file's name and ``.metadata``: together they can be
# longer than the 255 bytes that file systems take.
METADATA = "METADATA"

__all__ = [
    "METADATA",
    "Incoming",
    "Kept",
    "NoSuchObject",
    "PartsDiffer",
    "Report",
    "Storage",
    "StorageDown",
    "StorageFull",
    "Writer",
    "new_object_id",
    "opened",
    "storage",
    "whole",
]


class Writer(Protocol):
    """One object being written: nothing is there before ``commit``, nothing after ``abort``."""

    def write(self, data: bytes | bytearray | memoryview) -> None: ...
    def commit(self) -> None: ...
    def abort(self) -> None: ...
    def reader(self) -> BinaryIO: ...


class Incoming(Protocol):
    """A store that clients can send parts to themselves."""

    @property
    def address_seconds(self) -> int: ...
    def begin(self, object_id: str, name: str) -> str: ...
    def address(self, object_id: str, name: str, upload_id: str, *, number: int, size: int) -> str: ...
    def assemble(
        self, object_id: str, name: str, upload_id: str, *, parts: Sequence[tuple[int, str]], to: str
    ) -> None: ...


class Storage(Protocol):
    """Where bytes lie. ``incoming`` is None where only this server writes.

    With ``has_copies`` what is published lies there a second time, as a copy that readers get.
    """

    has_copies: bool

    @property
    def incoming(self) -> Incoming | None: ...
    def create(self, object_id: str, name: str) -> Writer: ...
    def open(self, object_id: str, name: str) -> BinaryIO: ...
    def open_public(self, kept: Kept) -> BinaryIO: ...
    def size(self, kept: Kept) -> int: ...
    def promote(self, kept: Kept) -> None: ...
    def withhold(self, kept: Kept) -> None: ...
    def hand_out(self, kept: Kept) -> None: ...
    def address(self, kept: Kept, *, cache_control: str) -> str | None: ...
    def delete(self, object_id: str) -> None: ...
    def delete_public(self, public_id: str) -> None: ...
    def objects(self) -> Iterator[tuple[str, datetime]]: ...
    def public_objects(self) -> Iterator[tuple[str, datetime]]: ...
    def local_path(self, object_id: str, name: str) -> Path | None: ...
    def report(self) -> Report: ...
    def mend(self) -> None: ...


def opened(kept: Kept) -> BinaryIO:
    """Open what readers get: the public copy of what has a public id. Raises NoSuchObject, StorageDown."""
    if kept.public_id:
        return storage().open_public(kept)
    return storage().open(kept.object_id, kept.stored_as)


def whole(object_id: str, name: str, *, sha256: str) -> bytes:
    """Read a small private object to its end. Raises NoSuchObject, and StorageDown where its bytes are not those kept."""
    with storage().open(object_id, name) as stored:
        data = stored.read()
    if hashlib.sha256(data).hexdigest() != sha256:
        log.warning("the store gave other bytes of %s/%s than were kept", object_id, name)
        raise StorageDown("the store of files gave other bytes than were kept: try again in a moment")
    return data


def new_object_id() -> str:
    """Return 128 random bits in hex."""
    return secrets.token_hex(16)


@lru_cache(maxsize=4)
def _disk(root: str) -> DiskStorage:
    return DiskStorage(Path(root))


@lru_cache(maxsize=8)
def _s3(bucket: str, endpoint: str, key: str, secret: str, scratch: str) -> Storage:
    from drafts.storage.s3 import S3Storage
    from drafts.storage.s3_client import Address

    return S3Storage(Address(bucket, endpoint, key, secret), Path(scratch))


def storage() -> Storage:
    """Return the store that the settings name: a bucket, or a folder."""
    if not settings.PRESSCHECK_S3_BUCKET:
        return _disk(str(settings.STORAGE_DIR))
    return _s3(
        settings.PRESSCHECK_S3_BUCKET,
        settings.PRESSCHECK_S3_ENDPOINT,
        settings.AWS_ACCESS_KEY_ID,
        settings.AWS_SECRET_ACCESS_KEY,
        str(settings.STORAGE_DIR),
    )
