"""Files that clients send to the bucket themselves, under ``incoming/`` and nowhere else, before anything is known of them."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from drafts.storage.errors import NoSuchObject, PartsDiffer
from drafts.storage.s3_client import spoken

ADDRESS_SECONDS = 3600
_DIFFER = {"InvalidPart", "InvalidPartOrder", "EntityTooSmall", "MalformedXML"}


class S3Incoming:
    """Multipart uploads whose parts come from clients. ``key`` spells a key, ``copy`` copies within the bucket."""

    address_seconds = ADDRESS_SECONDS

    def __init__(
        self, client: Any, bucket: str, key: Callable[[str, str, str], str], copy: Callable[[str, str], None]
    ) -> None:
        self._client, self._bucket, self._key, self._copy = client, bucket, key, copy

    def _where(self, object_id: str, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._key("incoming", object_id, name)}

    def begin(self, object_id: str, name: str) -> str:
        """Begin an upload and return the store's id for it. Raises StorageDown."""
        with spoken(name):
            return str(self._client.create_multipart_upload(**self._where(object_id, name))["UploadId"])

    def address(self, object_id: str, name: str, upload_id: str, *, number: int, size: int) -> str:
        """Return where to PUT one part of exactly this size, for an hour."""
        told = {"UploadId": upload_id, "PartNumber": number, "ContentLength": size}
        signed: str = self._client.generate_presigned_url(
            "upload_part", Params=self._where(object_id, name) | told, ExpiresIn=ADDRESS_SECONDS
        )
        return signed

    def assemble(
        self, object_id: str, name: str, upload_id: str, *, parts: Sequence[tuple[int, str]], to: str
    ) -> None:
        """Join the parts and copy the file to where files are staged, as object ``to``; again is fine.

        From then on no address of a client leads to it. Raises PartsDiffer, NoSuchObject, StorageFull, StorageDown.
        """
        where = self._where(object_id, name)
        with suppress(NoSuchObject):  # joined by an earlier attempt, or given up: then the copy finds nothing
            self._join(where, upload_id, parts)
        self._copy(where["Key"], self._key("staged", to, name))

    def _join(self, where: dict[str, str], upload_id: str, parts: Sequence[tuple[int, str]]) -> None:
        from botocore.exceptions import ClientError

        named = [{"PartNumber": number, "ETag": etag} for number, etag in parts]
        with spoken(where["Key"]):
            try:
                self._client.complete_multipart_upload(
                    **where, UploadId=upload_id, MultipartUpload={"Parts": named}
                )
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") not in _DIFFER:
                    raise
                raise PartsDiffer("the store has other parts than were named") from error
