"""``vnd-presscheck-http-resumable``: the file in parts, one after the other; a HEAD tells where to go on.

A part is stored whole or not at all, so a connection that drops costs one part. Digests are computed once all are there:
their state cannot be kept between processes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from drafts.dist import parse_filename
from drafts.intake import body
from drafts.intake.arrival import Digests, Upload
from drafts.intake.problems import Problem
from drafts.intake.upload2 import parts
from drafts.intake.upload2.mechanisms.mechanism import Mechanism, NotWhole, Renew, Whole
from drafts.models import UploadPart, UploadSession
from drafts.storage import new_object_id, storage

OFFSET, LENGTH = "Upload-Offset", "Upload-Length"
_PART = "part"


class HttpResumable(Mechanism):
    """Parts by offset, in order, each an object of its own until all are there."""

    identifier = "vnd-presscheck-http-resumable"

    def told(self, upload: UploadSession, content: str) -> dict[str, Any]:
        return {
            "file_url": content,
            "offset": upload.received,
            "part-size": {"min": settings.UPLOAD_PART_LEAST, "max": settings.UPLOAD_PART_MOST},
        }

    def where(self, upload: UploadSession) -> HttpResponse:
        """Tell where the bytes end that were received: 204."""
        return _answer(upload.received, upload.size)

    def receive(self, request: HttpRequest, upload: UploadSession) -> HttpResponse:
        """Take one part: 204. Raises Problem: 400, 411, 413, and 409 with the right offset."""
        offset, length = _offset(request), body.length(request)
        if offset != upload.received:
            raise _wrong_offset(upload.received)
        _check_length(length, left=upload.size - offset)
        object_id = new_object_id()
        with body.admitted(request):
            sha256 = _stored(request, length, object_id, upload)
        part = UploadPart(object_id=object_id, stored_as=_PART, size=length, sha256=sha256)
        try:
            end = parts.append(upload=upload, offset=offset, part=part)
        except BaseException as error:
            parts.discard([object_id])
            if isinstance(error, parts.WrongOffset):
                raise _wrong_offset(error.offset) from error
            raise
        return _answer(end, upload.size)

    @contextmanager
    def whole(self, upload: UploadSession, renew: Renew) -> Iterator[Whole]:
        if upload.received != upload.size:
            raise NotWhole(
                f"{upload.received} bytes arrived, and {upload.size} were announced. Delete this upload, then announce the file again."
            )
        joined = Upload(parse_filename(upload.filename), algorithms=tuple(upload.hashes))
        try:
            for part in upload.parts.order_by("offset"):
                _join(part, joined, renew)
            joined.seal()
            found = Whole(joined.object_id, joined.size, joined.digests.all())
            yield found
            joined.kept = found.kept
        finally:
            joined.discard()


def _join(part: UploadPart, joined: Upload, renew: Renew) -> None:
    with storage().open(part.object_id, part.stored_as) as stored:
        while chunk := stored.read(body.CHUNK):
            joined.write(chunk)
            renew()


def _stored(request: HttpRequest, length: int, object_id: str, upload: UploadSession) -> str:
    """Store a request's body as an object of its own; returns its SHA-256. A body that is cut leaves nothing."""
    writer, digests, pulse = storage().create(object_id, _PART), Digests(), parts.Pulse(upload)
    try:
        for chunk in body.chunks(request, length):
            writer.write(chunk)
            digests.update(chunk)
            pulse.beat()
        writer.commit()
    except BaseException:
        writer.abort()
        raise
    return digests["sha256"]


def _answer(offset: int, size: int) -> HttpResponse:
    return HttpResponse(status=204, headers={OFFSET: str(offset), LENGTH: str(size)})


def _offset(request: HttpRequest) -> int:
    said = request.headers.get(OFFSET, "")
    if not (said.isascii() and said.isdigit()):
        message = f"Say in the header {OFFSET} at which byte of the file the part begins."
        raise Problem.one(400, "Where?", "bad-offset", message, source=OFFSET)
    return int(said)


def _wrong_offset(right: int) -> Problem:
    message = f"The bytes received so far end at {right}: send the part that begins there."
    return Problem.one(
        409, "Another offset", "wrong-offset", message, source=OFFSET, Upload_Offset=str(right)
    )


def _check_length(length: int, *, left: int) -> None:
    """Raise Problem for a part that is larger than what is left, or not of the size that parts have."""
    least, most = settings.UPLOAD_PART_LEAST, settings.UPLOAD_PART_MOST
    if length > left:
        raise body.more_than_announced(left)
    if length > most:
        message = f"A part has at most {most} bytes, and this one has {length}."
        raise Problem.one(413, "Too large", "part-too-large", message, source="content")
    if length < min(least, left) or length == 0:
        message = f"A part has at least {least} bytes, but for the last one, and this one has {length}."
        raise Problem.one(400, "Too small", "part-too-small", message, source="content")
