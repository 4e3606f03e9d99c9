"""One object on its way into an S3 store: sent while it arrives, in parts; memory does not grow with it."""

import hashlib
import io
import os
import tempfile
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from drafts.storage.errors import NoSuchObject, StorageError, UploadGone
from drafts.storage.full import translated
from drafts.storage.s3_client import log, spoken
from drafts.storage.seekable import SeekableBytes

PART = 16 * 1024 * 1024


class Span(SeekableBytes):
    """Bytes [start, stop) of an open file, with a position of its own."""

    def __init__(self, descriptor: int, start: int, stop: int) -> None:
        super().__init__(stop - start)
        self._descriptor, self._start = os.dup(descriptor), start

    def readinto(self, buffer: Any) -> int:
        wanted = max(0, min(len(buffer), self._size - self._position))
        data = os.pread(self._descriptor, wanted, self._start + self._position)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            os.close(self._descriptor)
        super().close()


class S3Writer:
    """One object on its way in. An unlinked file in ``scratch`` holds the bytes, to look inside and to send again."""

    def __init__(self, client: Any, bucket: str, key: str, scratch: Path) -> None:
        self._client, self._where, self._key = client, {"Bucket": bucket, "Key": key}, key
        self._file = tempfile.TemporaryFile(dir=scratch, buffering=0)  # noqa: SIM115 - closed by commit or abort
        self._size = self._sent = 0
        self._sha256 = hashlib.sha256()  # of the part that has not been sent
        self._upload_id = ""
        self._parts: list[dict[str, Any]] = []
        self._committed = self._may_be_there = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes, and send what makes whole parts. Raises StorageFull, StorageDown; then call ``abort``."""
        view = memoryview(data)
        while view:
            if self._size - self._sent == PART:
                self._send_part()
            piece = view[: PART - (self._size - self._sent)]
            self._append(piece)
            view = view[len(piece) :]

    def commit(self) -> None:
        """Make the object readable under its name. Raises StorageFull, StorageDown; then call ``abort``."""
        self._may_be_there = True  # from here on, also when no answer comes
        if self._upload_id:
            self._send_part()
            self._complete()
        else:
            with spoken(self._key), self._unsent() as body:
                self._client.put_object(
                    **self._where, Body=body, ContentLength=self._size, ChecksumSHA256=self._checksum()
                )
        self._committed = True
        self._file.close()

    def _complete(self) -> None:
        """Join the parts. An answer that was lost is asked for again, and then there are no parts any more."""
        try:
            with spoken(self._key):
                self._client.complete_multipart_upload(
                    **self._where, UploadId=self._upload_id, MultipartUpload={"Parts": self._parts}
                )
        except UploadGone:
            if not self._is_there():
                raise

    def _is_there(self) -> bool:
        try:
            with spoken(self._key):
                return int(self._client.head_object(**self._where)["ContentLength"]) == self._size
        except NoSuchObject:
            return False

    def abort(self) -> None:
        """Leave nothing behind, the object neither. A store that is down keeps it until the orphans' sweep."""
        self._file.close()
        with suppress(StorageError), spoken(self._key):
            if self._upload_id and not self._committed:
                self._client.abort_multipart_upload(**self._where, UploadId=self._upload_id)
        try:
            with spoken(self._key):
                if self._may_be_there:
                    self._client.delete_object(**self._where)
        except StorageError:
            log.warning("%s was not deleted: the sweep will", self._key)

    def reader(self) -> BinaryIO:
        """Return the bytes written so far, to look inside before they are committed. The caller closes it."""
        return io.BufferedReader(Span(self._file.fileno(), 0, self._size))

    def _append(self, piece: memoryview) -> None:
        self._sha256.update(piece)
        try:
            while piece:
                written = os.pwrite(self._file.fileno(), piece, self._size)
                self._size += written
                piece = piece[written:]
        except OSError as error:
            raise translated(error) from error

    def _unsent(self) -> BinaryIO:
        return io.BufferedReader(Span(self._file.fileno(), self._sent, self._size))

    def _checksum(self) -> str:
        return b64encode(self._sha256.digest()).decode()

    def _send_part(self) -> None:
        number, checksum = len(self._parts) + 1, self._checksum()
        with spoken(self._key), self._unsent() as body:
            if not self._upload_id:
                begun = self._client.create_multipart_upload(**self._where, ChecksumAlgorithm="SHA256")
                self._upload_id = begun["UploadId"]
            told = self._client.upload_part(
                **self._where,
                UploadId=self._upload_id,
                PartNumber=number,
                Body=body,
                ContentLength=self._size - self._sent,
                ChecksumSHA256=checksum,
            )
        self._parts.append({"PartNumber": number, "ETag": told["ETag"], "ChecksumSHA256": checksum})
        self._sent, self._sha256 = self._size, hashlib.sha256()
