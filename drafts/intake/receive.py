"""A form from the socket to storage in one pass; memory does not grow with the file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.conf import settings
from django.http import HttpRequest
from multipart import (
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from drafts.dist import BadDistribution, FileName, parse_filename
from drafts.intake import body
from drafts.intake.arrival import Upload
from drafts.intake.problems import Finding, Problem

_HEADER_LIMIT = 16 * 1024
_DROPPED = {"gpg_signature"}  # a file that twine and pdm may send beside; nothing reads it


@dataclass
class Form:
    """A multipart form that was read: text fields in order, files, and what was wrong with it."""

    fields: dict[str, list[str]] = field(default_factory=dict)
    uploads: list[Upload] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def upload(self) -> Upload | None:
        """Return the file; the first, where a browser sent several."""
        return self.uploads[0] if self.uploads else None

    def one(self, name: str) -> str:
        """Return a field's first value; ``UNKNOWN`` counts as absent."""
        value = self.fields.get(name, [""])[0].strip()
        return "" if value == "UNKNOWN" else value


@contextmanager
def form(
    request: HttpRequest, *, limit: int, most: int = 1, named: Callable[[FileName], None] | None = None
) -> Iterator[Form]:
    """Read a request's form, ``content`` going to storage: ``most`` files, ``limit`` bytes together.

    ``named`` is called with each file's name before its bytes are read, and may raise. Raises Problem for a body that is no whole multipart form (RFC 7578), and discards the bytes unless a row was
    written by the time the block ends.
    """
    read = Form()
    try:
        with body.admitted(request):
            _read(request, _FormReader(read, limit, most, named), limit)
            yield read
    finally:
        for upload in read.uploads:
            upload.discard()


def _length_and_boundary(request: HttpRequest) -> tuple[int, str]:
    kind, options = parse_options_header(request.headers.get("Content-Type", ""))
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise Problem.one(
            400, "Not an upload", "not-multipart", "The request must be multipart/form-data with a boundary."
        )
    return body.length(request), options["boundary"]


def _read(request: HttpRequest, reader: "_FormReader", limit: int) -> None:
    length, boundary = _length_and_boundary(request)
    if length > limit + settings.FORM_MEMORY_LIMIT:
        raise body.too_large(limit)
    try:
        with PushMultipartParser(
            boundary,
            content_length=length,
            max_header_size=_HEADER_LIMIT,
            max_segment_count=settings.FORM_FIELDS_LIMIT,
        ) as parser:
            for chunk in body.chunks(request, length):
                for event in parser.parse(chunk):
                    reader.take(event)
    except ParserLimitReached as error:
        raise Problem.one(413, "Too much", "form-too-large", f"The form is too large: {error}.") from error
    except MultipartError as error:
        raise Problem.one(
            400, "Broken upload", "broken-form", f"The form is not whole: {error}. Nothing was kept."
        ) from error


class _FormReader:
    """Takes the parser's events: a segment, its bytes, None at its end."""

    def __init__(
        self, read: Form, limit: int, most: int, named: Callable[[FileName], None] | None = None
    ) -> None:
        self._form = read
        self._limit = limit
        self._most = most
        self._named = named
        self._upload: Upload | None = None
        self._segment: MultipartSegment | None = None
        self._text = bytearray()
        self._memory = 0

    def take(self, event: MultipartSegment | bytes | bytearray | None) -> None:
        if event is None:
            self._end()
        elif isinstance(event, MultipartSegment):
            self._begin(event)
        else:
            self._bytes(event)

    def _begin(self, segment: MultipartSegment) -> None:
        self._segment, self._text, self._upload = segment, bytearray(), None
        is_file = segment.filename is not None
        if is_file and segment.name in _DROPPED:
            return
        if is_file and segment.name != "content":
            self._wrong(
                segment.name, f"The field '{segment.name[:60]}' must be text, not a file.", "field-is-a-file"
            )
        elif is_file and len(self._form.uploads) == self._most:
            self._wrong("content", f"There are more files in the form than {self._most}.", "too-many-files")
        elif is_file:
            self._file(segment.filename or "")
        elif segment.name == "content":
            self._wrong("content", "The field 'content' must be a file with a file name.", "content-is-text")

    def _file(self, filename: str) -> None:
        try:
            name = parse_filename(filename)
        except BadDistribution as error:
            self._form.findings += Problem.of(error).errors
            return
        if self._named is not None:
            self._named(name)
        self._upload = Upload(name)
        self._form.uploads.append(self._upload)

    def _wrong(self, source: str, message: str, code: str) -> None:
        self._form.findings.append(Finding(source, message, code))

    def _bytes(self, data: bytes | bytearray) -> None:
        assert self._segment is not None
        if self._segment.filename is not None:
            if self._upload is not None:
                if sum(upload.size for upload in self._form.uploads) + len(data) > self._limit:
                    raise body.too_large(self._limit)
                self._upload.write(data)
            if self._segment.name not in _DROPPED:
                return
        self._memory += len(data)
        if self._memory > settings.FORM_MEMORY_LIMIT:
            raise Problem.one(
                413, "Too much", "form-too-large", "The form's text fields are larger than 8 MiB together."
            )
        if self._segment.filename is None:
            self._text += data

    def _end(self) -> None:
        segment, self._segment = self._segment, None
        if segment is None or segment.filename is not None:
            return
        try:
            text = self._text.decode()
        except UnicodeDecodeError:
            self._wrong(segment.name[:60], f"The field '{segment.name[:60]}' is not UTF-8.", "field-not-utf8")
            return
        self._form.fields.setdefault(segment.name, []).append(text)
