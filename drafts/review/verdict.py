"""The verdict, the checks of the publish panel and the words of its button: a fixed grammar, always "x of y"."""

from collections.abc import Sequence

from drafts.evidence.compare import Comparison, Rank
from drafts.evidence.compare import Verdict as EvidenceVerdict
from drafts.models import DraftState, File
from drafts.publishing.policy import Code
from drafts.review.rows import Button, Check, Level, Mark, Verdict
from drafts.review.sight import Sight
from drafts.review.templatetags.words import size

_STOPS = {Code.EVIDENCE_MISMATCH, Code.EVIDENCE_CONFLICT}
_WAITS = {Code.FILE_NOT_READY, Code.EXPECTED_MISSING}


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


def coverage_line(sight: Sight) -> str:
    """Say what was lost since the last release; empty when nothing was, or there is no last release."""
    if sight.grid is None or not sight.grid.lost_files:
        return ""
    lost = len(sight.grid.lost_files)
    return f"{count(lost, 'wheel')} that {sight.last_version} had {'is' if lost == 1 else 'are'} missing"


def verdict(sight: Sight, *, may_publish: bool) -> Verdict:
    """Return the first sentence of the grammar that applies, to a person who may publish or may not."""
    return _ended(sight) or _stop(sight) or _not_yet(sight) or _ready(sight, may_publish=may_publish)


def _ended(sight: Sight) -> Verdict | None:
    draft = sight.draft
    if draft.state == DraftState.PROCESSING:
        return Verdict(
            Level.BUSY, f"Publishing: {sight.progress.text if sight.progress else 'waiting for a worker'}."
        )
    when = f"{draft.ended_at:%d %B %Y %H:%M} UTC" if draft.ended_at else ""
    if draft.state == DraftState.PUBLISHED:
        return Verdict(Level.DONE, f"Published {when} by {draft.ended_by}.", _published_note(sight))
    if draft.state == DraftState.CANCELED:
        return Verdict(
            Level.QUIET,
            f"Canceled {when} by {draft.ended_by}.",
            "Nothing was published; the names stay free.",
        )
    return None


def _published_note(sight: Sight) -> str:
    return f"{totals(sight.files)}. {evidence_line(sight.comparison) or 'Not compared with CI'}."


def _stop(sight: Sight) -> Verdict | None:
    if not any(blocker.code in _STOPS for blocker in sight.blockers):
        return None
    reasons = [evidence_line(sight.comparison), coverage_line(sight)]
    return Verdict(Level.STOP, f"Do not publish: {', and '.join(filter(None, reasons))}.", _context(sight))


def _not_yet(sight: Sight) -> Verdict | None:
    if sight.blockers:
        return Verdict(Level.WAIT, f"Not yet: {sight.blockers[0].sentence}", _context(sight))
    lost = coverage_line(sight)
    if lost:
        return Verdict(Level.YOU, f"Waiting for you: {lost}.", _context(sight, evidence=True))
    return None


def _ready(sight: Sight, *, may_publish: bool) -> Verdict:
    evidence = evidence_line(sight.comparison)
    if not evidence:
        text = "Not compared with CI yet. Paste a log, or add two lines to the build job."
        return Verdict(Level.QUIET, text, _context(sight))
    nothing_lost = "; nothing lost" if sight.grid is not None and sight.last_version else ""
    word = "Ready to publish" if may_publish else "Ready for a maintainer"
    return Verdict(Level.READY, f"{word}. {evidence}{nothing_lost}.", _context(sight))


def _context(sight: Sight, *, evidence: bool = False) -> str:
    """Return the second sentence: what the release is compared with."""
    parts = [evidence_line(sight.comparison) + "." if evidence and evidence_line(sight.comparison) else ""]
    if sight.adds_to:
        parts.append(f"Adds {count(len(sight.files), 'file')} to {sight.adds_to}.")
    elif not sight.last_version:
        parts.append("First release: nothing to compare with.")
    if evidence and not evidence_line(sight.comparison):
        parts.append("Not compared with CI yet.")
    return " ".join(filter(None, parts))


def checks(sight: Sight) -> list[Check]:
    """Return the lines of the publish panel."""
    return [_files_check(sight), _evidence_check(sight), _coverage_check(sight), *_other_checks(sight)]


def _files_check(sight: Sight) -> Check:
    if not sight.files:
        return Check(Mark.WAIT, "no files staged", "CI")
    return Check(Mark.OK, f"{count(len(sight.files), 'file')} staged")


def _evidence_check(sight: Sight) -> Check:
    line = evidence_line(sight.comparison)
    if not line:
        return Check(Mark.NONE, "not compared with CI")
    if any(blocker.code in _STOPS for blocker in sight.blockers):
        return Check(Mark.BAD, line, "you")
    return Check(Mark.OK if sight.comparison.matched == len(sight.files) else Mark.NONE, line)


def _coverage_check(sight: Sight) -> Check:
    if sight.grid is None or not sight.last_version:
        return Check(Mark.NONE, "no published release to compare with")
    lost = coverage_line(sight)
    return (
        Check(Mark.BAD, lost, "CI, or you")
        if lost
        else Check(Mark.OK, f"nothing lost since {sight.last_version}")
    )


def _other_checks(sight: Sight) -> list[Check]:
    own = {*_STOPS, Code.NO_FILES, Code.ENDED}
    return [
        Check(
            Mark.WAIT if blocker.code in _WAITS else Mark.BAD,
            blocker.title[:1].lower() + blocker.title[1:],
            blocker.owner,
        )
        for blocker in sight.blockers
        if blocker.code not in own
    ]


def button(sight: Sight, url: str, *, may_publish: bool) -> Button:
    """Return the button: it names what is left and counts down."""
    name = f"Publish {sight.draft.project.name} {sight.draft.version}"
    if sight.draft.state == DraftState.PROCESSING:
        return Button("Publishing now")
    if not sight.files:
        return Button("Not yet: no files")
    if sight.blockers:
        return Button(f"Not yet: {len(sight.blockers)} to fix")
    if not may_publish:
        return Button("A maintainer publishes")
    return Button(name, enabled=True, url=url)
