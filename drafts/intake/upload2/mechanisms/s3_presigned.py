"""``vnd-presscheck-s3multipart-presigned``: the client sends parts straight to the bucket, under addresses that end soon.

The bytes never pass a web process. A worker brings the parts together where no client can write, and hashes them there.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from drafts.intake.arrival import Digests
from drafts.intake.body import CHUNK
from drafts.intake.problems import Problem
from drafts.intake.upload2 import parts
from drafts.intake.upload2.mechanisms.mechanism import Mechanism, NotWhole, Renew, Whole
from drafts.models import UploadPart, UploadSession
from drafts.storage import Incoming, PartsDiffer, new_object_id, storage

_ETAG = re.compile(r'"?[A-Za-z0-9+/=_.-]{1,128}"?\Z')


class S3Presigned(Mechanism):
    """A multipart upload of the store's own, of parts whose number, size and address are told."""

    identifier = "vnd-presscheck-s3multipart-presigned"
    prepares = True
    at_once = False

    def is_offered(self) -> bool:
        return storage().incoming is not None

    def prepare(self, filename: str, size: int) -> dict[str, Any]:
        """Begin an upload at the store."""
        del size
        object_id = new_object_id()
        return {
            "object-id": object_id,
            "upload-id": _incoming().begin(object_id, filename),
            "part-size": settings.UPLOAD_S3_PART,
        }

    def give_up(self, sending: Mapping[str, Any], filename: str) -> None:
        del filename
        parts.discard([sending["object-id"]])

    def begun(self, upload: UploadSession) -> None:
        UploadPart.objects.create(
            upload=upload,
            object_id=upload.sending["object-id"],
            stored_as=upload.filename,
            offset=0,
            size=upload.size,
        )

    def told(self, upload: UploadSession, content: str) -> dict[str, Any]:
        del content
        sending, incoming = upload.sending, _incoming()
        where = (sending["object-id"], upload.filename, sending["upload-id"])
        return {
            "part-size": sending["part-size"],
            "valid-for": incoming.address_seconds,
            "parts": [
                {"number": number, "size": size, "url": incoming.address(*where, number=number, size=size)}
                for number, size in _sizes(upload)
            ],
        }

    def completing(self, upload: UploadSession, said: Mapping[str, Any]) -> dict[str, Any]:
        """Remember the ETags that the store gave for the parts, all of them. Raises Problem (400)."""
        told, numbers = said.get("parts"), [number for number, _ in _sizes(upload)]
        if not isinstance(told, list) or not all(_is_part(one) for one in told):
            raise _bad_parts(len(numbers))
        if [one["number"] for one in told] != numbers:
            raise _bad_parts(len(numbers))
        return {**upload.sending, "parts": [[one["number"], one["etag"]] for one in told]}

    @contextmanager
    def whole(self, upload: UploadSession, renew: Renew) -> Iterator[Whole]:
        sending, object_id = upload.sending, new_object_id()
        try:
            renew()
            _bring_together(sending, upload.filename, object_id)
            renew()
            digests, size = Digests(upload.hashes), 0
            with storage().open(object_id, upload.filename) as stored:
                while chunk := stored.read(CHUNK):
                    digests.update(chunk)
                    size += len(chunk)
                    renew()
            found = Whole(object_id, size, digests.all())
            yield found
        except BaseException:
            parts.discard([object_id])
            raise
        if not found.kept:
            parts.discard([object_id])


def _bring_together(sending: Mapping[str, Any], filename: str, object_id: str) -> None:
    told = [(number, etag) for number, etag in sending["parts"]]
    try:
        _incoming().assemble(sending["object-id"], filename, sending["upload-id"], parts=told, to=object_id)
    except PartsDiffer as error:
        raise NotWhole(str(error)) from error


def _incoming() -> Incoming:
    incoming = storage().incoming
    if incoming is None:
        raise NotWhole("This server keeps its files in no bucket any more.")
    return incoming


def _sizes(upload: UploadSession) -> Iterator[tuple[int, int]]:
    """Yield number, from 1, and size of each part."""
    size = int(upload.sending["part-size"])
    for number, start in enumerate(range(0, upload.size, size), 1):
        yield number, min(size, upload.size - start)


def _is_part(one: object) -> bool:
    return (
        isinstance(one, dict)
        and isinstance(one.get("number"), int)
        and isinstance(one.get("etag"), str)
        and bool(_ETAG.match(one["etag"]))
    )


def _bad_parts(count: int) -> Problem:
    message = (
        'Name every part in order as {"number": 1, "etag": "…"}, with the ETag that the store answered: '
        f"this upload has {count}."
    )
    return Problem.one(400, "Bad parts", "bad-parts", message, source="parts")
