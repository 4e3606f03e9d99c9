"""Why a distribution is refused: stable codes, and sentences for the person who uploaded it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Self

from .limits import MAX_REFUSALS_OF_A_KIND

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_LONGEST_SHOWN = 120


class Code(StrEnum):
    """Stable codes of refusals; they leave the program in problem documents and pages."""

    # The file's name.
    BAD_FILENAME = "bad-filename"
    BAD_EXTENSION = "bad-extension"
    BAD_WHEEL_FILENAME = "bad-wheel-filename"
    BAD_SDIST_FILENAME = "bad-sdist-filename"
    WRONG_PROJECT = "wrong-project"
    WRONG_VERSION = "wrong-version"
    LOCAL_VERSION = "local-version"
    # Any archive.
    EMPTY_FILE = "empty-file"
    TOO_MANY_MEMBERS = "too-many-members"
    INFLATES_TOO_MUCH = "inflates-too-much"
    BAD_MEMBER_NAME = "bad-member-name"
    DUPLICATE_MEMBER = "duplicate-member"
    BAD_MEMBER_DATA = "bad-member-data"
    # The ZIP archive of a wheel.
    NOT_A_ZIP = "not-a-zip"
    ZIP_FRAMING = "zip-framing"
    ZIP_COMMENT = "zip-comment"
    ZIP_ENCRYPTED = "zip-encrypted"
    ZIP_DATA_DESCRIPTOR = "zip-data-descriptor"
    ZIP_FEATURE = "zip-feature"
    ZIP_SPECIAL_FILE = "zip-special-file"
    # The .dist-info of a wheel.
    BAD_DIST_INFO = "bad-dist-info"
    MISSING_MEMBER = "missing-member"
    BAD_WHEEL_FILE = "bad-wheel-file"
    BAD_RECORD = "bad-record"
    # The tar archive of a sdist.
    NOT_GZIP = "not-gzip"
    GZIP_FEATURE = "gzip-feature"
    TRAILING_BYTES = "trailing-bytes"
    BAD_TAR = "bad-tar"
    TAR_LINK = "tar-link"
    TAR_SPECIAL_FILE = "tar-special-file"
    OUTSIDE_FOLDER = "outside-folder"
    BAD_PKG_INFO = "bad-pkg-info"
    # Core metadata.
    METADATA_TOO_LARGE = "metadata-too-large"
    BAD_METADATA = "bad-metadata"
    METADATA_NAME_DIFFERS = "metadata-name-differs"
    METADATA_VERSION_DIFFERS = "metadata-version-differs"


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason why a file cannot be taken: a stable code and an ASCII sentence."""

    code: Code
    message: str


class BadDistribution(Exception):
    """A file that is not an acceptable distribution.

    ``code`` and ``message`` are those of the first refusal; ``refusals`` holds all that were found.
    """

    def __init__(self, code: Code, message: str, refusals: Sequence[Refusal] = ()) -> None:
        super().__init__(code, message, refusals)
        self.code = code
        self.message = message
        self.refusals: tuple[Refusal, ...] = tuple(refusals) or (Refusal(code, message),)

    def __str__(self) -> str:
        return self.message

    @classmethod
    def because(cls, refusals: Sequence[Refusal]) -> Self:
        """Make one exception of all refusals, of which there is at least one."""
        return cls(refusals[0].code, refusals[0].message, tuple(refusals))


class Findings:
    """Refusals gathered while reading goes on, so that an uploader is told all of them at once."""

    def __init__(self) -> None:
        self._found: list[Refusal] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, refusals: Iterable[Refusal]) -> bool:
        """Keep the first few of one kind of refusals; say whether there was any."""
        kept = list(islice(refusals, MAX_REFUSALS_OF_A_KIND))
        self._found += kept
        return bool(kept)

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Keep what is refused inside the block, and go on after it."""
        try:
            yield
        except BadDistribution as error:
            self._found += error.refusals

    def refuse(self) -> None:
        """Raise BadDistribution with all that was found, if anything was."""
        if self._found:
            raise BadDistribution.because(self._found)


def refuse_if_any(refusals: Iterable[Refusal]) -> None:
    """Raise BadDistribution with all the refusals, if there are any."""
    found = list(refusals)
    if found:
        raise BadDistribution.because(found)


def shown(text: str) -> str:
    """Spell untrusted text so that it is safe in a sentence: printable ASCII, at most 120 characters.

    Refusals travel in HTTP reason phrases, which hold Latin-1 on one line.
    """
    cut = text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "..."
    ascii_only = cut.encode("ascii", "backslashreplace").decode("ascii")
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in ascii_only)
