"""Rules about evidence: bytes that are not what CI logged, logs that disagree, and what the project demands."""

from collections.abc import Iterator

from drafts.evidence.compare import FileVerdict, Rank, Verdict
from drafts.models import EvidenceDemand, File
from drafts.publishing.policy.blocker import Blocker, Code, listed
from drafts.publishing.policy.case import Case


def compared(case: Case) -> Iterator[Blocker]:
    by_name = {file.filename: file for file in case.files}
    for filename, verdict in case.comparison.files.items():
        if verdict.verdict == Verdict.MISMATCH:
            yield _mismatch(by_name[filename], verdict)
        elif verdict.verdict == Verdict.CONFLICT:
            yield _conflict(by_name[filename], verdict)


def demanded(case: Case) -> Iterator[Blocker]:
    """Hold the project's demand against the files that no log speaks against: those are blocked already."""
    demand = EvidenceDemand(case.draft.project.evidence_demand)
    if demand is EvidenceDemand.NOTHING or not case.files:
        return
    rank = Rank[demand.name]
    short = [one for one in case.comparison.short_of(rank) if one.verdict not in _AGAINST]
    missing = [one.filename for one in short if one.verdict is not Verdict.MATCH]
    weak = [one for one in short if one.verdict is Verdict.MATCH]
    if missing:
        yield _missing(missing, len(case.files), rank)
    if weak:
        yield _weak(weak, len(case.files), rank)


def _missing(names: list[str], total: int, rank: Rank) -> Blocker:
    return Blocker(
        Code.EVIDENCE_MISSING,
        "Evidence missing",
        f"no log names {len(names)} of {total} files with the digest that is staged, and the project demands "
        f"{_WORDS[rank]} for every file: {listed(names)}.",
        "CI, or you",
        names[0] if len(names) == 1 else None,
    )


def _weak(files: list[FileVerdict], total: int, rank: Rank) -> Blocker:
    best = sorted({file.rank.label for file in files if file.rank is not None})
    return Blocker(
        Code.EVIDENCE_WEAK,
        "Evidence too weak",
        f"{len(files)} of {total} files match by evidence of rank {' or '.join(best)}, and the project demands "
        f"{_WORDS[rank]}: {listed([file.filename for file in files])}.",
        "CI, or you",
        files[0].filename if len(files) == 1 else None,
    )


_AGAINST = {Verdict.MISMATCH, Verdict.CONFLICT}
_WORDS = {
    Rank.PASTED: "a log that somebody else than the uploader gave",
    Rank.CI: "a log that CI posted with an evidence token, or better",
    Rank.FETCHED: "a log that Presscheck fetched from CI, or an attestation",
    Rank.ATTESTED: "a verified attestation",
}


def _mismatch(file: File, verdict: FileVerdict) -> Blocker:
    claim = verdict.against[0]
    replaced = claim in verdict.earlier
    return Blocker(
        Code.EVIDENCE_MISMATCH,
        "Not CI's bytes",
        f"{'Other bytes replaced what CI logged.' if replaced else 'The staged bytes are not what CI logged.'} "
        "Put CI's copy back, add the log of the run that built the file anew, or delete it.",
        "you",
        file.filename,
        file.blake2b_256 if claim.algorithm == "blake2b_256" else file.sha256,
        claim.digest,
    )


def _conflict(file: File, verdict: FileVerdict) -> Blocker:
    is_hidden = not (verdict.disagreeing or verdict.earlier)
    other = (
        "another something else, in text that a terminal would not show"
        if is_hidden
        else "another something else"
    )
    return Blocker(
        Code.EVIDENCE_CONFLICT,
        "Logs disagree",
        f"One log says what is staged, and {other}: find out which is right. A maintainer can set the wrong one aside.",
        "you",
        file.filename,
        file.sha256,
        verdict.against[0].digest,
    )
