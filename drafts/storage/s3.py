"""Bytes in an S3 bucket: ``staged/{object id}/{name}``, and what is published also as ``public/{public id}/{file name}``.

What is in quarantine lies under ``withheld/`` instead of ``public/``, where no CDN reads.

Clients that send files themselves send them to ``incoming/{object id}/{name}``.

The bucket is private. A deployment that wants a CDN opens the prefix ``public/`` to it and to nothing else.
"""

import io
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from drafts.storage.errors import NoSuchObject, StorageError, UploadGone
from drafts.storage.full import translated
from drafts.storage.kept import Kept
from drafts.storage.report import Report
from drafts.storage.s3_bucket import Bucket
from drafts.storage.s3_client import Address, connect, spoken
from drafts.storage.s3_incoming import S3Incoming
from drafts.storage.s3_reader import RangedReader
from drafts.storage.s3_writer import S3Writer

ADDRESS_SECONDS = 60
WHOLE_COPY = COPY_PART = 256 * 1024**2  # stores copy up to 5 GB in one request, but answer it late
IMMUTABLE = "max-age=31536000, immutable, public"
_BUFFER = 64 * 1024
_ID = re.compile(r"[0-9a-f]{32}\Z")
_NAME = re.compile(r"[A-Za-z0-9._+!-]{1,264}\Z")


class S3Storage:
    """A bucket of objects. ``scratch`` is a folder of this machine, for files that are on their way in."""

    has_copies = True

    def __init__(self, address: Address, scratch: Path) -> None:
        self._client, self._bucket, self._scratch = connect(address), address.bucket, scratch
        self._address = address
        scratch.mkdir(parents=True, exist_ok=True)
        self.incoming = S3Incoming(self._client, self._bucket, _key, self._copy)

    def create(self, object_id: str, name: str) -> S3Writer:
        """Begin an object. Raises StorageFull."""
        key = _key("staged", object_id, name)
        try:
            return S3Writer(self._client, self._bucket, key, self._scratch)
        except OSError as error:
            raise translated(error) from error

    def open(self, object_id: str, name: str) -> BinaryIO:
        """Open an object for reading. Raises NoSuchObject, StorageDown."""
        return self._opened(_key("staged", object_id, name))

    def open_public(self, kept: Kept) -> BinaryIO:
        """Open the public copy of an object, withheld or not. Raises NoSuchObject, StorageDown."""
        try:
            return self._opened(_key("public", kept.public_id, kept.filename))
        except NoSuchObject:
            return self._opened(_key("withheld", kept.public_id, kept.filename))

    def _opened(self, key: str) -> BinaryIO:
        return io.BufferedReader(RangedReader(self._client, self._bucket, key), _BUFFER)

    def size(self, kept: Kept) -> int:
        """Return the size in bytes of what readers get, or would. Raises NoSuchObject, StorageDown."""
        try:
            return int(self._head(_read_key(kept))["ContentLength"])
        except NoSuchObject:
            if not kept.public_id:
                raise
            return int(self._head(_key("withheld", kept.public_id, kept.filename))["ContentLength"])

    def _head(self, key: str) -> Any:
        with spoken(key):
            return self._client.head_object(Bucket=self._bucket, Key=key)

    def promote(self, kept: Kept) -> None:
        """Copy an object to where the public may read it, within the store; again is fine.

        Raises NoSuchObject, StorageFull, StorageDown. What lies there then must be hashed: a copy is not a proof.
        """
        source, target = (
            _key("staged", kept.object_id, kept.stored_as),
            _key("public", kept.public_id, kept.filename),
        )
        self._copy(source, target, _told(kept))

    def withhold(self, kept: Kept) -> None:
        """Move a public copy to where no CDN reads; again is fine. Raises StorageFull, StorageDown."""
        self._move(kept, "public", "withheld")

    def hand_out(self, kept: Kept) -> None:
        """Move a withheld copy back to where the public reads; again is fine. Raises StorageFull, StorageDown."""
        self._move(kept, "withheld", "public")

    def _move(self, kept: Kept, source: str, target: str) -> None:
        was = _key(source, kept.public_id, kept.filename)
        with suppress(NoSuchObject):  # it was moved before
            self._copy(was, _key(target, kept.public_id, kept.filename), _told(kept))
            with spoken(was):
                self._client.delete_object(Bucket=self._bucket, Key=was)

    def _copy(self, source: str, target: str, told: dict[str, str] | None = None) -> None:
        """Copy an object within the bucket, as it is now, unless one of its size is there already."""
        told = told or {}
        head = self._head(source)
        size, condition = int(head["ContentLength"]), head["ETag"]
        if self._is_there(target, size):
            return
        copy = {
            "Bucket": self._bucket,
            "Key": target,
            "CopySource": {"Bucket": self._bucket, "Key": source},
            "CopySourceIfMatch": condition,
        }
        try:
            with spoken(source):
                if size <= WHOLE_COPY:
                    self._client.copy_object(**copy, **told, MetadataDirective="REPLACE")
                else:
                    self._copy_in_parts(copy, told, size)
        except UploadGone:  # the answer to the last request was lost, and it was asked again
            if not self._is_there(target, size):
                raise

    def _is_there(self, key: str, size: int) -> bool:
        try:
            return int(self._head(key)["ContentLength"]) == size
        except NoSuchObject:
            return False

    def _copy_in_parts(self, copy: dict[str, Any], told: dict[str, str], size: int) -> None:
        where = {"Bucket": copy["Bucket"], "Key": copy["Key"]}
        upload = {**where, "UploadId": self._client.create_multipart_upload(**where, **told)["UploadId"]}
        parts = []
        try:
            for number, start in enumerate(range(0, size, COPY_PART), 1):
                span = f"bytes={start}-{min(size, start + COPY_PART) - 1}"
                done = self._client.upload_part_copy(
                    **copy, UploadId=upload["UploadId"], PartNumber=number, CopySourceRange=span
                )
                parts.append({"PartNumber": number, "ETag": done["CopyPartResult"]["ETag"]})
            self._client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
        except BaseException:
            with suppress(StorageError), spoken(where["Key"]):  # what failed is told, not this
                self._client.abort_multipart_upload(**upload)
            raise

    def address(self, kept: Kept, *, cache_control: str) -> str | None:
        """Return an address that gives the object to whoever has it, for 60 seconds, by GET alone."""
        shown = {
            "ResponseContentType": kept.content_type,
            "ResponseContentDisposition": kept.content_disposition,
            "ResponseCacheControl": cache_control,
        }
        where = {"Bucket": self._bucket, "Key": _read_key(kept)}
        signed: str = self._client.generate_presigned_url(
            "get_object", Params=where | shown, ExpiresIn=ADDRESS_SECONDS
        )
        return signed

    def delete(self, object_id: str) -> None:
        """Delete everything under an object id, half-sent files too; deleting twice is fine. Raises StorageDown."""
        if not _ID.match(object_id):
            raise NoSuchObject("an object id is 32 hexadecimal digits")
        self._empty(f"staged/{object_id}/")
        self._empty(f"incoming/{object_id}/")

    def delete_public(self, public_id: str) -> None:
        """Delete the public copy under a public id; deleting twice is fine. Raises StorageDown."""
        if not _ID.match(public_id):
            raise NoSuchObject("a public id is 32 hexadecimal digits")
        self._empty(f"public/{public_id}/")
        self._empty(f"withheld/{public_id}/")

    def _empty(self, prefix: str) -> None:
        for key, upload_id, _ in self._uploads(prefix):
            with suppress(UploadGone), spoken(prefix):
                self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload_id)
        for key, _ in self._keys(prefix):
            with spoken(prefix):
                self._client.delete_object(Bucket=self._bucket, Key=key)

    def objects(self) -> Iterator[tuple[str, datetime]]:
        """Yield every object id and when it was last written (UTC), half-sent files too. Raises StorageDown."""
        yield from self._ids("staged/")
        yield from self._ids("incoming/")

    def public_objects(self) -> Iterator[tuple[str, datetime]]:
        """Yield every public id and when its copy was last written (UTC). Raises StorageDown."""
        yield from self._ids("public/")

    def _ids(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        last: tuple[str, datetime] | None = None
        for key, written in self._keys(prefix):
            found = key.split("/")[1]
            if last is not None and last[0] != found:
                yield last
                last = None
            if _ID.match(found):
                last = found, max(written, last[1]) if last else written
        if last is not None:
            yield last
        for key, _, begun in self._uploads(prefix):
            if _ID.match(found := key.split("/")[1]):
                yield found, begun

    def _keys(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        for page in self._pages("list_objects_v2", prefix):
            for row in page.get("Contents", ()):
                yield row["Key"], row["LastModified"]

    def _uploads(self, prefix: str) -> Iterator[tuple[str, str, datetime]]:
        for page in self._pages("list_multipart_uploads", prefix):
            for row in page.get("Uploads", ()):
                yield row["Key"], row["UploadId"], row["Initiated"]

    def _pages(self, listing: str, prefix: str) -> Iterator[Any]:
        pages = iter(self._client.get_paginator(listing).paginate(Bucket=self._bucket, Prefix=prefix))
        while True:
            with spoken(prefix):
                page = next(pages, None)
            if page is None:
                return
            yield page

    def local_path(self, object_id: str, name: str) -> Path | None:
        """Return None: the bytes are not on this machine."""
        del object_id, name
        return None

    def report(self) -> Report:
        """Look at how the bucket is set up: is it private, does it forget. Raises StorageDown."""
        object_id = secrets.token_hex(16)
        check = _key("staged", object_id, "check")
        try:
            with spoken(check):
                self._client.put_object(Bucket=self._bucket, Key=check, Body=b"check")
            return self._set_up().report(check)
        finally:
            self.delete(object_id)

    def mend(self) -> None:
        """Give the bucket the lifecycle rule that it needs. Raises StorageRefuses where these credentials may not, StorageDown."""
        self._set_up().mend()

    def _set_up(self) -> Bucket:
        return Bucket(self._client, connect(self._address, as_stranger=True), self._bucket)


def _told(kept: Kept) -> dict[str, str]:
    """Return what a copy says of itself to whoever reads it."""
    return {
        "ContentType": kept.content_type,
        "ContentDisposition": kept.content_disposition,
        "CacheControl": IMMUTABLE,
    }


def _read_key(kept: Kept) -> str:
    """Return the key of what readers get."""
    if kept.public_id:
        return _key("public", kept.public_id, kept.filename)
    return _key("staged", kept.object_id, kept.stored_as)


def _key(prefix: str, object_id: str, name: str) -> str:
    if not _ID.match(object_id):
        raise NoSuchObject("an object id is 32 hexadecimal digits")
    if not _NAME.match(name) or name in {".", ".."}:
        raise NoSuchObject("not a file name that is stored here")
    return f"{prefix}/{object_id}/{name}"
