"""A request's body, read in bounded pieces at the pace that ``pace`` asks for; one that is not whole is refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from django.conf import settings
from django.http import HttpRequest
from django.http.request import UnreadablePostError

from drafts.intake import pace
from drafts.intake.problems import Problem

CHUNK = 256 * 1024


@contextmanager
def admitted(request: HttpRequest) -> Iterator[None]:
    """Hold a place among the uploads for one request. Raises Problem (503) when there is none."""
    try:
        with pace.upload(request):
            yield
    except pace.TooMany as error:
        raise _too_many() from error


def length(request: HttpRequest) -> int:
    """Return the Content-Length in bytes. Raises Problem (411)."""
    said = request.headers.get("Content-Length", "")
    if not said.isdigit():
        raise Problem.one(
            411,
            "Length required",
            "no-content-length",
            "Send a Content-Length: chunked bodies are not taken.",
        )
    return int(said)


def chunks(request: BinaryIO | HttpRequest, left: int) -> Iterator[bytes]:
    """Yield the body, and refuse one that ends before its Content-Length: the client went away."""
    while left:
        try:
            chunk = request.read(min(CHUNK, left))
        except (UnreadablePostError, OSError) as error:
            raise (_too_slow() if pace.reason(error) else _cut_short()) from error
        if not chunk:
            raise _cut_short()
        left -= len(chunk)
        yield chunk


def too_large(limit: int) -> Problem:
    """Return the refusal of a file that is larger than ``limit`` bytes: of the room that is left, or of any one file."""
    message = (
        f"The file is larger than the {limit} bytes that this project can take now. Nothing was kept: "
        "cancel a draft to make room, or ask the operator for more."
    )
    if limit >= settings.FILE_SIZE_LIMIT:
        message = larger_than_any("The file")
    return Problem.one(413, "Too large", "file-too-large", message, source="content")


def larger_than_any(file: str) -> str:
    """Say that a file is larger than this server takes of one file, whatever room there is."""
    return (
        f"{file} is larger than the {settings.FILE_SIZE_LIMIT} bytes that one file may have here. Nothing was kept: "
        "make it smaller, or ask the operator for more."
    )


def more_than_announced(left: int) -> Problem:
    """Return the refusal of bytes of which an upload has only ``left`` to come."""
    return Problem.one(
        413,
        "Too large",
        "size-differs",
        f"More bytes came than the {left} that were still to come of the size that was announced. None of them was kept: "
        "send the file that was announced, or delete this upload and announce the file with its size.",
        source="content",
    )


def _cut_short() -> Problem:
    return Problem.one(
        400,
        "Broken upload",
        "body-cut-short",
        "The body ended before its Content-Length. Nothing was kept: send it again.",
    )


def _too_slow() -> Problem:
    return Problem.one(
        408,
        "Too slow",
        "body-too-slow",
        f"The body came slower than {settings.BODY_RATE // 1000} kB a second. Nothing was kept: send it again.",
    )


def _too_many() -> Problem:
    return Problem.one(
        503,
        "Busy",
        "too-many-uploads",
        "The server takes as many uploads at once as it can. Nothing was kept: send it again in a moment.",
        Retry_After=pace.RETRY_SECONDS,
    )
