"""``http-post-bytes``, which every server has: the whole file as the body of one POST; again overwrites."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.http import HttpRequest, HttpResponse

from drafts.dist import parse_filename
from drafts.intake import body
from drafts.intake.arrival import Upload
from drafts.intake.problems import Problem
from drafts.intake.upload2 import parts
from drafts.intake.upload2.mechanisms.mechanism import Mechanism, NotWhole, Renew, Whole
from drafts.models import UploadSession


class HttpPostBytes(Mechanism):
    """The file in one piece, hashed on its way to storage."""

    identifier = "http-post-bytes"

    def told(self, upload: UploadSession, content: str) -> dict[str, Any]:
        del upload
        return {"file_url": content}

    def receive(self, request: HttpRequest, upload: UploadSession) -> HttpResponse:
        """Take the whole file: 204. Raises Problem: 411, 413, or why it did not arrive whole."""
        length = body.length(request)
        if length > upload.size:
            raise body.more_than_announced(upload.size)
        if length == 0:
            raise Problem.one(400, "No bytes", "empty-file", "The file has no bytes.", source="content")
        with body.admitted(request):
            arriving = Upload(parse_filename(upload.filename), algorithms=tuple(upload.hashes))
            try:
                pulse = parts.Pulse(upload)
                for chunk in body.chunks(request, length):
                    arriving.write(chunk)
                    pulse.beat()
                arriving.seal()
                parts.replace(upload=upload, arriving=arriving)
                arriving.kept = True
            finally:
                arriving.discard()
        return HttpResponse(status=204)

    @contextmanager
    def whole(self, upload: UploadSession, renew: Renew) -> Iterator[Whole]:
        del renew
        part = upload.parts.first()
        if part is None:
            raise NotWhole(
                "No bytes were sent. Delete this upload, announce the file again, and send its bytes first."
            )
        yield Whole(part.object_id, part.size, upload.digests)
