"""Pages of the Simple repository API 1.4 (PEP 503, 658, 691, 700, 714, 740, 792), rendered from plain values."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC
from enum import StrEnum
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

API_VERSION = "1.4"
RENDERER = 3  # rises whenever the same values give other bytes, so that stored pages are rendered anew
_WEIGHT = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")  # RFC 9110, section 12.4.2
_NAMES_AT_ONCE = 1000
_CLOSING = "</body>\n</html>\n"
_HEAD = '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'


class Format(StrEnum):
    """The content types of a page; the value is what stands in the Content-Type header."""

    HTML = "text/html"
    HTML_V1 = "application/vnd.pypi.simple.v1+html"
    JSON_V1 = "application/vnd.pypi.simple.v1+json"

    @property
    def is_json(self) -> bool:
        return self is Format.JSON_V1


_BY_NAME = {
    **{str(offer): offer for offer in Format},
    "application/vnd.pypi.simple.latest+html": Format.HTML_V1,
    "application/vnd.pypi.simple.latest+json": Format.JSON_V1,
}
# The last is the most welcome: what is named goes out as JSON, what a wildcard covers as browsers expect it.
_NAMED = (Format.HTML, Format.HTML_V1, Format.JSON_V1)
_PREFERENCE = {2: _NAMED, 1: _NAMED, 0: tuple(reversed(_NAMED))}


@dataclass(frozen=True, slots=True)
class SimpleFile:
    """One file of a page. ``size`` in bytes, ``upload_time`` aware, digests in hex.

    ``url`` is absolute or relative to the page, percent-encoded; ``metadata_sha256`` is that of ``{url}.metadata``.
    ``yanked`` is False, True, or the reason; ``provenance`` the URL of a PEP 740 provenance object.
    """

    filename: str
    url: str
    sha256: str
    size: int
    upload_time: datetime
    requires_python: str | None = None
    metadata_sha256: str | None = None
    yanked: str | bool = False
    provenance: str | None = None


@dataclass(frozen=True, slots=True)
class SimpleProject:
    """One project's page: normalised name, files and versions in the order they are shown.

    ``status`` is a PEP 792 marker. ``closed`` versions take no more files, ``late`` file names came more than a
    day after their release's first file; both are private keys of this index in JSON.
    """

    name: str
    files: tuple[SimpleFile, ...]
    versions: tuple[str, ...]
    status: str = "active"
    status_reason: str | None = None
    serial: int | None = None
    closed: tuple[str, ...] = ()
    late: tuple[str, ...] = ()


def render_json(project: SimpleProject) -> bytes:
    """Render a project's page as JSON (PEP 691 with the keys of PEP 700, 714, 740 and 792)."""
    status = {"status": project.status}
    if project.status_reason:
        status["reason"] = project.status_reason
    page = {
        "meta": _meta(project.serial),
        "name": project.name,
        "project-status": status,
        "versions": project.versions,
        "files": [_file_object(file) for file in project.files],
        "_presscheck": {"closed": project.closed, "late": project.late},
    }
    return _dumps(page).encode("ascii")


def render_html(project: SimpleProject) -> bytes:
    """Render a project's page as HTML (PEP 503 with the attributes of PEP 592, 658, 714, 740 and 792)."""
    metas = [
        ("pypi:repository-version", API_VERSION),
        ("pypi:project-status", project.status),
    ]
    if project.status_reason:
        metas.append(("pypi:project-status-reason", project.status_reason))
    title = f"Links for {project.name}"
    anchors = "".join(f"{_anchor(file)}<br>\n" for file in project.files)
    return f"{_opening(title, metas)}{anchors}{_CLOSING}".encode()


def render_root_json(names: Iterable[str], *, serial: int | None = None) -> Iterator[bytes]:
    """Render the list of projects as JSON, piece by piece; names are normalised."""
    yield f'{{"meta":{_dumps(_meta(serial))},"projects":['.encode("ascii")
    comma = ""
    for some in _in_pieces(names):
        yield (comma + ",".join(_dumps({"name": name}) for name in some)).encode("ascii")
        comma = ","
    yield b"]}"


def render_root_html(names: Iterable[str]) -> Iterator[bytes]:
    """Render the list of projects as HTML, piece by piece; links are relative to the page."""
    yield _opening("Simple index", [("pypi:repository-version", API_VERSION)]).encode()
    for some in _in_pieces(names):
        yield "".join(f'<a href="{escape(name)}/">{escape(name)}</a><br>\n' for name in some).encode()
    yield _CLOSING.encode()


def negotiate(accept: str | None, fmt: str | None) -> Format | None:
    """Choose a page's format from the Accept header and the ``format`` parameter (PEP 691, RFC 9110).

    The parameter wins over the header; neither means HTML. None means that nothing acceptable exists: 406.
    Between formats that a client likes equally, one it named goes before one that a wildcard covers.
    """
    if fmt:
        return _BY_NAME.get(fmt.replace(" ", "+").lower())  # an unescaped + arrives as a space
    if not accept or not accept.strip():
        return Format.HTML
    ranges = dict(_media_ranges(accept))
    best: tuple[float, int, int] = (0.0, 0, 0)
    chosen = None
    for name, offer in _BY_NAME.items():
        quality, precision = _quality(name, ranges)
        rank = (quality, precision, _PREFERENCE[precision].index(offer))
        if quality > 0 and rank > best:
            best, chosen = rank, offer
    return chosen


def _quality(name: str, ranges: dict[str, float]) -> tuple[float, int]:
    """Return the weight that a client gives a media type, and how precisely it named it: 2, 1 or 0."""
    for precision, pattern in ((2, name), (1, f"{name.partition('/')[0]}/*"), (0, "*/*")):
        if pattern in ranges:
            return ranges[pattern], precision
    return 0.0, 0


def _media_ranges(accept: str) -> Iterator[tuple[str, float]]:
    for element in accept.lower().split(","):
        media_range, *parameters = (part.strip() for part in element.split(";"))
        weights = [value for name, _, value in (part.partition("=") for part in parameters) if name == "q"]
        weight = weights[0] if weights else "1"
        if _WEIGHT.fullmatch(weight):
            yield media_range, float(weight)


def _meta(serial: int | None) -> dict[str, Any]:
    meta: dict[str, Any] = {"api-version": API_VERSION}
    if serial is not None:
        meta["_last-serial"] = serial
    return meta


def _file_object(file: SimpleFile) -> dict[str, Any]:
    metadata = {"sha256": file.metadata_sha256} if file.metadata_sha256 else False
    found: dict[str, Any] = {
        "filename": file.filename,
        "url": file.url,
        "hashes": {"sha256": file.sha256},
        "size": file.size,
        "upload-time": _moment(file.upload_time),
        "core-metadata": metadata,
        "dist-info-metadata": metadata,
        "yanked": file.yanked or file.yanked == "",
    }
    if file.requires_python:
        found["requires-python"] = file.requires_python
    if file.provenance:
        found["provenance"] = file.provenance
    return found


def _anchor(file: SimpleFile) -> str:
    attributes = {"href": f"{file.url}#sha256={file.sha256}"}
    if file.requires_python:
        attributes["data-requires-python"] = file.requires_python
    if file.metadata_sha256:
        attributes["data-core-metadata"] = f"sha256={file.metadata_sha256}"
        attributes["data-dist-info-metadata"] = f"sha256={file.metadata_sha256}"
    if file.yanked is not False:
        attributes["data-yanked"] = "" if file.yanked is True else file.yanked
    if file.provenance:
        attributes["data-provenance"] = file.provenance
    spelled = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
    return f"<a{spelled}>{escape(file.filename)}</a>"


def _moment(moment: datetime) -> str:
    """Spell an aware moment as PEP 700 wants it: UTC, ``Z``, microseconds where there are any."""
    if moment.tzinfo is None:
        raise ValueError("An upload time needs a time zone.")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _opening(title: str, metas: Iterable[tuple[str, str]]) -> str:
    spelled = "".join(f'<meta name="{name}" content="{escape(content)}">\n' for name, content in metas)
    heading = escape(title)
    return f"{_HEAD}{spelled}<title>{heading}</title>\n</head>\n<body>\n<h1>{heading}</h1>\n"


def _dumps(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _in_pieces(names: Iterable[str]) -> Iterator[list[str]]:
    piece: list[str] = []
    for name in names:
        piece.append(name)
        if len(piece) == _NAMES_AT_ONCE:
            yield piece
            piece = []
    if piece:
        yield piece
