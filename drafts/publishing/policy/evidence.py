"""Rules about evidence: bytes that are not what CI logged, and logs that disagree."""

from collections.abc import Iterator

from drafts.evidence.compare import FileVerdict, Verdict
from drafts.models import File
from drafts.publishing.policy.blocker import Blocker, Code
from drafts.publishing.policy.case import Case


def compared(case: Case) -> Iterator[Blocker]:
    by_name = {file.filename: file for file in case.files}
    for filename, verdict in case.comparison.files.items():
        if verdict.verdict == Verdict.MISMATCH:
            yield _mismatch(by_name[filename], verdict)
        elif verdict.verdict == Verdict.CONFLICT:
            yield _conflict(by_name[filename], verdict)


def _mismatch(file: File, verdict: FileVerdict) -> Blocker:
    claim = verdict.against[0]
    replaced = claim in verdict.earlier
    return Blocker(
        Code.EVIDENCE_MISMATCH,
        "Not CI's bytes",
        f"{file.filename} {'replaced the bytes that CI logged' if replaced else 'is not what CI logged'}. "
        "Stage CI's copy again, add the log of the run that built it anew, or delete the file.",
        "you",
        file.filename,
        file.blake2b_256 if claim.algorithm == "blake2b_256" else file.sha256,
        claim.digest,
    )


def _conflict(file: File, verdict: FileVerdict) -> Blocker:
    return Blocker(
        Code.EVIDENCE_CONFLICT,
        "Logs disagree",
        f"for {file.filename} one log says what is staged and another says something else: find out which run is the release.",
        "you",
        file.filename,
        file.sha256,
        verdict.against[0].digest,
    )
