"""Objects of an S3 store as files: read by ranged GETs through one bounded window."""

from contextlib import closing
from typing import Any

from drafts.storage.errors import StorageDown
from drafts.storage.s3_client import spoken
from drafts.storage.seekable import SeekableBytes

FIRST = 256 * 1024
LARGEST = 8 * 1024 * 1024
_TRIES = 3


class RangedReader(SeekableBytes):
    """An object, seekable. What is read on in order is asked for in ever larger pieces, up to 8 MiB in memory.

    Every piece is of the object that was opened: one that was replaced meanwhile is refused by its ETag.
    """

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client, self._where, self._key = client, {"Bucket": bucket, "Key": key}, key
        with spoken(key):
            head = client.head_object(**self._where)
        super().__init__(int(head["ContentLength"]))
        self._etag = head["ETag"]
        self._start, self._window, self._next = 0, b"", FIRST

    def readinto(self, buffer: Any) -> int:
        """Read what the window holds, after moving it where needed. Raises NoSuchObject, StorageDown."""
        if self._position >= self._size or not len(buffer):
            return 0
        if not self._start <= self._position < self._start + len(self._window):
            self._move()
        at = self._position - self._start
        data = self._window[at : at + len(buffer)]
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _move(self) -> None:
        in_order = bool(self._window) and self._position == self._start + len(self._window)
        self._next = min(self._next * 2, LARGEST) if in_order else FIRST
        self._window = b""  # the old one goes before the new one comes
        stop = min(self._size, self._position + self._next)
        self._window, self._start = self._fetched(self._position, stop), self._position

    def _fetched(self, start: int, stop: int) -> bytes:
        """Return the bytes [start, stop). The client retries answers that do not come; a body that is cut is ours."""
        for left in reversed(range(_TRIES)):
            try:
                with spoken(self._key):
                    asked = f"bytes={start}-{stop - 1}"
                    answer = self._client.get_object(**self._where, Range=asked, IfMatch=self._etag)
                    with closing(answer["Body"]) as body:  # its own block would hand out what is under it
                        data: bytes = body.read()
                if len(data) == stop - start:
                    return data
            except StorageDown:
                if not left:
                    raise
        raise StorageDown("the store of files sent other than was asked for: try again in a moment")
