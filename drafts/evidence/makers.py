"""Which jobs of a run made which files: only their lines about those files count as what CI says."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from drafts.evidence.providers import Artifact, CiJob
from drafts.models.evidence import EVERY_FILE

# What the uploading action prints once an artifact is there.
_UPLOADED = re.compile(rb"\bArtifact ID (?:is )?(\d{1,18})\b")


def uploads_named(log: bytes) -> frozenset[int]:
    """Return the ids of the artifacts that a job's log says it uploaded."""
    return frozenset(int(number) for number in _UPLOADED.findall(log))


def vouching(
    *,
    jobs: Iterable[CiJob],
    chosen: Iterable[str],
    artifacts: Iterable[Artifact],
    held: Mapping[int, Iterable[str]],
    named: Mapping[int, frozenset[int]],
    every_log: bool,
    staged: Mapping[int, Iterable[str]],
) -> dict[int, list[str]]:
    """Return, by job id, the names of the files about which its lines count.

    ``chosen`` are the names (shell patterns) that the project gave; then those jobs count, for every file. Without:
    the job that left the artifact that holds the file, and the job that staged it (``staged``: files by job, as an
    identity provider said). Which job left an artifact the provider says, or the logs do (``named``: artifacts by job).
    A log may lie, so an artifact that two jobs claim has no maker, and none has one unless every job's log was read whole.
    """
    patterns = list(chosen)
    if patterns:
        return {job.id: [EVERY_FILE] for job in jobs if any(fnmatchcase(job.name, one) for one in patterns)}
    made: dict[int, set[str]] = {job: set(names) for job, names in staged.items()}
    claimed = Counter(artifact for ids in named.values() for artifact in ids)
    for artifact in artifacts:
        maker = artifact.job
        if maker is None and every_log and claimed[artifact.id] == 1:
            maker = next(job for job, ids in named.items() if artifact.id in ids)
        if maker is not None:
            made.setdefault(maker, set()).update(held.get(artifact.id, ()))
    return {job: sorted(names) for job, names in made.items() if names}
