"""What lies in a run's artifacts: archives that anybody's build may have written, listed and never unpacked."""

from dataclasses import dataclass
from typing import BinaryIO

from drafts.dist import BadDistribution, Code, FileName, Limits, parse_filename
from drafts.dist.errors import shown
from drafts.dist.zips import Entry, Zip, read_zip
from drafts.evidence.providers import Artifact

_LIMITS = Limits(members=20_000, directory=8 * 1024**2)
_DISTRIBUTION = (".whl", ".tar.gz")
MOST_LEFT = 200


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member that is named like a wheel or sdist of the project."""

    artifact: Artifact
    archive: Zip
    entry: Entry
    name: FileName


@dataclass(frozen=True, slots=True)
class Contents:
    """What an artifact holds: candidates, and the distributions that are not the project's, with the reason."""

    candidates: tuple[Candidate, ...]
    left: tuple[tuple[str, str], ...]


def look(file: BinaryIO, artifact: Artifact, *, project: str) -> Contents:
    """List an artifact's archive. Raises BadDistribution for what is no archive, or more than is read of one.

    Only base names count: whatever folders a member says it lies in, nothing is written there.
    """
    archive = read_zip(file, _LIMITS)
    candidates, left = [], []
    for entry in archive.entries:
        base = entry.name.replace("\\", "/").rpartition("/")[2]
        if not base.endswith(_DISTRIBUTION):
            continue
        try:
            name = parse_filename(base)
        except BadDistribution as error:
            left.append((shown(base), error.message))
            continue
        if name.project == project:
            candidates.append(Candidate(artifact, archive, entry, name))
        else:
            left.append((base, f"It is a file of {name.project}, another project."))
    total = sum(candidate.entry.size for candidate in candidates)
    if total > _LIMITS.inflated(archive.size):
        raise BadDistribution(
            Code.INFLATES_TOO_MUCH,
            f"Its files are {total} bytes long, which is more than an archive of {archive.size} bytes can hold.",
        )
    return Contents(tuple(candidates), tuple(left[:MOST_LEFT]))
