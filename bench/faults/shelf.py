"""The stored bytes as they lie, behind the server's back: a folder or a bucket, looked at without the product's own code."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

_CHUNK = 1024 * 1024
STAGED, PUBLIC = "staged", "public"
Key = tuple[str, str, str]  # area, object id or public id, name


class Shelf(Protocol):
    """Where bytes lie. A stamp changes when an object is written again; a folder has no public area."""

    has_public: bool

    def stamps(self) -> dict[Key, str]: ...
    def digest(self, key: Key) -> str: ...


class Folder:
    """Objects as the embedded shape keeps them: ``ab/abcdef…/NAME``."""

    has_public = False

    def __init__(self, root: Path) -> None:
        self._root = root

    def stamps(self) -> dict[Key, str]:
        """Return every whole object with its inode, size and time of writing; what is on its way in is left out."""
        return dict(self._stamps())

    def _stamps(self) -> Iterator[tuple[Key, str]]:
        for path in self._root.glob("*/*/*"):
            with suppress(FileNotFoundError):  # deleted while the folder was read
                stat = path.stat()
                if path.name != "incoming.part":
                    key = STAGED, path.parent.name, path.name
                    yield key, f"{stat.st_ino} {stat.st_size} {stat.st_mtime_ns}"

    def digest(self, key: Key) -> str:
        """Return the SHA-256 of an object's bytes. Raises FileNotFoundError."""
        _, object_id, name = key
        with (self._root / object_id[:2] / object_id / name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


class Bucket:
    """Objects as the services' shape keeps them: ``staged/ID/NAME`` and ``public/ID/NAME``. Asks the store itself."""

    has_public = True

    def __init__(self, endpoint: str, bucket: str, environment: Mapping[str, str]) -> None:
        import boto3
        from botocore.config import Config

        self._bucket = bucket
        self.client: Any = boto3.client(
            "s3",
            endpoint_url=endpoint,
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}),
        )

    def stamps(self) -> dict[Key, str]:
        """Return every object with its ETag, size and time of writing."""
        found = {}
        for page in self.client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket):
            for row in page.get("Contents", ()):
                area, object_id, name = row["Key"].split("/", 2)
                found[area, object_id, name] = f"{row['ETag']} {row['Size']} {row['LastModified']}"
        return found

    def digest(self, key: Key) -> str:
        """Return the SHA-256 of an object's bytes. Raises FileNotFoundError."""
        try:
            body = self.client.get_object(Bucket=self._bucket, Key="/".join(key))["Body"]
        except self.client.exceptions.NoSuchKey as error:
            raise FileNotFoundError("/".join(key)) from error
        found = hashlib.sha256()
        for piece in body.iter_chunks(_CHUNK):
            found.update(piece)
        return found.hexdigest()


class Inventory:
    """Everything on the shelf with its SHA-256. What lies as it lay is hashed once, and all of it after ``forget``."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self._known: dict[Key, tuple[str, str]] = {}

    @property
    def has_public(self) -> bool:
        return self.shelf.has_public

    def forget(self) -> None:
        """Hash every object again the next time."""
        self._known.clear()

    def digests(self) -> dict[Key, str]:
        """Return the SHA-256 of every object. What is deleted meanwhile (a purge ends its job first) is not there."""
        found = {}
        for key, stamp in self.shelf.stamps().items():
            with suppress(FileNotFoundError):
                if self._known.get(key, ("", ""))[0] != stamp:
                    self._known[key] = stamp, self.shelf.digest(key)
                found[key] = self._known[key][1]
        return found
