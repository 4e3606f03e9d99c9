"""Request bodies written by hand, right by default, so that a test can break one thing; and a stream that counts."""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from django.conf import settings
from django.test import Client

from drafts.inspection.keeping import OBJECT_NAME
from drafts.storage import NoSuchObject, storage
from tests import wheels

BOUNDARY = "a-boundary-of-the-tests"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"
Part = tuple[str, bytes]


def text(name: str, value: str | bytes) -> Part:
    """A text field."""
    return f'form-data; name="{name}"', value if isinstance(value, bytes) else value.encode()


def file(name: str, built: wheels.Built) -> Part:
    """A field with a file."""
    return f'form-data; name="{name}"; filename="{built.filename}"', built.data


def parts(built: wheels.Built, **changes: str | bytes | None) -> list[Part]:
    """The parts of a right upload of a sampleproject 1.0 wheel; ``changes`` replace fields, None leaves one out."""
    fields: dict[str, str | bytes | None] = {
        ":action": "file_upload",
        "protocol_version": "1",
        "name": "sampleproject",
        "version": "1.0",
        "filetype": "bdist_wheel",
        "metadata_version": "2.1",
        "sha256_digest": built.sha256,
        **changes,
    }
    return [
        *(text(name, value) for name, value in fields.items() if value is not None),
        file("content", built),
    ]


def spelled(form: Iterable[Part], *, closing: bool = True) -> bytes:
    """The body of a multipart form (RFC 7578)."""
    body = b"".join(
        f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + data + b"\r\n"
        for disposition, data in form
    )
    return body + (f"--{BOUNDARY}--\r\n".encode() if closing else b"")


class Stream:
    """A socket's side of a request: hands out ``data`` (then ``more`` zeros) and notes how it was read."""

    def __init__(self, data: bytes, more: int = 0, tail: bytes = b"") -> None:
        self._data, self._more, self._tail = data, more, tail
        self.taken = self.largest = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "the whole body was asked for at once"
        chunk = self._data[:size]
        self._data = self._data[size:]
        if not chunk and self._more:
            chunk = bytes(min(size, self._more))
            self._more -= len(chunk)
        if not chunk:
            chunk, self._tail = self._tail[:size], self._tail[size:]
        self.taken += len(chunk)
        self.largest = max(self.largest, size)
        return chunk

    def readline(self, size: int = -1) -> bytes:
        raise AssertionError("an upload is read in chunks, not in lines")


def post(stream: Stream, length: int | str | None, authorization: str, *, content_type: str = CONTENT_TYPE):
    """Post a stream to /legacy/ as a server hands it to Django, with a Content-Length that may lie."""
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/legacy/",
        "CONTENT_TYPE": content_type,
        "HTTP_AUTHORIZATION": authorization,
        "wsgi.input": stream,
    }
    if length is not None:
        environ["CONTENT_LENGTH"] = str(length)
    return Client().request(**environ)


def post_form(form: Iterable[Part], authorization: str):
    """Post a whole form to /legacy/."""
    body = spelled(form)
    return post(Stream(body), len(body), authorization)


def stored() -> set[str]:
    """The ids of all objects, but for what inspections kept: they come after a file, and here at once."""
    return {object_id for object_id, _ in storage().objects()} - _inspections()


def _inspections() -> set[str]:
    """The ids of what inspections kept, by one look at all names: a bucket is never emptied, and fills."""
    if settings.PRESSCHECK_S3_BUCKET:
        keys = [key for key, _ in storage()._keys("staged/")]
        return {key.split("/")[1] for key in keys if key.endswith(f"/{OBJECT_NAME}")}
    return {path.parent.name for path in Path(settings.STORAGE_DIR).glob(f"??/*/{OBJECT_NAME}")}


@cache
def is_inspection(object_id: str) -> bool:
    """Whether an object is what an inspection kept. A bucket is asked once for each."""
    try:
        storage().open(object_id, OBJECT_NAME).close()
    except NoSuchObject:
        return False
    return True


def codes(response) -> set[str]:
    """The codes of a problem document, whose shape is checked on the way (RFC 9457; what twine and uv show)."""
    assert response["Content-Type"] == "application/problem+json"
    body = json.loads(response.content)
    assert body["status"] == response.status_code
    assert {"type", "title", "detail", "details", "code", "meta", "errors"} <= body.keys()
    assert all(error.keys() == {"source", "message", "code"} for error in body["errors"])
    assert all(error["message"] in body["detail"] for error in body["errors"])
    assert body["code"] == body["errors"][0]["code"]
    reason = response.reason_phrase
    assert reason.isascii()
    assert reason.isprintable()
    assert 0 < len(reason) <= 510
    return {error["code"] for error in body["errors"]}


def headers(response) -> dict[str, str]:
    """The headers of an answer, but for what the clock alone decides."""
    return {name: value for name, value in response.items() if name not in {"Date", "Expires"}}
