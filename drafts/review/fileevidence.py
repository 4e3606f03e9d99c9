"""What a file's row says of its evidence: the verdict, the lines in their context, and what a mismatch comes from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from django.urls import reverse

from drafts.dist.copies import Difference
from drafts.evidence.compare import Claim, Comparison, FileVerdict, Staged, matched_algorithm
from drafts.intake import putback
from drafts.models import Draft, File, LoggedDigest, PrintedBy
from drafts.review import evidencewords, memberdifferences
from drafts.review.templatetags.words import distance

_LINES = 4  # of one file, where there is something to explain; else one
_COMPARED = 3  # files of one page whose copies are compared while somebody waits


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line of a log in its context. ``counts`` false: it decides nothing, and ``why`` says so."""

    says: str
    digest: str
    source: str
    how: str
    step: str
    why: str
    counts: bool
    url: str
    log_label: str
    number: int
    before: str
    text: str
    after: str


@dataclass(frozen=True, slots=True)
class FileEvidence:
    """What the evidence says of one file. ``notes`` explain a mismatch: who staged it, what it replaced, what differs."""

    verdict: str
    rank: str
    how: str
    text: str
    staged_digest: str
    staged: str
    logged_digest: str
    source: str
    source_url: str
    notes: tuple[str, ...] = ()
    lines: tuple[LineRow, ...] = ()
    more: int = 0
    put_back_url: str = ""
    aside_url: str = ""


@dataclass(slots=True)
class Reader:
    """What the rows of one draft share; the lines of logs are read for all of them in one query."""

    draft: Draft
    comparison: Comparison
    earlier: Mapping[str, list[File]]
    editable: bool
    found: dict[tuple[int, int, str], LoggedDigest] = field(default_factory=dict)
    compared: int = 0

    def __post_init__(self) -> None:
        """Read the context of the lines that are shown."""
        claims = list(chain.from_iterable(map(shown, self.comparison.files.values())))
        rows = LoggedDigest.objects.select_related("log").filter(
            log__in={claim.log for claim in claims}, digest__in={claim.digest for claim in claims}
        )
        self.found = {(row.log_id, row.line, row.digest): row for row in rows}

    def of(self, file: File) -> FileEvidence:
        """Return what is said of one file."""
        verdict = self.comparison.files[file.filename]
        against = verdict.against if verdict.verdict in evidencewords.AGAINST else ()
        claims = shown(verdict)
        lines = tuple(line for claim in claims if (line := self._line(claim, verdict)))
        worst = next((line for line in lines if against and line.digest == against[0].digest), None)
        copy = putback.copy_of_ci(verdict, self.earlier.get(file.filename, [])) if against else None
        return FileEvidence(
            verdict=str(verdict.verdict),
            rank=verdict.rank.label if verdict.rank is not None else "",
            how=evidencewords.HOW[verdict.rank] if verdict.rank is not None else "",
            text=evidencewords.sentence(verdict, matched(file, verdict)),
            staged_digest=_comparable(file, against),
            staged=f"{file.staged_at:%d %B %H:%M} UTC by {file.staged_by_token or file.staged_by_user}",
            logged_digest=against[0].digest if against else "",
            source=worst.source if worst else "",
            source_url=worst.url if worst else "",
            notes=tuple(self._notes(file, copy)) if against else (),
            lines=lines,
            more=_number(verdict) - len(lines),
            put_back_url=self._url("file-put-back", file.filename) if copy and self.editable else "",
            aside_url=self._url("evidence-aside", against[0].log) if against and self.editable else "",
        )

    def _url(self, name: str, *more: object) -> str:
        return reverse(name, args=[self.draft.project.name, self.draft.version, *more])

    def _line(self, claim: Claim, verdict: FileVerdict) -> LineRow | None:
        row = self.found.get((claim.log, claim.line, claim.digest))
        if row is None:
            return None
        around = row.excerpt.split("\n")
        at = 0 if row.line == 1 else 1
        job = PrintedBy.of(row.log.printed_by).job if row.log.printed_by else ""
        return LineRow(
            says=_says(claim, verdict),
            digest=claim.digest,
            source=evidencewords.where(claim, job)
            if claim.printed
            else f"{row.log.label} › line {claim.line}",
            how=evidencewords.HOW[claim.rank],
            step=row.step,
            why=_why(claim, row),
            counts=claim not in (*verdict.uncounted, *verdict.weak, *verdict.unnamed),
            url=f"{self._url('evidence-log', claim.log)}?line={claim.line}#line-{claim.line}",
            log_label=row.log.label,
            number=claim.line,
            before="\n".join(around[:at]),
            text=around[at] if at < len(around) else "",
            after="\n".join(around[at + 1 :]),
        )

    def _notes(self, file: File, copy: File | None) -> Iterable[str]:
        earlier = self.earlier.get(file.filename, [])
        if not earlier:
            return
        before = copy or earlier[0]
        what = "CI's copy" if copy else "an upload"
        later = distance((file.staged_at - before.staged_at).total_seconds()).removeprefix("in ")
        when = "moments after" if later == "just now" else f"{later} after"
        yield f"It replaced {what}, {when} {before.staged_by_token or before.staged_by_user} had staged that."
        difference = self._difference(before, file)
        if difference is not None:
            yield evidencewords.members(difference)

    def _difference(self, before: File, after: File) -> Difference | None:
        if before.purged_at is not None or self.compared >= _COMPARED:
            return None
        self.compared += 1
        return memberdifferences.between(before, after)


def shown(verdict: FileVerdict) -> Sequence[Claim]:
    """Return the claims that a row shows in their context: those against the file first, few where all is well."""
    first = verdict.against if verdict.verdict in evidencewords.AGAINST else ()
    rest = (
        *verdict.agreeing,
        *verdict.earlier,
        *verdict.unnamed,
        *verdict.hidden,
        *verdict.weak,
        *verdict.uncounted,
    )
    claims = tuple(dict.fromkeys((*first, *rest)))
    if verdict.verdict in evidencewords.AGAINST and verdict.agreeing:
        claims = tuple(dict.fromkeys((*first[: _LINES - 1], verdict.agreeing[0], *claims)))
    return claims[: 1 if verdict.rank is not None and not first else _LINES]


def _number(verdict: FileVerdict) -> int:
    every = (
        verdict.agreeing,
        verdict.disagreeing,
        verdict.earlier,
        verdict.unnamed,
        verdict.weak,
        verdict.hidden,
    )
    return sum(map(len, every)) + len(verdict.uncounted)


def _says(claim: Claim, verdict: FileVerdict) -> str:
    if claim in verdict.agreeing:
        return "says what is staged"
    if claim in verdict.hidden:
        return "says otherwise, hidden"
    if claim in verdict.disagreeing:
        return "says otherwise"
    if claim in verdict.earlier:
        return "says an earlier upload"
    if claim in verdict.unnamed:
        return "names no file"
    return "proves nothing" if claim in verdict.weak else "does not count"


def _why(claim: Claim, row: LoggedDigest) -> str:
    if claim.why is None:
        return ""
    reason = f": {row.log.set_aside_reason}" if claim.aside else ""
    return f"{evidencewords.WHY[claim.why]}{reason}"


def matched(file: File, verdict: FileVerdict) -> str | None:
    if not verdict.agreeing:
        return None
    staged = Staged(file.filename, file.sha256, file.blake2b_256, file.staged_by)
    return matched_algorithm(staged, verdict.agreeing[0])


def _comparable(file: File, against: Sequence[Claim]) -> str:
    """Return the staged digest that stands beside the logged one: of the same algorithm."""
    return file.blake2b_256 if against and against[0].algorithm == "blake2b_256" else file.sha256
