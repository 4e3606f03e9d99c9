"""The verdict, the checks of the publish panel and the words of its button: a fixed grammar, always "x of y"."""

from collections.abc import Sequence
from dataclasses import dataclass

from drafts.dist.coverage import Grid
from drafts.evidence.compare import Comparison, Rank
from drafts.evidence.compare import Verdict as EvidenceVerdict
from drafts.models import Draft, DraftState, File
from drafts.publishing.policy import Blocker, Code
from drafts.review.rows import Button, Check, Level, Mark, Progress, Verdict
from drafts.review.templatetags.words import size

_STOPS = {Code.EVIDENCE_MISMATCH, Code.EVIDENCE_CONFLICT}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a verdict is made of."""

    draft: Draft
    files: Sequence[File]
    blockers: Sequence[Blocker]
    comparison: Comparison
    grid: Grid | None
    last_version: str
    adds_to: str
    progress: Progress | None
    may_publish: bool


def count(number: int, noun: str) -> str:
    """Write a number with its noun: ``1 file``, ``53 files``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def totals(files: Sequence[File]) -> str:
    """Write how many files there are and how large: ``53 files, 214 MB``."""
    return (
        f"{count(len(files), 'file')}, {size(sum(file.size for file in files))}" if files else "no files yet"
    )


def evidence_line(comparison: Comparison) -> str:
    """Say in a sentence what the evidence comes to; empty when there is none."""
    verdicts = list(comparison.files.values())
    compared = [verdict for verdict in verdicts if verdict.verdict != EvidenceVerdict.NONE]
    if not compared:
        return ""
    wrong = [v for v in verdicts if v.verdict in {EvidenceVerdict.MISMATCH, EvidenceVerdict.CONFLICT}]
    if wrong:
        what = "is not what CI logged" if len(wrong) == 1 else "are not what CI logged"
        return f"{len(wrong)} of {count(len(verdicts), 'file')} {what}"
    line = f"{comparison.matched} of {count(len(verdicts), 'file')} match what CI logged"
    own_word = [v for v in verdicts if v.verdict == EvidenceVerdict.MATCH and v.rank == Rank.SELF]
    return f"{line}; {len(own_word)} by the uploader's own word only" if own_word else line


def coverage_line(facts: Facts) -> str:
    """Say what was lost since the last release; empty when nothing was, or there is no last release."""
    if facts.grid is None or not facts.grid.lost_files:
        return ""
    lost = len(facts.grid.lost_files)
    return f"{count(lost, 'wheel')} that {facts.last_version} had {'is' if lost == 1 else 'are'} missing"


def verdict(facts: Facts) -> Verdict:
    """Return the first sentence of the grammar that applies."""
    return _ended(facts) or _stop(facts) or _not_yet(facts) or _ready(facts)


def _ended(facts: Facts) -> Verdict | None:
    draft = facts.draft
    if draft.state == DraftState.PROCESSING:
        return Verdict(Level.BUSY, f"Publishing: {facts.progress.text if facts.progress else 'starting'}.")
    when = f"{draft.ended_at:%d %B %Y %H:%M} UTC" if draft.ended_at else ""
    if draft.state == DraftState.PUBLISHED:
        return Verdict(Level.DONE, f"Published {when} by {draft.ended_by}.", _published_note(facts))
    if draft.state == DraftState.CANCELED:
        return Verdict(
            Level.QUIET,
            f"Canceled {when} by {draft.ended_by}.",
            "Nothing was published; the names stay free.",
        )
    return None


def _published_note(facts: Facts) -> str:
    return f"{totals(facts.files)}. {evidence_line(facts.comparison) or 'Not compared with CI'}."


def _stop(facts: Facts) -> Verdict | None:
    if not any(blocker.code in _STOPS for blocker in facts.blockers):
        return None
    reasons = [evidence_line(facts.comparison), coverage_line(facts)]
    return Verdict(Level.STOP, f"Do not publish: {', and '.join(filter(None, reasons))}.", _context(facts))


def _not_yet(facts: Facts) -> Verdict | None:
    if facts.blockers:
        return Verdict(Level.WAIT, f"Not yet: {facts.blockers[0].sentence}", _context(facts))
    lost = coverage_line(facts)
    if lost:
        return Verdict(
            Level.WAIT, f"Look again: {lost}. Nothing else is in the way.", _context(facts, evidence=True)
        )
    return None


def _ready(facts: Facts) -> Verdict:
    evidence = evidence_line(facts.comparison)
    if not evidence:
        text = "Not compared with CI yet. Paste a log, or add two lines to the build job."
        return Verdict(Level.QUIET, text, _context(facts))
    nothing_lost = "; nothing lost" if facts.grid is not None and facts.last_version else ""
    word = "Ready to publish" if facts.may_publish else "Ready for a maintainer"
    return Verdict(Level.READY, f"{word}. {evidence}{nothing_lost}.", _context(facts))


def _context(facts: Facts, *, evidence: bool = False) -> str:
    """Return the second sentence: what the release is compared with."""
    parts = [evidence_line(facts.comparison) + "." if evidence and evidence_line(facts.comparison) else ""]
    if facts.adds_to:
        parts.append(f"Adds {count(len(facts.files), 'file')} to {facts.adds_to}.")
    elif not facts.last_version:
        parts.append("First release: nothing to compare with.")
    if evidence and not evidence_line(facts.comparison):
        parts.append("Not compared with CI yet.")
    return " ".join(filter(None, parts))


def checks(facts: Facts) -> list[Check]:
    """Return the lines of the publish panel."""
    return [_files_check(facts), _evidence_check(facts), _coverage_check(facts), *_other_checks(facts)]


def _files_check(facts: Facts) -> Check:
    if not facts.files:
        return Check(Mark.WAIT, "no files staged", "CI")
    return Check(Mark.OK, f"{count(len(facts.files), 'file')} staged")


def _evidence_check(facts: Facts) -> Check:
    line = evidence_line(facts.comparison)
    if not line:
        return Check(Mark.NONE, "not compared with CI")
    if any(blocker.code in _STOPS for blocker in facts.blockers):
        return Check(Mark.BAD, line, "you")
    return Check(Mark.OK if facts.comparison.matched == len(facts.files) else Mark.NONE, line)


def _coverage_check(facts: Facts) -> Check:
    if facts.grid is None or not facts.last_version:
        return Check(Mark.NONE, "no published release to compare with")
    lost = coverage_line(facts)
    return (
        Check(Mark.BAD, lost, "CI, or you")
        if lost
        else Check(Mark.OK, f"nothing lost since {facts.last_version}")
    )


def _other_checks(facts: Facts) -> list[Check]:
    own = {*_STOPS, Code.NO_FILES, Code.ENDED}
    return [
        Check(Mark.BAD, blocker.title.lower(), blocker.owner)
        for blocker in facts.blockers
        if blocker.code not in own
    ]


def button(facts: Facts, url: str) -> Button:
    """Return the button: it names what is left and counts down."""
    name = f"Publish {facts.draft.project.name} {facts.draft.version}"
    if facts.draft.state == DraftState.PROCESSING:
        return Button("Publishing now")
    if not facts.files:
        return Button("Not yet: no files")
    if facts.blockers:
        return Button(f"Not yet: {len(facts.blockers)} to fix")
    if not facts.may_publish:
        return Button("A maintainer publishes")
    return Button(name, enabled=True, url=url)
