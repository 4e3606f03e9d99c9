"""The evidence section of the draft page, and what each file's row says of evidence: plain values for the templates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from drafts.access.gate import Member
from drafts.access.roles import Act
from drafts.evidence.compare import Comparison, Rank
from drafts.models import (
    AttestationSearch,
    CiSource,
    Draft,
    DraftState,
    EvidenceLog,
    File,
    PrintedBy,
    Project,
)
from drafts.models.evidence import EVERY_FILE
from drafts.review import evidencewords, followedruns
from drafts.review.followedruns import FollowedRun

if TYPE_CHECKING:
    from drafts.review.sight import Sight


@dataclass(frozen=True, slots=True)
class LogRow:
    """One log that was added as evidence. ``red`` says what is wrong with it, ``note`` how far it counts."""

    label: str
    url: str
    source: str
    rank: str
    by: str
    at: datetime
    size: int
    sha256: str
    digests: int
    extra: tuple[str, ...]
    note: str
    red: str
    aside_reason: str
    aside_by: str
    aside_at: datetime | None
    aside_url: str
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """Looking for attestations: where to ask for it (empty: not now), and what came of it the last time."""

    url: str = ""
    state: str = ""
    said: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EvidenceSection:
    """Everything that the section shows; an empty address: this person may not, or there is nothing to ask."""

    summary: str
    logs: tuple[LogRow, ...]
    add_url: str
    run_url: str
    run_example: str
    sums_url: str
    post_url: str
    demand: str
    runs: tuple[FollowedRun, ...] = ()
    search: Search = field(default_factory=Search)


def section(who: Member, known: "Sight") -> EvidenceSection:
    """Build the section of one draft, which was read whole, for one member, in a query more where runs staged files themselves."""
    draft, comparison = known.draft, known.comparison
    where = [draft.project.name, draft.version]
    may_add = draft.is_open and who.may(Act.EVIDENCE)
    source: CiSource | None = getattr(draft.project, "ci_source", None) if may_add else None
    return EvidenceSection(
        summary=evidencewords.line(comparison),
        logs=tuple(_logs(who, draft, comparison, known.files, known.logs)),
        add_url=reverse("evidence-add", args=where) if may_add else "",
        run_url=reverse("evidence-run", args=where) if source else "",
        run_example=source.repository if source else "",
        sums_url=reverse("evidence-sums", args=where),
        post_url=post_url(draft.project, draft.version),
        demand=draft.project.evidence_demand,
        runs=followedruns.rows(draft, known.files),
        search=_search(draft, reverse("evidence-attestations", args=where) if source and known.files else ""),
    )


def _search(draft: Draft, url: str) -> Search:
    last: AttestationSearch | None = getattr(draft, "attestation_search", None)
    if last is None:
        return Search(url)
    if last.ended_at is None:
        return Search("", "waits", last.said or "Attestations are being looked for.", last.asked_at)
    return Search(url, "failed" if last.failed else "ended", last.said, last.ended_at)


def post_url(project: Project, version: str) -> str:
    """Return the address to which a job posts what it says of a release."""
    door = reverse("sandbox-evidence" if project.is_sandbox else "evidence-post")
    return f"{settings.PRESSCHECK_URL}{door}?{urlencode({'project': project.plain_name, 'version': version})}"


def _logs(
    who: Member, draft: Draft, comparison: Comparison, files: Sequence[File], rows: Sequence[EvidenceLog]
) -> Iterator[LogRow]:
    extra: dict[int, list[str]] = {}
    for claim in comparison.extra:
        if claim.filename:
            extra.setdefault(claim.log, []).append(claim.filename)
    commits = {file.built_from for file in files} - {""}
    may_set_aside = draft.is_editable and who.may(Act.SET_ASIDE)
    attested = {
        claim.log
        for one in comparison.files.values()
        for claim in (*one.agreeing, *one.against)
        if claim.rank is Rank.ATTESTED
    }
    names = {file.filename for file in files}
    for log in rows:
        where = [draft.project.name, draft.version, log.pk]
        yield LogRow(
            label=log.label,
            url=reverse("evidence-log", args=where),
            source="signature" if getattr(log, "is_signature", False) else source(log),
            rank=Rank.ATTESTED.label if log.pk in attested else _rank(log).label,
            by=added_by(log),
            at=log.added_at,
            size=log.size,
            sha256=log.sha256,
            digests=log.found,
            extra=tuple(dict.fromkeys(extra.get(log.pk, ()))),
            note=_note(log, names),
            red=_red(log, commits),
            aside_reason=log.set_aside_reason,
            aside_by=str(log.set_aside_by or ""),
            aside_at=log.set_aside_at,
            aside_url=reverse("evidence-aside", args=where) if may_set_aside else "",
            kept=kept(draft, log),
        )


def _rank(log: EvidenceLog) -> Rank:
    return Rank.PASTED if log.rank == Rank.FETCHED and not log.vouches else Rank(log.rank)


def kept(draft: Draft, log: EvidenceLog) -> str:
    """Say how long a log's text is kept: for good once it was published by, else a day after its draft ended."""
    if log.purged_at is not None:
        return "its text was deleted with what was not published"
    if draft.state == DraftState.PUBLISHED:
        return "kept for good, as what the release was judged by"
    day = timedelta(hours=settings.PURGE_GRACE_HOURS)
    if draft.ended_at is not None:
        return f"kept until {draft.ended_at + day:%d %B %H:%M} UTC"
    return f"kept until {draft.expires_at + day:%d %B %Y}, for good if published"


def added_by(log: EvidenceLog) -> str:
    """Say who added a log."""
    return str(log.added_by_run or log.added_by_user or log.added_by_token)


def source(log: EvidenceLog) -> str:
    """Say how a log came, and what was done to it before it was kept."""
    how = "posted" if log.added_by_token_id else "pasted"
    if log.printed_by is not None:
        how = "fetched by Presscheck"
    masked = f"{log.masked} secret{'' if log.masked == 1 else 's'} masked" if log.masked else ""
    return ", ".join(filter(None, [how, "cut at 20 MB" if log.cut else "", masked]))


def _note(log: EvidenceLog, names: set[str]) -> str:
    """Say for which files a fetched log's lines count, or why it proves no more than pasted text."""
    if log.printed_by is None:
        if log.of_own_files:
            return "about what this token staged, and nothing else"
        return ""
    if said := PrintedBy.of(log.printed_by).said:
        as_what = "counts as the word of who staged the files" if log.added_by_token_id else "ranks as pasted"
        return f"{as_what}: {said}"
    if EVERY_FILE in log.vouches:
        return "an evidence job: its lines count for every file"
    made = names & set(log.vouches)
    if not made:
        return "made no file of this draft: its lines rank as pasted"
    return f"made {len(made)} of {len(names)} files of this draft: its lines about them count as fetched"


def _red(log: EvidenceLog, commits: set[str]) -> str:
    commit = PrintedBy.of(log.printed_by).commit if log.printed_by else ""
    if not commit or not commits or commit in commits:
        return ""
    built = ", ".join(sorted(one[:7] for one in commits))
    return f"The run built another commit: {commit[:7]}. Files of this draft were built from {built}."
