"""Taking a run's files through the door, one by one."""

from collections.abc import Sequence

from packaging.version import Version

from accounts.audit import Actor
from drafts.dist import BadDistribution, inflate
from drafts.intake import door, quota, rules
from drafts.intake.arrival import Upload
from drafts.intake.problems import Problem, count
from drafts.intake.runs.artifacts import Candidate
from drafts.intake.runs.case import Case
from drafts.intake.runs.outcome import REFUSED, FileOutcome, Outcome
from drafts.models import Provenance


def take(case: Case, candidates: Sequence[Candidate], version: Version, outcome: Outcome) -> None:
    """Stage every candidate as the person who asked would, telling each one's fate in the outcome."""
    by_name = {artifact.name: artifact for artifact in outcome.artifacts}
    taken: dict[str, tuple[str, str]] = {}
    for candidate in candidates:
        case.beat()
        by_name[candidate.artifact.name].files.append(_take_one(case, candidate, version, taken))


def _take_one(
    case: Case, candidate: Candidate, version: Version, taken: dict[str, tuple[str, str]]
) -> FileOutcome:
    """Stage one file, unless another artifact of the run held other bytes under its name.

    ``taken`` holds digest and artifact of what this run gave so far, by file name.
    """
    name, project = candidate.name.filename, case.row.project
    if candidate.entry.size > quota.room(project, None):
        return FileOutcome(
            name, REFUSED, "The project has no room for it: delete a draft, or ask the operator."
        )
    upload = Upload(candidate.name)
    try:
        _read(case, candidate, upload)
        digest, artifact = taken.setdefault(name, (upload.digests["sha256"], candidate.artifact.name))
        if digest != upload.digests["sha256"]:
            said = (
                f"The artifact {artifact} of the same run holds other bytes under this name, and was first."
            )
            return FileOutcome(name, REFUSED, said)
        staged = door.take(upload, project=project, version=version, by=_stager(case, candidate))
    except BadDistribution as error:
        count(str(error.code))
        return FileOutcome(name, REFUSED, " ".join(refusal.message for refusal in error.refusals))
    except Problem as error:
        count(error.errors[0].code)
        return FileOutcome(name, REFUSED, " ".join(finding.message for finding in error.errors))
    finally:
        upload.discard()
    return FileOutcome(name, str(staged.did))


def _read(case: Case, candidate: Candidate, upload: Upload) -> None:
    for piece in inflate.chunks(candidate.archive, candidate.entry):
        upload.write(piece)
        case.beat()


def _stager(case: Case, candidate: Candidate) -> rules.Stager:
    assert case.row.asked_by is not None  # a run that a token named leaves its files
    return rules.Stager(
        actor=Actor.person(case.row.asked_by),
        user=case.row.asked_by,
        taken_from=Provenance(
            repository=case.row.repository,
            run=case.told.id,
            attempt=case.told.attempt,
            artifact=candidate.artifact.name,
            commit=case.told.commit,
            row=case.row.pk,
        ),
    )
