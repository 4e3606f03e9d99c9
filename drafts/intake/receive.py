"""A form from the socket to storage in one pass; memory does not grow with the file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial

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


def _never(_filename: str, _sha256: str) -> int:
    return 0


def _any_name(_name: FileName) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a form may bring: so many bytes of so many files together, and beside that what is there already.

    ``again(filename, sha256)`` returns the size in bytes of the file of this name, and where it was announced of this
    SHA-256, that is there already, else 0. ``named`` is called with each file's name before its bytes are read; it may
    raise, or return the limits that this name has.
    """

    bytes: int
    most: int = 1
    again: Callable[[str, str], int] = _never
    named: Callable[[FileName], "Limits | None"] = _any_name


@contextmanager
def form(request: HttpRequest, limits: Limits) -> Iterator[Form]:
    """Read a request's form, ``content`` going to storage.

    What ``again`` knows may come beside the limit, up to its size, so that it can be found equal. Raises Problem for a
    body that is no whole multipart form (RFC 7578), and discards the bytes unless a row was written by the time the
    block ends.
    """
    read = Form()
    try:
        with body.admitted(request):
            _read(request, read, limits)
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


def _read(request: HttpRequest, read: Form, limits: Limits) -> None:
    length, boundary = _length_and_boundary(request)
    if length > settings.FILE_SIZE_LIMIT + settings.FORM_MEMORY_LIMIT:
        raise body.too_large(limits.bytes)
    reader = _FormReader(read, limits, length)
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
    """Takes the parser's events of a form of ``length`` bytes: a segment, its bytes, None at its end."""

    def __init__(self, read: Form, limits: Limits, length: int) -> None:
        self._form = read
        self._limits = limits
        self._length = length
        self._again: dict[str, Callable[[], int]] = {}  # by name; asked only where there is no room
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
        elif is_file and len(self._form.uploads) == self._limits.most:
            self._wrong(
                "content", f"There are more files in the form than {self._limits.most}.", "too-many-files"
            )
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
        self._limits = self._limits.named(name) or self._limits
        sha256 = self._form.one("sha256_digest").lower()
        is_twice = name.filename in self._again  # which counts as new
        again = partial(_never if is_twice else self._limits.again, name.filename, sha256)
        self._again[name.filename] = cache(again)
        if self._is_long() and not self._again[name.filename]():
            raise body.too_large(self._limits.bytes)
        self._upload = Upload(name)
        self._form.uploads.append(self._upload)

    def _is_long(self) -> bool:
        """Say whether the form's one file cannot fit, unless it comes again."""
        return self._limits.most == 1 and self._length > self._limits.bytes + settings.FORM_MEMORY_LIMIT

    def _must_fit(self, more: int) -> None:
        """Raise Problem when the files that are not as large as what is there already are too large together."""
        sizes = [
            (upload.filename, upload.size + (more if upload is self._upload else 0))
            for upload in self._form.uploads
        ]
        if sum(size for _, size in sizes) <= self._limits.bytes:
            return
        new = (size for filename, size in sizes if size > self._again[filename]())
        if sum(new) > self._limits.bytes:
            raise body.too_large(self._limits.bytes)

    def _wrong(self, source: str, message: str, code: str) -> None:
        self._form.findings.append(Finding(source, message, code))

    def _bytes(self, data: bytes | bytearray) -> None:
        assert self._segment is not None
        if self._segment.filename is not None:
            if self._upload is not None:
                self._must_fit(len(data))
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
