"""What the evidence comes to, in sentences: for a release, for a file, for one line of a log."""

from collections import Counter
from collections.abc import Iterable, Sequence

from drafts.dist.copies import Difference
from drafts.evidence.compare import Claim, Comparison, FileVerdict, Rank, Verdict, Why

_RUNS_NAMED = 3
_NAMED = 3
AGAINST = {Verdict.MISMATCH, Verdict.CONFLICT}
HOW = {
    Rank.SELF: "the uploader's own word",
    Rank.PASTED: "pasted",
    Rank.CI: "posted by CI",
    Rank.FETCHED: "fetched by Presscheck",
    Rank.ATTESTED: "attested",
}
WHY = {
    Why.OWN_WORD: "the word of who staged the file",
    Why.OTHER_JOB: "printed by a job that did not make this file: ranks as pasted",
    Why.OTHER_COMMIT: "of a run that built another commit: ranks as pasted",
    Why.SUPERSEDED: "a newer run of this job takes its place",
    Why.SET_ASIDE: "set aside",
    Why.HIDDEN: "a terminal would not show this line: it confirms nothing",
    Why.NOT_ITS_FILE: "posted with an upload token that did not stage this file",
}


def count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def line(comparison: Comparison) -> str:
    """Say in a sentence what the evidence comes to for a release; empty when there is none."""
    verdicts = list(comparison.files.values())
    if all(one.verdict == Verdict.NONE for one in verdicts):
        return ""
    return _against(verdicts) or _for(comparison, verdicts)


def short(comparison: Comparison) -> str:
    """Say the same where a column is narrow: ``2 of 2 match``, ``1 of 2 differs``; empty when there is no evidence."""
    verdicts = list(comparison.files.values())
    if all(one.verdict == Verdict.NONE for one in verdicts):
        return ""
    if wrong := sum(one.verdict in AGAINST for one in verdicts):
        return f"{wrong} of {len(verdicts)} {'differs' if wrong == 1 else 'differ'}"
    return f"{comparison.matched} of {len(verdicts)} match"


def _against(verdicts: Sequence[FileVerdict]) -> str:
    wrong = [one for one in verdicts if one.verdict == Verdict.MISMATCH]
    torn = [one for one in verdicts if one.verdict == Verdict.CONFLICT]
    total = count(len(verdicts), "file")
    said = []
    if wrong:
        source = _source([one.against[:1] for one in wrong])
        said.append(
            f"{len(wrong)} of {total} {'is' if len(wrong) == 1 else 'are'} not what CI logged{source}"
        )
    if torn:
        said.append(f"the logs disagree about {len(torn)} of {total}")
    return ", and ".join(said)


def _for(comparison: Comparison, verdicts: Sequence[FileVerdict]) -> str:
    good = [one for one in verdicts if one.verdict == Verdict.MATCH and one.rank]
    own_word = sum(one.verdict == Verdict.MATCH and one.rank == Rank.SELF for one in verdicts)
    said = f"{comparison.matched} of {count(len(verdicts), 'file')} match what CI logged"
    said += _source([one.deciding for one in good])
    return f"{said}; {own_word} by the uploader's own word only" if own_word else said


def _source(files: Sequence[Sequence[Claim]]) -> str:
    """Say which runs printed the claims that decide about files, and how they came: `` in run 8812 (fetched …)``."""
    ranks = Counter(max(claim.rank for claim in claims) for claims in files if claims)
    if not ranks:
        return ""
    fetched = [claim for claims in files for claim in claims if claim.rank == Rank.FETCHED]
    runs = sorted({claim.printed.run for claim in fetched if claim.printed})
    if len(ranks) == 1:
        return f"{_in_runs(runs)} ({HOW[next(iter(ranks))]})"
    parts = (f"{number} {HOW[rank]}" for rank, number in sorted(ranks.items(), reverse=True))
    return f"{_in_runs(runs)} ({', '.join(parts)})"


def _in_runs(runs: Sequence[int]) -> str:
    if not runs:
        return ""
    if len(runs) == 1:
        return f" in run {runs[0]}"
    if len(runs) <= _RUNS_NAMED:
        return f" in runs {', '.join(map(str, runs[:-1]))} and {runs[-1]}"
    return f" in {len(runs)} runs"


def sentence(verdict: FileVerdict, matched: str | None) -> str:
    """Say in a sentence what the evidence comes to for one file; ``matched``: the algorithm that agreed."""
    if verdict.verdict == Verdict.MATCH:
        which = "BLAKE2b-256" if matched == "blake2b_256" else "SHA-256"
        how = HOW[verdict.rank] if verdict.rank is not None else ""
        return f"The staged bytes have the digest that was logged ({which}, {how})."
    if verdict.verdict == Verdict.MISSING:
        return _missing(verdict)
    if verdict.verdict == Verdict.MISMATCH and verdict.against[0] in verdict.earlier:
        return "CI logged the digest of an earlier upload; what is staged now replaced it."
    if verdict.verdict == Verdict.CONFLICT and not (verdict.disagreeing or verdict.earlier):
        return "A log names another digest in text that a terminal would not show: somebody may be hiding something."
    return _SENTENCES[verdict.verdict]


_SENTENCES = {
    Verdict.MISMATCH: "The staged bytes do not have the digest that CI logged for this name.",
    Verdict.CONFLICT: "The logs contradict each other: some say what is staged, some say otherwise.",
    Verdict.NONE: "Nothing to compare with yet.",
}


def _missing(verdict: FileVerdict) -> str:
    if verdict.unnamed:
        return "Its digest was seen in a log, but without a name: that does not say that this file was built there."
    if verdict.hidden:
        return "Only text that a terminal would not show names it, with another digest."
    if verdict.weak:
        return (
            "The log names it with a digest that proves nothing here (MD5, SHA-1, or one that is not kept)."
        )
    if verdict.uncounted:
        return "What names it does not count: see below."
    return "There are logs, and this file is not in them."


def members(found: Difference) -> str:
    """Say where CI's copy and the staged file differ: ``1 of 214 members differs: a/_core.pyd``."""
    names = sorted(found.names, key=lambda name: (name.endswith(".dist-info/RECORD"), name))
    if not names:
        return "Their contents are equal, member by member: only times, order or compression in the archive differ."
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    verb = "differs" if len(names) == 1 else "differ"
    return f"{len(names)} of {count(found.members, 'member')} {verb}: {', '.join(names[:_NAMED])}{more}."


def where(claim: Claim, job: str) -> str:
    """Say where a line stands: ``run 8812 › build (linux) › line 1204``."""
    parts: Iterable[str] = (f"run {claim.printed.run}" if claim.printed else "", job, f"line {claim.line}")
    return " › ".join(part for part in parts if part)
