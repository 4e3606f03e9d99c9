"""What an upstream index lists of a project: its Simple API, JSON or HTML, read as a stranger's answer."""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from drafts import outbound
from drafts.outbound import Answer, Limits
from drafts.publishing.targets.places import Place, same_origin

_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_PAGE = Limits(size=64 * 1024**2, seconds=60)
_FILE = Limits(size=4 * 1024**3, seconds=1800, idle=60)
_FRESH = {"Cache-Control": "no-cache"}
_OK, _NOT_FOUND = 200, 404


class NotRead(Exception):
    """The upstream index did not say what it lists; the text says why. It may go better in a while."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One file as an upstream index lists it; ``sha256`` is empty where it names another digest or none."""

    filename: str
    url: str
    sha256: str = ""
    uploaded_at: str = ""
    attested: bool = False


def read(place: Place, project: str) -> dict[str, Listed]:
    """Return what an upstream index lists of a project, by file name; nothing for one it does not know. Raises NotRead."""
    url = f"{place.index_url}{project}/"
    try:
        with _asked(place, url, _PAGE) as answer:
            if answer.status == _NOT_FOUND:
                return {}
            if answer.status != _OK:
                raise NotRead(f"{place.label} answered {answer.status} when asked which files it lists.")
            kind, body, base = answer.headers.get("content-type", ""), answer.read(), answer.address.url
    except outbound.OutboundError as error:
        raise NotRead(f"{place.label} did not say which files it lists. {error}") from error
    found = _json(body, base) if "json" in kind else _html(body, base)
    if found is None:
        raise NotRead(f"What {place.label} answers at {url} is no page of a package index.")
    return {one.filename: one for one in found}


def digest(place: Place, listed: Listed) -> str:
    """Return the SHA-256 of a listed file: as it is listed, else of its bytes. Raises NotRead."""
    if listed.sha256:
        return listed.sha256
    found = hashlib.sha256()
    try:
        with _asked(place, listed.url, _FILE) as answer:
            if answer.status != _OK:
                raise NotRead(f"{place.label} answered {answer.status} when asked for {listed.filename}.")
            for chunk in answer.chunks():
                found.update(chunk)
    except outbound.OutboundError as error:
        raise NotRead(f"{listed.filename} could not be read back from {place.label}. {error}") from error
    return found.hexdigest()


@contextmanager
def _asked(place: Place, url: str, limits: Limits) -> Iterator[Answer]:
    """Ask with the upload's credentials where the same server answers; over a redirect they never go elsewhere."""
    login: Mapping[str, str] = {}
    if place.secret and same_origin(url, place.upload_url) and not place.is_known:
        pair = base64.b64encode(f"{place.username}:{place.secret}".encode()).decode()
        login = {"Authorization": f"Basic {pair}"}
    headers = {"Accept": _ACCEPT, **_FRESH}
    with outbound.get(url, limits=limits, headers=headers, credentials=login) as answer:
        yield answer


def _json(body: bytes, base: str) -> list[Listed] | None:
    """Read a page in JSON (PEP 691); None for what is none."""
    try:
        files = json.loads(body)["files"]
        return [_listed(one, base) for one in files]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _listed(one: dict[str, Any], base: str) -> Listed:
    sha256 = one.get("hashes", {}).get("sha256", "")
    return Listed(
        filename=str(one["filename"]),
        url=urljoin(base, str(one["url"])),
        sha256=str(sha256).lower(),
        uploaded_at=str(one.get("upload-time") or ""),
        attested=bool(one.get("provenance")),
    )


class _Anchors(HTMLParser):
    """The addresses that a page in HTML links to (PEP 503)."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base, self.found = base, list[Listed]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        href = told.get("href")
        if tag != "a" or not href:
            return
        url, fragment = urldefrag(urljoin(self._base, href))
        name = unquote(urlsplit(url).path.rpartition("/")[2])
        algorithm, _, value = fragment.partition("=")
        sha256 = value.lower() if algorithm == "sha256" else ""
        if name.endswith((".whl", ".tar.gz", ".zip")):
            self.found.append(Listed(name, url, sha256, attested="data-provenance" in told))


def _html(body: bytes, base: str) -> list[Listed] | None:
    """Read a page in HTML; None for what is none."""
    anchors = _Anchors(base)
    try:
        anchors.feed(body.decode("utf-8", "replace"))
        anchors.close()
    except (ValueError, AssertionError):  # what the standard library's parser raises of odd declarations
        return None
    return anchors.found
