"""File names of wheels and source distributions: what they say, and which two are the same."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from math import prod
from typing import TYPE_CHECKING

from packaging.utils import (
    BuildTag,
    InvalidName,
    InvalidSdistFilename,
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from .errors import BadDistribution, Code, Refusal, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.tags import Tag
    from packaging.version import Version

MAX_FILENAME_BYTES = 250
_MAX_TAGS = 250  # a compressed tag set multiplies: 250 bytes can spell 60 000 tags
_MAX_IDENTITY = 200
_WHEEL = ".whl"
_SDIST = ".tar.gz"
_SPELLING = re.compile(r"[A-Za-z0-9._+!-]+")
_TAG_SPELLING = re.compile(r"[A-Za-z0-9_.-]+")
_SDIST_NAME = re.compile(r"[A-Za-z0-9]+(?:[._][A-Za-z0-9]+)*")
_WHEEL_FORM = "Expected NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl."
_SDIST_FORM = "Expected NAME-VERSION.tar.gz (PEP 625), with underscores in NAME instead of dashes."


class FileType(StrEnum):
    """Kinds of distributions, spelled as the upload API spells them."""

    WHEEL = "bdist_wheel"
    SDIST = "sdist"


@dataclass(frozen=True, slots=True)
class FileName:
    """A distribution's file name, taken apart.

    ``project`` is normalised (PEP 503). ``identity`` spells build number and expanded tag set (or ``sdist``)
    in one canonical way, at most 200 characters: of one release, two names with equal identity are the same file.
    """

    filename: str
    filetype: FileType
    project: NormalizedName
    version: Version
    build: BuildTag
    tags: frozenset[Tag]
    identity: str

    @property
    def stem(self) -> str:
        """NAME-VERSION as this file name spells it: the start of ``.dist-info`` and the sdist's folder."""
        if self.filetype is FileType.SDIST:
            return self.filename.removesuffix(_SDIST)
        return "-".join(self.filename.split("-", 2)[:2])

    @property
    def spellings(self) -> tuple[str, ...]:
        """The normalised file names this one stands for: of a wheel one for each tag of its compressed tag set."""
        stem = f"{self.project.replace('-', '_')}-{self.version}"
        if self.filetype is FileType.SDIST:
            return (f"{stem}{_SDIST}",)
        build = "".join(map(str, self.build)).lower()
        stem = f"{stem}-{build}" if build else stem
        return tuple(sorted(f"{stem}-{tag}{_WHEEL}" for tag in self.tags))

    def unlike(self, patterns: Sequence[str]) -> str | None:
        """Return a spelling that none of these shell patterns matches; None when all are matched.

        Every spelling has to match, so that a wheel for macOS and Linux is not let in by a pattern for macOS.
        """
        for spelling in self.spellings:
            if not any(fnmatchcase(spelling, pattern) for pattern in patterns):
                return spelling
        return None


def parse_filename(filename: str) -> FileName:
    """Take a wheel's or sdist's file name apart. Raises BadDistribution.

    Wheels follow the binary distribution format, sdists PEP 625 (dots and capitals, which some build
    back-ends leave in the name, are read as what they normalise to; the version may be spelled in any way).
    """
    _check_spelling(filename)
    if filename.endswith(_WHEEL):
        return _parse_wheel(filename)
    if filename.endswith(_SDIST):
        return _parse_sdist(filename)
    raise BadDistribution(
        Code.BAD_EXTENSION, f"'{filename}' is neither a wheel (.whl) nor a source distribution (.tar.gz)."
    )


def check_name(name: FileName, *, project: str, version: Version, local_allowed: bool) -> list[Refusal]:
    """Compare a file name with the project and the release it is meant for (1.0 equals 1.0.0)."""
    refusals = []
    if name.project != canonicalize_name(project):
        refusals.append(
            Refusal(
                Code.WRONG_PROJECT,
                f"'{name.filename}' belongs to the project '{name.project}', not to '{shown(project)}'.",
            )
        )
    if name.version != version:
        refusals.append(
            Refusal(
                Code.WRONG_VERSION,
                f"'{name.filename}' has the version {name.version}, but the release is {version}.",
            )
        )
    if name.version.local and not local_allowed:
        refusals.append(
            Refusal(
                Code.LOCAL_VERSION,
                f"'{name.filename}' has a local version (+{name.version.local}), which this project does not take.",
            )
        )
    return refusals


def _check_spelling(filename: str) -> None:
    if len(filename.encode("utf-8", "surrogatepass")) > MAX_FILENAME_BYTES:
        raise BadDistribution(
            Code.BAD_FILENAME,
            f"The file name '{shown(filename)}' is longer than {MAX_FILENAME_BYTES} bytes.",
        )
    if not _SPELLING.fullmatch(filename):
        raise BadDistribution(
            Code.BAD_FILENAME,
            f"The file name '{shown(filename)}' may hold only ASCII letters, digits and . _ + ! - .",
        )


def _parse_wheel(filename: str) -> FileName:
    _check_tag_set(filename)
    try:
        project, version, build, tags = parse_wheel_filename(filename)
        canonicalize_name(filename.partition("-")[0], validate=True)
    except (InvalidWheelFilename, InvalidName) as error:
        raise BadDistribution(Code.BAD_WHEEL_FILENAME, f"{error}. {_WHEEL_FORM}") from error
    identity = _identity(build, tags)
    return FileName(filename, FileType.WHEEL, project, version, build, tags, identity)


def _check_tag_set(filename: str) -> None:
    tag_set = filename.removesuffix(_WHEEL).rsplit("-", 3)[1:]
    if not all(_TAG_SPELLING.fullmatch(component) for component in tag_set):
        raise BadDistribution(
            Code.BAD_WHEEL_FILENAME,
            f"The tags in '{filename}' may hold only letters, digits, dots and underscores. {_WHEEL_FORM}",
        )
    if prod(component.count(".") + 1 for component in tag_set) > _MAX_TAGS:
        raise BadDistribution(
            Code.BAD_WHEEL_FILENAME, f"The tags in '{filename}' stand for more than {_MAX_TAGS} combinations."
        )


def _parse_sdist(filename: str) -> FileName:
    name_part, _, _ = filename.removesuffix(_SDIST).rpartition("-")
    if not _SDIST_NAME.fullmatch(name_part):
        raise BadDistribution(
            Code.BAD_SDIST_FILENAME, f"'{filename}' is not named like a source distribution. {_SDIST_FORM}"
        )
    try:
        project, version = parse_sdist_filename(filename)
    except InvalidSdistFilename as error:
        raise BadDistribution(Code.BAD_SDIST_FILENAME, f"{error}. {_SDIST_FORM}") from error
    return FileName(filename, FileType.SDIST, project, version, (), frozenset(), "sdist")


def _identity(build: BuildTag, tags: frozenset[Tag]) -> str:
    number = f"{build[0]}{build[1].lower()}" if build else "-"
    spelled = f"{number} {' '.join(sorted(map(str, tags)))}"
    if len(spelled) <= _MAX_IDENTITY:
        return spelled
    return f"sha256:{hashlib.sha256(spelled.encode()).hexdigest()}"
