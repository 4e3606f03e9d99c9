"""The files of a draft as rows: digests, verdicts in sentences, the log's line in context, what was replaced."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.urls import reverse

from drafts.dist import FileType
from drafts.evidence.compare import Claim, Comparison, FileVerdict, Staged, Verdict, matched_algorithm
from drafts.models import Draft, File, LoggedDigest, Provenance
from drafts.review.rows import Earlier, FileRow, LogLine
from drafts.review.sight import Sight
from drafts.review.templatetags.words import size

_AGAINST = {Verdict.MISMATCH, Verdict.CONFLICT}


@dataclass(frozen=True)
class Around:
    """What the rows of one draft share."""

    draft: Draft
    comparison: Comparison
    last_sizes: Mapping[str, int]
    editable: bool
    earlier: Mapping[str, list[File]] = field(default_factory=dict)
    lines: Mapping[tuple[int, int, str], LogLine] = field(default_factory=dict)


def staged_by(file: File) -> str:
    """Say who staged a file."""
    return str(file.staged_by_token or file.staged_by_user)


def rows(sight: Sight) -> tuple[FileRow, ...]:
    """Return one row per file that is in the draft, in the order of the files."""
    earlier: defaultdict[str, list[File]] = defaultdict(list)
    for file in reversed(sight.uploads):
        if file.superseded_by_id:
            earlier[file.filename].append(file)
    around = Around(
        draft=sight.draft,
        comparison=sight.comparison,
        last_sizes={file.identity: file.size for file in sight.last},
        editable=sight.draft.is_editable,
        earlier=earlier,
        lines=_lines(sight.comparison),
    )
    return tuple(_row(file, around) for file in sight.files)


def _shown_claim(verdict: FileVerdict) -> Claim | None:
    """Return the claim that a row shows in its context: one against the file if there is any."""
    first = verdict.against if verdict.verdict in _AGAINST else ()
    claims = [*first, *verdict.agreeing, *verdict.earlier, *verdict.unnamed, *verdict.weak]
    return claims[0] if claims else None


def _lines(comparison: Comparison) -> dict[tuple[int, int, str], LogLine]:
    """Read the context of the lines that are shown, in one query."""
    shown = [claim for verdict in comparison.files.values() if (claim := _shown_claim(verdict))]
    wanted = {(claim.log, claim.line, claim.digest) for claim in shown}
    found = LoggedDigest.objects.select_related("log").filter(
        log__in={log for log, _, _ in wanted},
        digest__in={digest for _, _, digest in wanted},
    )
    return {(row.log_id, row.line, row.digest): _line(row) for row in found}


def _line(row: LoggedDigest) -> LogLine:
    around = row.excerpt.split("\n")
    at = 0 if row.line == 1 else 1
    return LogLine(
        log_label=row.log.label,
        number=row.line,
        text=around[at] if at < len(around) else "",
        before="\n".join(around[:at]),
        after="\n".join(around[at + 1 :]),
    )


def _row(file: File, around: Around) -> FileRow:
    verdict = around.comparison.files[file.filename]
    claim = _shown_claim(verdict)
    against = verdict.verdict in _AGAINST
    url = [around.draft.project.name, around.draft.version, file.filename]
    return FileRow(
        filename=file.filename,
        filetype=file.filetype,
        tags=_tags(file),
        size=file.size,
        delta=_delta(file, around.last_sizes),
        sha256=file.sha256,
        blake2b_256=file.blake2b_256,
        verdict=str(verdict.verdict),
        rank=verdict.rank.label if verdict.rank is not None else "",
        verdict_text=sentence(verdict, _matched(file, verdict)),
        logged_digest=verdict.against[0].digest if against else "",
        log_line=around.lines.get((claim.log, claim.line, claim.digest)) if claim else None,
        uploaded_by=staged_by(file),
        uploaded_at=file.staged_at,
        previous=tuple(
            Earlier(old.sha256, old.size, staged_by(old), old.staged_at)
            for old in around.earlier.get(file.filename, ())
        ),
        download_url=reverse("file-download", args=url),
        delete_url=reverse("file-delete", args=url) if around.editable else "",
        replace_url="#upload" if around.editable else "",
        **_provenance(around.draft, file),
    )


def _provenance(draft: Draft, file: File) -> dict[str, str]:
    """Say which run a file was taken from, in full and in short; nothing for one that was uploaded."""
    if file.taken_from is None:
        return {}
    taken = Provenance.of(file.taken_from)
    return {
        "taken_from": str(taken),
        "taken_from_short": f"run {taken.run} at {taken.commit[:7]}",
        "run_url": reverse("run", args=[draft.project.name, taken.row]),
    }


def _matched(file: File, verdict: FileVerdict) -> str | None:
    if not verdict.agreeing:
        return None
    staged = Staged(file.filename, file.sha256, file.blake2b_256, file.staged_by)
    return matched_algorithm(staged, verdict.agreeing[0])


def _tags(file: File) -> str:
    return (
        ""
        if file.filetype == FileType.SDIST
        else " ".join(file.filename.removesuffix(".whl").split("-")[-3:])
    )


def _delta(file: File, last_sizes: Mapping[str, int]) -> str:
    before = last_sizes.get(file.identity)
    if not before or before == file.size:
        return ""
    return f"{'+' if file.size > before else '−'}{size(abs(file.size - before))}"


def sentence(verdict: FileVerdict, matched: str | None) -> str:
    """Say in a sentence what the evidence comes to for one file; ``matched``: the algorithm that agreed."""
    if verdict.verdict == Verdict.MATCH:
        which = "BLAKE2b-256" if matched == "blake2b_256" else "SHA-256"
        rank = verdict.rank.label if verdict.rank is not None else ""
        return f"The staged bytes have the digest that was logged ({which}, {rank})."
    if verdict.verdict == Verdict.MISSING:
        return _missing(verdict)
    if verdict.verdict == Verdict.MISMATCH and verdict.against[0] in verdict.earlier:
        return "CI logged the digest of an earlier upload; what is staged now replaced it."
    return _SENTENCES[verdict.verdict]


_SENTENCES = {
    Verdict.MISMATCH: "The staged bytes do not have the digest that CI logged for this name.",
    Verdict.CONFLICT: "The logs contradict each other: some say what is staged, some say otherwise.",
    Verdict.NONE: "Nothing to compare with yet.",
}


def _missing(verdict: FileVerdict) -> str:
    if verdict.unnamed:
        return "Its digest was seen in a log, but without a name: that does not say that this file was built there."
    if verdict.weak:
        return (
            "The log names it with a digest that proves nothing here (MD5, SHA-1, or one that is not kept)."
        )
    return "There are logs, and this file is not in them."
