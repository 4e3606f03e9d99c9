"""Bytes in a folder: ``ab/abcdef…/NAME``; written as ``RANDOM.part`` and renamed when whole."""

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from drafts.storage.errors import NoSuchObject
from drafts.storage.full import translated
from drafts.storage.kept import Kept
from drafts.storage.report import Report

_OBJECT_ID = re.compile(r"[0-9a-f]{32}\Z")
_NAME = re.compile(r"[A-Za-z0-9._+!-]{1,255}\Z")


class DiskWriter:
    """One object on its way in."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # Not NAME.part: a name may be as long as a file system takes. Random: what a killed process left is not in the way.
        self._part = path.with_name(f"{secrets.token_hex(8)}.part")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._part.open("xb+")

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes. Raises StorageFull; then call ``abort``."""
        try:
            self._file.write(data)
        except OSError as error:
            raise translated(error) from error

    def commit(self) -> None:
        """Make the object readable under its name, on the disk before any row speaks of it."""
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.replace(self._path)
        except OSError as error:
            raise translated(error) from error

    def abort(self) -> None:
        """Leave nothing of this object behind; what lies beside it stays."""
        with suppress(OSError):  # what is not written yet goes nowhere on a full disk
            self._file.close()
        self._part.unlink(missing_ok=True)
        self._path.unlink(missing_ok=True)
        with suppress(OSError):  # something else lies there
            self._path.parent.rmdir()

    def reader(self) -> BinaryIO:
        """Return the bytes written so far, to look inside before they are committed. The caller closes it.

        Raises StorageFull; then call ``abort``.
        """
        try:
            self._file.flush()
        except OSError as error:
            raise translated(error) from error
        return self._part.open("rb")


class DiskStorage:
    """A folder of objects."""

    has_copies = False
    incoming = None

    def __init__(self, root: Path) -> None:
        self._root = root

    def _folder(self, object_id: str) -> Path:
        if not _OBJECT_ID.match(object_id):
            raise NoSuchObject("an object id is 32 hexadecimal digits")
        return self._root / object_id[:2] / object_id

    def _path(self, object_id: str, name: str) -> Path:
        if not _NAME.match(name) or name in {".", ".."}:
            raise NoSuchObject("not a file name that is stored here")
        return self._folder(object_id) / name

    def create(self, object_id: str, name: str) -> DiskWriter:
        """Begin an object. Raises StorageFull."""
        try:
            return DiskWriter(self._path(object_id, name))
        except OSError as error:
            raise translated(error) from error

    def open(self, object_id: str, name: str) -> BinaryIO:
        """Open an object for reading. Raises NoSuchObject."""
        try:
            return self._path(object_id, name).open("rb")
        except FileNotFoundError as error:
            raise NoSuchObject(f"{name} is not in the store") from error

    def open_public(self, kept: Kept) -> BinaryIO:
        """Open a published object for reading: it lies where it lay. Raises NoSuchObject."""
        return self.open(kept.object_id, kept.stored_as)

    def promote(self, kept: Kept) -> None:
        """Do nothing: what is published is served from where it was staged."""

    def withhold(self, kept: Kept) -> None:
        """Do nothing: who reads is asked by this server."""

    def hand_out(self, kept: Kept) -> None:
        """Do nothing: nothing was withheld."""

    def address(self, kept: Kept, *, cache_control: str) -> str | None:
        """Return None: there is no other server that has the bytes."""
        del kept, cache_control
        return None

    def size(self, kept: Kept) -> int:
        """Return the size in bytes. Raises NoSuchObject."""
        try:
            return self._path(kept.object_id, kept.stored_as).stat().st_size
        except FileNotFoundError as error:
            raise NoSuchObject(f"{kept.stored_as} is not in the store") from error

    def delete(self, object_id: str) -> None:
        """Delete everything under an object id; deleting twice is fine."""
        shutil.rmtree(self._folder(object_id), ignore_errors=True)

    def delete_public(self, public_id: str) -> None:
        """Do nothing: there are no copies."""

    def public_objects(self) -> Iterator[tuple[str, datetime]]:
        """Yield nothing: there are no copies."""
        yield from ()

    def objects(self) -> Iterator[tuple[str, datetime]]:
        """Yield every object id and when it was last written (UTC)."""
        for folder in self._root.glob("??/*"):
            if _OBJECT_ID.match(folder.name):
                try:
                    yield folder.name, datetime.fromtimestamp(folder.stat().st_mtime, UTC)
                except FileNotFoundError:
                    continue

    def local_path(self, object_id: str, name: str) -> Path | None:
        """Return where the bytes lie on this machine, for the web server's own sending."""
        return self._path(object_id, name)

    def report(self) -> Report:
        """Return nothing to say: a folder is as private as the data folder that it is in."""
        return Report()

    def mend(self) -> None:
        """Do nothing: there is nothing to set up."""
