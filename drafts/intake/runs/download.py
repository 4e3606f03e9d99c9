"""Downloading a run's artifacts into files without a name, and listing what they hold."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import BinaryIO

from django.conf import settings

from drafts.dist import BadDistribution
from drafts.evidence.compare import Rank
from drafts.evidence.providers import Artifact, Expired, NotThere, TooMuch
from drafts.intake.runs import artifacts
from drafts.intake.runs.artifacts import Candidate
from drafts.intake.runs.case import Case
from drafts.intake.runs.ending import GivenUp
from drafts.intake.runs.outcome import LEFT, ArtifactOutcome, FileOutcome, Outcome
from drafts.models import Project


def download(case: Case, listed: Sequence[Artifact], files: ExitStack, outcome: Outcome) -> list[Candidate]:
    """Fetch every artifact into a file without a name, and list what it holds. Raises GivenUp."""
    total = sum(artifact.size for artifact in listed if not artifact.expired)
    if total > settings.RUN_SIZE_LIMIT:
        raise GivenUp(
            f"The run's artifacts are {total} bytes together; at most {settings.RUN_SIZE_LIMIT} are fetched.",
        )
    case.beat(0, total=total)
    done, candidates = 0, list[Candidate]()
    for artifact in listed:
        case.beat()
        told = ArtifactOutcome(artifact.name, artifact.size)
        outcome.artifacts.append(told)
        file = files.enter_context(tempfile.TemporaryFile(dir=settings.DATA_DIR))  # noqa: SIM115  the stack closes it
        size = _save(case, artifact, file, done, told)
        done += size
        if size:
            candidates += _look(case.row.project, artifact, file, told)
    return candidates


def look_into(case: Case, outcome: Outcome) -> tuple[list[Artifact], list[Candidate]]:
    """Return a run's artifacts and what they hold, as far as it matters whose lines count as fetched.

    What is too large to look into has no maker that is known.
    """
    if case.evidence_jobs or case.trust.rank < Rank.FETCHED:
        return [], []
    with ExitStack() as files, suppress(GivenUp):
        listed = case.provider.artifacts(case.told)
        return listed, download(case, listed, files, outcome)
    return [], []


def _save(case: Case, artifact: Artifact, file: BinaryIO, done: int, told: ArtifactOutcome) -> int:
    if artifact.expired:
        told.said = "It has expired: the provider does not have it any more. Run the workflow again."
        return 0
    try:
        return case.provider.save(
            artifact, file, limit=settings.RUN_SIZE_LIMIT - done, tell=lambda size: case.beat(done + size)
        )
    except (Expired, NotThere, TooMuch) as error:
        told.said = str(error)
        return 0


def _look(project: Project, artifact: Artifact, file: BinaryIO, told: ArtifactOutcome) -> Sequence[Candidate]:
    try:
        contents = artifacts.look(file, artifact, project=project.plain_name)
    except BadDistribution as error:
        told.said = f"It cannot be read: {error.message}"
        return ()
    told.files += [FileOutcome(name, LEFT, said) for name, said in contents.left]
    return contents.candidates
