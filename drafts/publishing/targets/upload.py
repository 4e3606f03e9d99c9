"""Uploading one file to an upstream index through twine's library, over the guarded client. Touches no database."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from django.conf import settings
from packaging.metadata import parse_email
from twine.package import PackageFile
from twine.repository import Repository

from drafts import outbound
from drafts.dist.names import FileType
from drafts.outbound import Guarded, Limits, Reply
from drafts.publishing.targets.places import Place
from drafts.storage import Kept, NoSuchObject, storage

_ANSWER = 1024 * 1024
_LEAST_SECONDS, _LEAST_RATE = 180.0, 50_000  # bytes a second, below which a line is given up
_IDLE_SECONDS = 90.0
_LONGEST_WORDS = 600
_WAITS = {408, 425, 429}
_OK = {200, 201}


@dataclass(frozen=True, slots=True)
class Parcel:
    """One file with all that its upload says: read from rows beforehand, so that sending needs no database."""

    filename: str
    filetype: str
    size: int
    sha256: str
    kept: Kept
    kept_metadata: Kept
    attestations: tuple[Any, ...] = ()


class Outcome(Exception):
    """How an upload that was not accepted ended; the text holds the upstream's words."""


class NotSent(Outcome):
    """Nothing of the file arrived; it may go better in a while."""


class Unclear(Outcome):
    """It was sent, and nobody knows whether it was taken."""


class Refused(Outcome):
    """The upstream index said no."""


class WrongBytes(Exception):
    """The bytes in storage are not those that were reviewed: nothing of them is sent."""


def send(place: Place, parcel: Parcel) -> str:
    """Upload one file, once; returns the upstream's words. Raises NotSent, Unclear, Refused, WrongBytes."""
    with _on_disk(parcel) as path:
        package = _package(path, parcel)
        if package.sha2_digest != parcel.sha256:
            raise WrongBytes(
                f"{parcel.filename} does not have the bytes that were reviewed (SHA-256 {parcel.sha256})."
            )
        response = _answered(place, parcel, package)
    return _judged(place, response)


def _answered(place: Place, parcel: Parcel, package: PackageFile) -> Reply:
    repository = Repository(place.upload_url, place.username, place.secret, disable_progress_bar=True)
    seconds = max(_LEAST_SECONDS, parcel.size / _LEAST_RATE)
    repository.session.trust_env = False  # neither proxies nor a .netrc
    for scheme in ("http://", "https://"):
        repository.session.mount(scheme, Guarded(Limits(_ANSWER, seconds=seconds, idle=_IDLE_SECONDS)))
    try:
        return repository.upload(package, max_redirects=1)
    except (outbound.Forbidden, outbound.NotConnected) as error:
        raise NotSent(str(error)) from error
    except outbound.OutboundError as error:
        raise Unclear(str(error)) from error
    finally:
        repository.close()


def _judged(place: Place, response: Reply) -> str:
    status = response.status_code
    said = f"{status} {words(response)}".strip()
    if status in _OK:
        return said
    if status in _WAITS:
        raise NotSent(f"{place.label} answered {said}")
    if response.is_redirect or 300 <= status < 400:  # noqa: PLR2004  HTTP's own numbers
        raise Refused(f"{place.label} redirects elsewhere ({status}): neither files nor credentials follow.")
    if status >= 500:  # noqa: PLR2004
        raise Unclear(f"{place.label} answered {said}")
    raise Refused(f"{place.label} answered {said}")


class _Text(HTMLParser):
    """The text of an answer in HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def words(response: Reply) -> str:
    """Return an upstream's own words, cut: the reason of its status line, and what its body says to people."""
    body, kind = response.text, response.headers.get("content-type", "")
    if "html" in kind or body.lstrip().startswith("<"):
        text = _Text()
        text.feed(body)
        body = " ".join(text.parts)
    elif "json" in kind:
        body = _told(response) or body
    said = " ".join(body.replace("\0", "").split())[:_LONGEST_WORDS]
    reason = " ".join(str(response.reason or "").replace("\0", "").split())[:200]
    return said if reason in said else f"{reason}: {said}" if said else reason


def _told(response: Reply) -> str:
    """Return what a problem document says (RFC 9457), or where another Presscheck has the file reviewed; else nothing."""
    try:
        document = response.json()
        told = (
            document.get("detail") or f"staged; published at {document['meta']['_presscheck']['review-url']}"
        )
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return ""
    return str(told)


def _package(path: Path, parcel: Parcel) -> PackageFile:
    """Describe a file as twine does, from the core metadata that was read at the door: no archive is opened here."""
    with storage().open_public(parcel.kept_metadata) as stored:
        raw, _ = parse_email(stored.read())
    if tuple(map(int, (raw.get("metadata_version") or "1.0").split("."))) < (2, 4):
        raw.pop("license_files", None)  # as twine does: old backends write it too early
    package = PackageFile(str(path), None, raw, _python(parcel), parcel.filetype)
    package.attestations = list(parcel.attestations) or None
    return package


def _python(parcel: Parcel) -> str:
    if parcel.filetype == FileType.SDIST:
        return "source"
    return parcel.filename.removesuffix(".whl").split("-")[-3]


@contextmanager
def _on_disk(parcel: Parcel) -> Iterator[Path]:
    """Give a file a path under its own name, in a folder of its own."""
    with tempfile.TemporaryDirectory(dir=settings.DATA_DIR) as folder:
        path = Path(folder) / parcel.filename
        local = storage().local_path(parcel.kept.object_id, parcel.kept.stored_as)
        try:
            if local is not None:
                path.symlink_to(local.resolve())
            else:
                with storage().open_public(parcel.kept) as stored, path.open("wb") as file:
                    shutil.copyfileobj(stored, file, _ANSWER)
            yield path
        except (NoSuchObject, FileNotFoundError) as error:
            raise WrongBytes(f"{parcel.filename} is not whole in the storage any more.") from error


def in_order(parcels: Sequence[Parcel]) -> list[Parcel]:
    """Return wheels first and the sdist last, so that no installer builds from it meanwhile."""
    return sorted(parcels, key=lambda one: (one.filetype == FileType.SDIST, one.filename))
