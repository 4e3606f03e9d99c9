"""Bytes of one file as an HTTP answer: HEAD, Range (RFC 9110), ETag, and nothing a browser would run."""

import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from django.conf import settings
from django.http import (
    FileResponse,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.utils.http import parse_etags

from drafts.index.pages import public_url
from drafts.storage import METADATA, Kept, StorageDown, opened, storage

_CHUNK = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})\Z")
SANDBOX = "sandbox; default-src 'none'"
IMMUTABLE = "max-age=31536000, immutable, public"
REDIRECT = "max-age=60, public"
PRIVATE = "private, no-store"


@dataclass(frozen=True, slots=True)
class Served:
    """What is sent: where it lies (with a public id only when published), its size in bytes, its SHA-256."""

    kept: Kept
    size: int
    sha256: str


def answer(request: HttpRequest, served: Served) -> HttpResponseBase:
    """Send an object, whole or the one range that was asked for."""
    etag = f'"{served.sha256}"'
    if is_known(request, etag):
        return _with_headers(HttpResponse(status=304), served, etag)
    if request.method == "GET" and (elsewhere := _elsewhere(served)):
        return elsewhere
    if settings.PRESSCHECK_ACCEL:
        return _with_headers(_handed_over(served), served, etag)
    span = _span(request, served.size, etag)
    if span is None:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{served.size}"})
    start, stop = span
    response: HttpResponseBase
    if request.method == "HEAD":
        response = HttpResponse()
        response["Content-Length"] = str(stop - start)
    else:
        response = _body(served, start, stop)
    if (start, stop) != (0, served.size):
        response.status_code = 206
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{served.size}"
    return _with_headers(response, served, etag)


def _elsewhere(served: Served) -> HttpResponseBase | None:
    """Return the way to the bytes where another server has them; METADATA, which is small, is sent from here.

    Who may be told is decided by then. The address of a published file on a CDN is no secret; any other ends after a
    minute, so nothing keeps this answer.
    """
    kept = served.kept
    if kept.stored_as == METADATA:
        return None
    if kept.public_id and settings.PRESSCHECK_S3_BUCKET and settings.PRESSCHECK_FILES_URL:
        response = HttpResponseRedirect(public_url(kept.public_id, kept.filename))
        response["Cache-Control"] = REDIRECT
        return response
    address = storage().address(kept, cache_control=IMMUTABLE if kept.public_id else PRIVATE)
    if address is None:
        return None
    response = HttpResponseRedirect(address)
    response["Cache-Control"] = PRIVATE
    return response


def _handed_over(served: Served) -> HttpResponse:
    """Tell nginx where the bytes lie: it sends them, or the range that was asked for, and answers HEAD alike."""
    kept = served.kept
    response = HttpResponse()
    response["X-Accel-Redirect"] = (
        f"{settings.PRESSCHECK_ACCEL}/{kept.object_id[:2]}/{kept.object_id}/{kept.stored_as}"
    )
    return response


def is_known(request: HttpRequest, etag: str) -> bool:
    """Say whether the client has it already: If-None-Match compares weakly (RFC 9110, section 13.1.2)."""
    tags = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in tags or etag in (tag.removeprefix("W/") for tag in tags)


def _span(request: HttpRequest, size: int, etag: str) -> tuple[int, int] | None:
    """Return what to send as [start, stop); None when the range lies outside (RFC 9110, section 14).

    HEAD, several ranges, and what is no range: the whole file.
    """
    match = _RANGE.match(request.headers.get("Range", "")) if request.method == "GET" else None
    if not match or not any(match.groups()) or request.headers.get("If-Range", etag) != etag:
        return 0, size
    first, last = match.groups()
    if first and last and int(last) < int(first):
        return 0, size
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1 if last else size)
    return (start, stop) if start < stop else None


def _body(served: Served, start: int, stop: int) -> HttpResponseBase:
    response: HttpResponseBase
    file = _opened(served)
    if (start, stop) == (0, served.size):
        response = FileResponse(file)
    else:
        response = StreamingHttpResponse(_slice(file, start, stop))
    response["Content-Length"] = str(stop - start)
    return response


def _opened(served: Served) -> BinaryIO:
    """Open an object; METADATA, which is small and which installers decide by, is hashed first. Raises StorageDown."""
    file = opened(served.kept)
    if served.kept.stored_as != METADATA:
        return file
    with file:
        data = file.read()
    if (len(data), hashlib.sha256(data).hexdigest()) != (served.size, served.sha256):
        raise StorageDown("the store of files sent other bytes than were kept: the operator must look")
    return io.BytesIO(data)


def _slice(file: BinaryIO, start: int, stop: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        left = stop - start
        while left and (chunk := file.read(min(_CHUNK, left))):
            left -= len(chunk)
            yield chunk


def _with_headers(response: HttpResponseBase, served: Served, etag: str) -> HttpResponseBase:
    response["ETag"] = etag
    response["Accept-Ranges"] = "bytes"
    response["Content-Type"] = served.kept.content_type
    response["Content-Disposition"] = served.kept.content_disposition
    response["Content-Security-Policy"] = SANDBOX
    response["X-Content-Type-Options"] = "nosniff"
    return response
