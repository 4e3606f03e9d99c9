"""The publish panel: its lines, each with the blockers that it speaks of, and the words of its button, which count down."""

from collections.abc import Iterable, Sequence

from drafts.models import DraftState
from drafts.publishing.policy import Blocker, Code
from drafts.review import evidencewords
from drafts.review.findingrows import FindingsSection
from drafts.review.installability import Installability
from drafts.review.rows import Button, Check, Level, Mark, Progress
from drafts.review.sight import Sight
from drafts.review.verdict import (
    EVIDENCE,
    FINDINGS,
    STOPS,
    count,
    coverage_line,
    findings_line,
    nothing_lost,
    without_line,
)

_NOBODY = {"Presscheck", "the clock"}


def checks(sight: Sight, found: FindingsSection, installs: Installability | None) -> list[Check]:
    """Return the lines of the panel."""
    return [
        _files(sight),
        *_inspection(sight, found),
        _evidence(sight),
        _coverage(sight),
        *_approvals(sight),
        *_others(sight),
        *([_installability(installs)] if installs is not None else []),
    ]


def _at(sight: Sight, codes: Iterable[Code]) -> tuple[int, ...]:
    """Return the numbers under which the page shows the blockers of these codes."""
    wanted = set(codes)
    return tuple(number for number, one in enumerate(sight.blockers, 1) if one.code in wanted)


def _files(sight: Sight) -> Check:
    if not sight.files:
        return Check(Mark.WAIT, "no files staged", "CI", _at(sight, [Code.NO_FILES]))
    return Check(Mark.OK, f"{count(len(sight.files), 'file')} staged")


def _inspection(sight: Sight, found: FindingsSection) -> list[Check]:
    standing = sight.standing
    if not standing.total or standing.waiting or standing.failed:
        return []
    inspected = Check(Mark.OK, f"inspected {standing.inspected} of {standing.total}")
    if line := findings_line(sight):
        return [inspected, Check(Mark.BAD, line, "you", _at(sight, FINDINGS))]
    words = f"findings: {found.new} new"
    words += f", {found.accepted} accepted" if found.accepted else ""
    return [inspected, Check(Mark.NONE if found.new else Mark.OK, words, url="#findings")]


def _evidence(sight: Sight) -> Check:
    line = evidencewords.line(sight.comparison)
    if not line:
        return Check(Mark.NONE, "not compared with CI", url="#evidence")
    if at := _at(sight, EVIDENCE):
        return Check(Mark.BAD, line, "you", at)
    return Check(Mark.OK if sight.comparison.matched == len(sight.files) else Mark.NONE, line)


def _coverage(sight: Sight) -> Check:
    if sight.before.adds:
        return Check(Mark.NONE, f"adds to the published {sight.draft.version}")
    if sight.grid is None or not sight.last_version:
        return Check(Mark.NONE, "no published release to compare with")
    lost = coverage_line(sight)
    if lost:
        return Check(Mark.WAIT, lost, "CI, or you", _at(sight, [Code.NOT_AS_LAST_TIME]))
    if not nothing_lost(sight):
        return Check(Mark.NONE, without_line(sight), url="#coverage")
    return Check(Mark.OK, f"nothing lost since {sight.last_version}")


def _approvals(sight: Sight) -> list[Check]:
    opinions = sight.opinions
    if not opinions.needed or not sight.files:
        return []
    line = f"approvals {len(opinions.yes)} of {opinions.needed}"
    if opinions.missing:
        return [Check(Mark.WAIT, line, "a reviewer", _at(sight, [Code.APPROVALS_MISSING]))]
    return [Check(Mark.OK, line, url="#approvals")]


def _others(sight: Sight) -> list[Check]:
    """Return one line for each other code that stands in the way, however often it does."""
    told = {
        *EVIDENCE,
        *FINDINGS,
        Code.NO_FILES,
        Code.ENDED,
        Code.APPROVALS_MISSING,
        *([Code.NOT_AS_LAST_TIME] if sight.missed else []),
    }
    kinds: dict[tuple[Code, str], list[Blocker]] = {}
    for blocker in sight.blockers:
        if blocker.code not in told:
            kinds.setdefault((blocker.code, blocker.title), []).append(blocker)
    return [_line(sight, code, title, some) for (code, title), some in kinds.items()]


def _line(sight: Sight, code: Code, title: str, some: Sequence[Blocker]) -> Check:
    words = title[:1].lower() + title[1:] + (f" ({len(some)})" if len(some) > 1 else "")
    at = tuple(number for number, one in enumerate(sight.blockers, 1) if one in some)
    return Check(Mark.BAD if code in STOPS else Mark.WAIT, words, some[0].owner, at)


def _installability(found: Installability) -> Check:
    if not found.rows or found.is_stale:
        words = "where it installs is being asked" if found.is_stale else "where it installs: not asked yet"
        return Check(Mark.NONE, words, url="#installability")
    good, asked = found.platforms
    return Check(
        Mark.OK if good == asked else Mark.NONE,
        f"installs on {good} of {asked} platforms",
        url="#installability",
    )


def _under_way(progress: Progress | None) -> str:
    if progress is None or progress.level == Level.BUSY:
        return "Waiting for CI" if progress and progress.by_ci else "Publishing now"
    return "Stopped upstream"


def button(sight: Sight, url: str, *, may_publish: bool) -> Button:
    """Return the button: it names what is left and counts down."""
    name = f"Publish {sight.draft.project.name} {sight.draft.version}"
    if sight.draft.state == DraftState.PROCESSING:
        return Button(_under_way(sight.progress))
    if sight.draft.publish_at is not None:
        return Button("Scheduled")
    if not sight.files:
        return Button("Not yet: no files")
    if sight.blockers:
        return Button(f"Not yet: {_left(sight)}")
    if not may_publish:
        return Button("A maintainer publishes")
    return Button(name, enabled=True, url=url)


def _left(sight: Sight) -> str:
    """Say what is left: ``2 to fix, 1 approval``; what only takes its time is no work for anybody."""
    approvals = sight.opinions.missing
    waiting = sum(one.owner in _NOBODY for one in sight.blockers)
    to_fix = sum(one.owner not in _NOBODY and one.code != Code.APPROVALS_MISSING for one in sight.blockers)
    parts = [
        f"{to_fix} to fix" if to_fix else "",
        count(approvals, "approval") if approvals else "",
        f"{waiting} to wait for" if waiting else "",
    ]
    return ", ".join(filter(None, parts))
