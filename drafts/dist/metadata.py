"""Core metadata (METADATA, PKG-INFO): parsed by ``packaging``, kept as plain values."""

from __future__ import annotations

import re
from dataclasses import Field, dataclass, fields
from typing import TYPE_CHECKING, Any, cast, get_type_hints

from packaging.metadata import InvalidMetadata, Metadata, RawMetadata, parse_email
from packaging.utils import canonicalize_name
from packaging.version import Version

from .errors import BadDistribution, Code, Refusal, refuse_if_any, shown
from .limits import MAX_METADATA_ERRORS, MAX_METADATA_FIELDS, MAX_METADATA_LINES, MAX_METADATA_VALUE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .names import FileName

_UNKNOWN = "UNKNOWN"
_WITHDRAWN = "2.0"
_REQUIRED = ("metadata_version", "name", "version")
_MAX_VERSION_DIGITS = 5
_UNLIMITED = {"description", "license"}
# Fields that the parser sets aside when it cannot make one value of them.
_GIVEN_ONCE = {
    *(key.replace("_", "-") for key, kind in get_type_hints(RawMetadata).items() if kind is str),
    "keywords",
    "project-url",
}
_HUGE_NUMBER = re.compile(r"[0-9]{1001}")  # Python converts 4300 digits at most, and later than one thinks
_END_OF_HEADERS = re.compile(r"\n\n")
# Builders wrote these fields before the standard had them; in such files they bind nobody.
_BINDING_SINCE = {
    "dynamic": (2, 2),
    "license_expression": (2, 4),
    "license_files": (2, 4),
    "import_names": (2, 5),
    "import_namespaces": (2, 5),
}


@dataclass(frozen=True, slots=True)
class CoreMetadata:
    """The fields of one METADATA or PKG-INFO as their author wrote them; absent ones are None or empty.

    ``raw`` is the file byte for byte. Labels and addresses of ``project_urls`` are pairs in the file's order.
    """

    raw: bytes
    metadata_version: str
    name: str
    version: str
    summary: str | None
    description: str | None
    description_content_type: str | None
    requires_python: str | None
    requires_dist: tuple[str, ...]
    requires_external: tuple[str, ...]
    provides_extra: tuple[str, ...]
    license: str | None
    license_expression: str | None
    license_files: tuple[str, ...]
    classifiers: tuple[str, ...]
    keywords: tuple[str, ...]
    platforms: tuple[str, ...]
    dynamic: tuple[str, ...]
    home_page: str | None
    download_url: str | None
    project_urls: tuple[tuple[str, str], ...]
    author: str | None
    author_email: str | None
    maintainer: str | None
    maintainer_email: str | None


def parse_metadata(data: bytes) -> CoreMetadata:
    """Parse core metadata of the versions that ``packaging`` knows (1.0 to 2.6). Raises BadDistribution.

    Fields that the standard does not know, classifiers and direct URL requirements are not judged here.
    """
    text = _decode(data)
    refuse_if_any(_bounded(text))
    parsed, unparsed = parse_email(text)
    raw = _without_unknown(parsed)
    refuse_if_any([*_unreadable(unparsed), *_invalid(raw, unparsed)][:MAX_METADATA_ERRORS])
    return _core_metadata(data, raw)


def check_metadata(metadata: CoreMetadata, name: FileName) -> list[Refusal]:
    """Compare name and version inside a distribution with those of its file name."""
    refusals = []
    if canonicalize_name(metadata.name) != name.project:
        refusals.append(
            Refusal(
                Code.METADATA_NAME_DIFFERS,
                f"The metadata inside '{name.filename}' names the project '{shown(metadata.name)}'.",
            )
        )
    if Version(metadata.version) != name.version:
        refusals.append(
            Refusal(
                Code.METADATA_VERSION_DIFFERS,
                f"The metadata inside '{name.filename}' has the version {shown(metadata.version)}; "
                f"its file name says {name.version}.",
            )
        )
    return refusals


def _decode(data: bytes) -> str:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadDistribution(
            Code.BAD_METADATA, f"The metadata is not UTF-8: undecodable byte at position {error.start}."
        ) from error
    if "\0" in text:
        raise BadDistribution(
            Code.BAD_METADATA, f"The metadata has a NUL character at position {text.index(chr(0))}."
        )
    return text.removeprefix("\ufeff")


def _bounded(text: str) -> Iterator[Refusal]:
    """Refuse what would cost the e-mail parser time out of proportion: it nests MIME parts and rescans headers."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")
    head = _END_OF_HEADERS.split(lines, maxsplit=1)[0].split("\n")
    names = {line.partition(":")[0].lower() for line in head if ":" in line and line[:1] not in " \t"}
    if "content-type" in names:
        yield Refusal(
            Code.BAD_METADATA, "The metadata has a Content-Type field, which core metadata does not know."
        )
    if len(head) > MAX_METADATA_LINES or len(names) > MAX_METADATA_FIELDS:
        yield Refusal(
            Code.BAD_METADATA,
            f"The metadata has {len(head)} lines with {len(names)} different fields; "
            f"at most {MAX_METADATA_LINES} with {MAX_METADATA_FIELDS} are read.",
        )


def _without_unknown(parsed: RawMetadata) -> dict[str, Any]:
    """Drop what old builders wrote for an absent value: nothing, or the word UNKNOWN."""
    kept: dict[str, Any] = {}
    for key, value in parsed.items():
        present = value
        if isinstance(value, list):
            present = [item for item in value if _said(item)]
        elif isinstance(value, str) and not _said(value):
            present = None
        if present:
            kept[key] = present
    return kept


def _said(value: str) -> bool:
    return value.strip() not in {"", _UNKNOWN}


def _unreadable(unparsed: Mapping[str, list[str]]) -> Iterator[Refusal]:
    for field in sorted(_GIVEN_ONCE & set(unparsed)):
        yield Refusal(
            Code.BAD_METADATA, f"The metadata field {field.title()} is given twice or cannot be read."
        )


def _invalid(raw: Mapping[str, Any], unreadable: Iterable[str]) -> Iterator[Refusal]:
    metadata = Metadata.from_raw(cast("RawMetadata", dict(raw)), validate=False)
    since = _numbers(raw.get("metadata_version", ""))
    attributes = {*_REQUIRED, *raw} - {field.replace("-", "_") for field in unreadable}
    for attribute in sorted(attributes):
        if since < _BINDING_SINCE.get(attribute, since):
            continue
        value = raw.get(attribute)
        problem = _too_much(attribute, value) or _folded(attribute, value) or _problem(metadata, attribute)
        if attribute == "metadata_version" and raw.get(attribute) == _WITHDRAWN:
            problem = f"{problem} (PEP 426 was withdrawn); wheel 0.31 and newer write 2.1"
        if attribute in _REQUIRED and attribute not in raw:
            problem = f"{attribute.replace('_', '-')!r} is a required field"
        if problem:
            yield Refusal(Code.BAD_METADATA, f"The metadata is not valid: {shown(problem)}.")


def _problem(metadata: Metadata, attribute: str) -> str | None:
    """Let ``packaging`` judge one field; a deeply nested marker escapes its own errors."""
    try:
        getattr(metadata, attribute)
    except InvalidMetadata as error:
        return str(error)
    except (ValueError, RecursionError):
        return f"{attribute.replace('_', '-')!r} cannot be read"
    return None


def _too_much(attribute: str, value: object) -> str | None:
    if attribute in _UNLIMITED:
        return None
    parts = [value]
    if isinstance(value, list):
        parts = value
    elif isinstance(value, dict):
        parts = [*value, *value.values()]
    texts = [part for part in parts if isinstance(part, str)]
    if any(len(text) > MAX_METADATA_VALUE for text in texts):
        return f"{attribute.replace('_', '-')!r} holds more than {MAX_METADATA_VALUE} characters"
    if any(_HUGE_NUMBER.search(text) for text in texts):
        return f"{attribute.replace('_', '-')!r} holds a number of more than a thousand digits"
    return None


def _folded(attribute: str, value: object) -> str | None:
    """Find names and versions that go on in a second line: readers differ in what they make of that."""
    if attribute in _REQUIRED and isinstance(value, str) and len(value.splitlines()) > 1:
        return f"{attribute.replace('_', '-')!r} goes on in another line"
    return None


def _numbers(metadata_version: str) -> tuple[int, ...]:
    parts = metadata_version.split(".")
    return tuple(int(part) for part in parts if part.isdecimal() and len(part) < _MAX_VERSION_DIGITS)


def _core_metadata(data: bytes, raw: Mapping[str, Any]) -> CoreMetadata:
    plain = {key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()}
    plain["project_urls"] = tuple(raw.get("project_urls", {}).items())
    known: dict[str, Any] = {
        field.name: plain.get(field.name, _absent(field)) for field in fields(CoreMetadata)
    }
    return CoreMetadata(**{**known, "raw": data})


def _absent(field: Field[Any]) -> tuple[()] | None:
    return () if str(field.type).startswith("tuple") else None
