"""The verdict, the checks of the publish panel and the words of its button: a fixed grammar, always "x of y"."""

from collections.abc import Sequence

from drafts.models import DraftState, File
from drafts.publishing.policy import Code
from drafts.review import evidencewords
from drafts.review.rows import Button, Check, Level, Mark, Verdict
from drafts.review.sight import Sight
from drafts.review.templatetags.words import size

_EVIDENCE = {Code.EVIDENCE_MISMATCH, Code.EVIDENCE_CONFLICT}
_FINDINGS = {Code.FINDING_REFUSED, Code.CREDENTIAL_LEAKED}
_STOPS = _EVIDENCE | _FINDINGS
_WAITS = {
    Code.FILE_NOT_READY,
    Code.BEING_INSPECTED,
    Code.EXPECTED_MISSING,
    Code.EVIDENCE_MISSING,
    Code.EVIDENCE_WEAK,
    Code.NOT_AS_LAST_TIME,
    Code.PATTERN_MISSING,
    Code.NEW_FILE,
    Code.ENVIRONMENT_CHANGED,
    Code.SOURCES_DIFFER,
    Code.SOURCES_UNKNOWN,
}


def count(number: int, noun: str) -> str:
    """Write a number with its noun: ``1 file``, ``53 files``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def totals(files: Sequence[File]) -> str:
    """Write how many files there are and how large: ``53 files, 214 MB``."""
    return (
        f"{count(len(files), 'file')}, {size(sum(file.size for file in files))}" if files else "no files yet"
    )


def findings_line(sight: Sight) -> str:
    """Say how many files inspection refuses, and how many hold what leaked; empty when none does."""
    total, parts = count(len(sight.files), "file"), []
    for rows, one, many in (
        (sight.standing.refused, "is refused by inspection", "are refused by inspection"),
        (sight.standing.leaked, "holds a private key or token", "hold private keys or tokens"),
    ):
        number = len({row.file_id for row in rows})
        if number:
            parts.append(f"{number} of {total} {one if number == 1 else many}")
    return ", ".join(parts)


def coverage_line(sight: Sight) -> str:
    """Say what was lost since the last release; empty when nothing was, or there is no last release."""
    lost = len({one.filename for one in sight.missed})
    if not lost:
        return ""
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
    return f"{totals(sight.files)}. {evidencewords.line(sight.comparison) or 'Not compared with CI'}."


def _stop(sight: Sight) -> Verdict | None:
    if not any(blocker.code in _STOPS for blocker in sight.blockers):
        return None
    against = any(blocker.code in _EVIDENCE for blocker in sight.blockers)
    evidence = evidencewords.line(sight.comparison) if against else ""
    reasons = [findings_line(sight), evidence, coverage_line(sight)]
    return Verdict(Level.STOP, f"Do not publish: {', and '.join(filter(None, reasons))}.", _context(sight))


def _not_yet(sight: Sight) -> Verdict | None:
    if sight.blockers:
        return Verdict(Level.WAIT, f"Not yet: {_headline(sight)}", _context(sight))
    lost = coverage_line(sight)
    if lost:
        return Verdict(Level.YOU, f"Waiting for you: {lost}.", _context(sight, evidence=True))
    return None


def _headline(sight: Sight) -> str:
    """Say the first reason, those about whom the release moves or leaves behind in numbers."""
    first = sight.blockers[0]
    lost = coverage_line(sight)
    if first.code == Code.NOT_AS_LAST_TIME and lost:
        return f"{lost}."
    if first.code == Code.ENVIRONMENT_CHANGED:
        moved = sum(len(one.what) for one in sight.blockers if one.code == Code.ENVIRONMENT_CHANGED)
        return f"{count(moved, 'environment')} would install another file than today."
    return first.sentence


def _ready(sight: Sight, *, may_publish: bool) -> Verdict:
    evidence = evidencewords.line(sight.comparison)
    if not evidence:
        text = "Not compared with CI yet. Paste a log, or add two lines to the build job."
        return Verdict(Level.QUIET, text, _context(sight))
    nothing_lost = (
        "; nothing lost" if sight.grid is not None and sight.last_version and not sight.lost else ""
    )
    word = "Ready to publish" if may_publish else "Ready for a maintainer"
    return Verdict(Level.READY, f"{word}. {evidence}{nothing_lost}.", _context(sight))


def _context(sight: Sight, *, evidence: bool = False) -> str:
    """Return the second sentence: what the release is compared with."""
    parts = [
        evidencewords.line(sight.comparison) + "."
        if evidence and evidencewords.line(sight.comparison)
        else ""
    ]
    if sight.adds_to:
        parts.append(f"Adds {count(len(sight.files), 'file')} to {sight.adds_to}.")
    elif not sight.last_version:
        parts.append("First release: nothing to compare with.")
    if evidence and not evidencewords.line(sight.comparison):
        parts.append("Not compared with CI yet.")
    return " ".join(filter(None, parts))


def checks(sight: Sight) -> list[Check]:
    """Return the lines of the publish panel."""
    return [
        _files_check(sight),
        *_inspection_check(sight),
        _evidence_check(sight),
        _coverage_check(sight),
        *_other_checks(sight),
    ]


def _files_check(sight: Sight) -> Check:
    if not sight.files:
        return Check(Mark.WAIT, "no files staged", "CI")
    return Check(Mark.OK, f"{count(len(sight.files), 'file')} staged")


def _inspection_check(sight: Sight) -> list[Check]:
    standing = sight.standing
    if not standing.total or standing.waiting or standing.failed:
        return []
    if line := findings_line(sight):
        return [Check(Mark.BAD, line, "you")]
    return [Check(Mark.OK, f"inspected {standing.inspected} of {standing.total}")]


def _evidence_check(sight: Sight) -> Check:
    line = evidencewords.line(sight.comparison)
    if not line:
        return Check(Mark.NONE, "not compared with CI")
    if any(blocker.code in _EVIDENCE for blocker in sight.blockers):
        return Check(Mark.BAD, line, "you")
    return Check(Mark.OK if sight.comparison.matched == len(sight.files) else Mark.NONE, line)


def _coverage_check(sight: Sight) -> Check:
    if sight.before.adds:
        return Check(Mark.NONE, f"adds to the published {sight.draft.version}")
    if sight.grid is None or not sight.last_version:
        return Check(Mark.NONE, "no published release to compare with")
    lost = coverage_line(sight)
    return (
        Check(Mark.WAIT, lost, "CI, or you")
        if lost
        else Check(Mark.OK, f"nothing lost since {sight.last_version}")
    )


def _other_checks(sight: Sight) -> list[Check]:
    own = {*_STOPS, Code.NO_FILES, Code.ENDED, *([Code.NOT_AS_LAST_TIME] if sight.missed else [])}
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
