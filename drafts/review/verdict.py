"""The verdict of a draft: the first sentence of a fixed grammar that applies, always "x of y"."""

from collections.abc import Sequence

from drafts.models import DraftState, File
from drafts.publishing.policy import Code
from drafts.review import evidencewords, tested
from drafts.review.rows import Level, Verdict
from drafts.review.sight import Sight
from drafts.review.templatetags.words import size

EVIDENCE = {Code.EVIDENCE_MISMATCH, Code.EVIDENCE_CONFLICT}
FINDINGS = {Code.FINDING_REFUSED, Code.CREDENTIAL_LEAKED}
STOPS = EVIDENCE | FINDINGS | {Code.STAGED_BY_LEAKED}
# What a maintainer decides at once, and nobody else has to do anything for.
_YOURS = {
    Code.NEW_FILE,
    Code.ENVIRONMENT_CHANGED,
    Code.SOURCES_DIFFER,
    Code.SOURCES_UNKNOWN,
    Code.NAME_PUBLISHED,
    Code.NOT_INSPECTED,
    Code.APPROVALS_MISSING,
    Code.SOAK,
    Code.TARGET_NOT_READY,
    Code.TARGET_ATTESTATIONS,
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


def doubted_line(sight: Sight) -> str:
    """Say how many files strangers may have staged; empty when none."""
    number = sum(len(one.what) for one in sight.blockers if one.code == Code.STAGED_BY_LEAKED)
    were = "was" if number == 1 else "were"
    return (
        f"{number} of {count(len(sight.files), 'file')} {were} staged by a token that leaked"
        if number
        else ""
    )


def coverage_line(sight: Sight) -> str:
    """Say what was lost since the last release; empty when nothing was, or there is no last release."""
    lost = len({one.filename for one in sight.missed})
    if not lost:
        return ""
    return f"{count(lost, 'wheel')} that {sight.last_version} had {'is' if lost == 1 else 'are'} missing"


def nothing_lost(sight: Sight) -> bool:
    """Say whether everybody gets of this release what the last one had for them, whatever was decided."""
    return bool(sight.grid is not None and sight.last_version and not sight.lost and not sight.lost_sdist)


def without_line(sight: Sight) -> str:
    """Say what the last release had and this one has not, by decision or not; empty when nothing, or there is no last one."""
    wheels = len({one.filename for one in sight.lost})
    parts = [count(wheels, "wheel") if wheels else "", "the sdist" if sight.lost_sdist else ""]
    gone = " and ".join(filter(None, parts))
    return f"without {gone} that {sight.last_version} had" if gone else ""


def verdict(sight: Sight, *, may_publish: bool, user_id: int | None = None) -> Verdict:
    """Return the first sentence of the grammar that applies, to a person who may publish or may not.

    ``user_id``: who reads it, where they may approve.
    """
    return (
        _ended(sight)
        or _stop(sight)
        or _your_approval(sight, user_id)
        or _not_yet(sight, may_publish=may_publish)
        or _scheduled(sight)
        or _ready(sight, may_publish=may_publish)
    )


def _your_approval(sight: Sight, user_id: int | None) -> Verdict | None:
    """Say that a draft waits for this person's approval, when nothing but people's word and the clock is missing."""
    if user_id is None or not sight.opinions.waits_for(user_id):
        return None
    if any(blocker.code not in {Code.APPROVALS_MISSING, Code.SOAK} for blocker in sight.blockers):
        return None
    said = f"{len(sight.opinions.yes)} of {sight.opinions.needed} approvals so far"
    return Verdict(Level.YOU, f"Waiting for you: your approval. {said}.", _context(sight, evidence=True))


def _ended(sight: Sight) -> Verdict | None:
    draft = sight.draft
    if draft.state == DraftState.PROCESSING:
        level = sight.progress.level if sight.progress else Level.BUSY
        return Verdict(
            level, f"Publishing: {sight.progress.text if sight.progress else 'waiting for a worker'}."
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
    if not any(blocker.code in STOPS for blocker in sight.blockers):
        return None
    against = any(blocker.code in EVIDENCE for blocker in sight.blockers)
    evidence = evidencewords.line(sight.comparison) if against else ""
    reasons = [doubted_line(sight), findings_line(sight), evidence, coverage_line(sight)]
    return Verdict(Level.STOP, f"Do not publish: {', and '.join(filter(None, reasons))}.", _context(sight))


def _not_yet(sight: Sight, *, may_publish: bool) -> Verdict | None:
    if may_publish and sight.blockers and all(one.code in _YOURS for one in sight.blockers):
        return Verdict(Level.YOU, f"Waiting for you: {_headline(sight)}", _context(sight))
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
    if first.code == Code.NEW_FILE:
        number = sum(len(one.what) for one in sight.blockers if one.code == Code.NEW_FILE)
        return f"{count(number, 'file')} of a kind that the release before did not have."
    if first.code == Code.CHANGES_WANTED:
        return f"{first.owner} wants changes."
    return first.sentence


def _scheduled(sight: Sight) -> Verdict | None:
    at = sight.draft.publish_at
    if at is None:
        return None
    return Verdict(
        Level.BUSY,
        f"Scheduled: it is published on {at:%d %B %Y at %H:%M} UTC.",
        _context(sight, evidence=True),
    )


def _ready(sight: Sight, *, may_publish: bool) -> Verdict:
    evidence = evidencewords.line(sight.comparison)
    if not evidence:
        text = "Not compared with CI yet. Paste a log, or add two lines to the build job."
        return Verdict(Level.QUIET, text, _context(sight))
    lost = "nothing lost" if nothing_lost(sight) else without_line(sight)
    parts = [evidence, lost, tested.line(sight)]
    word = "Ready to publish" if may_publish else "Ready for a maintainer"
    return Verdict(Level.READY, f"{word}. {'; '.join(filter(None, parts))}.", _context(sight))


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
