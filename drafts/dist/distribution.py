"""One distribution, opened: its name, its core metadata, its members."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import BadDistribution, Code, Findings
from .limits import Limits
from .metadata import CoreMetadata, check_metadata, parse_metadata
from .names import FileName, FileType, parse_filename
from .sdist import read_sdist
from .wheel import read_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from .archives import Contents, Member, Readable

_DEFAULT_LIMITS = Limits()
_READERS: dict[FileType, Callable[[Readable, FileName, Limits, Findings], Contents]] = {
    FileType.WHEEL: read_wheel,
    FileType.SDIST: read_sdist,
}


@dataclass(frozen=True, slots=True)
class Distribution:
    """A wheel or sdist that is what its name says, as far as can be seen without inflating all of it."""

    name: FileName
    metadata: CoreMetadata
    members: tuple[Member, ...]


def open_distribution(
    path_or_file: str | os.PathLike[str] | Readable, filename: str, *, limits: Limits = _DEFAULT_LIMITS
) -> Distribution:
    """Read a wheel or sdist without extracting it.

    ``path_or_file`` is a path or a seekable binary file, which stays open; ``filename`` is the name it goes by.
    Raises BadDistribution with all refusals found, whatever the bytes; OSError only where the storage fails.
    """
    name = parse_filename(filename)
    with _opened(path_or_file) as file:
        if not file.seek(0, os.SEEK_END):
            raise BadDistribution(Code.EMPTY_FILE, f"'{filename}' is empty.")
        findings = Findings()
        contents = _READERS[name.filetype](file, name, limits, findings)
    metadata: CoreMetadata | None = None
    if contents.metadata is not None:
        with findings.caught():
            metadata = parse_metadata(contents.metadata)
            findings.add(check_metadata(metadata, name))
    findings.refuse()
    assert metadata is not None  # its absence is a finding
    return Distribution(name, metadata, contents.members)


def _opened(path_or_file: str | os.PathLike[str] | Readable) -> AbstractContextManager[Readable]:
    if isinstance(path_or_file, (str, os.PathLike)):
        return Path(path_or_file).open("rb")
    return nullcontext(path_or_file)
