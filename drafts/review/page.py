"""The draft page, built from rows: every question asked once, everything a plain value."""

from collections.abc import Sequence

from django.urls import reverse

from drafts.access import links
from drafts.access.gate import Member
from drafts.access.roles import Act
from drafts.dist.coverage import CellState, Grid
from drafts.evidence.compare import Comparison, Rank, Verdict
from drafts.inspection.changes import changes
from drafts.models import CiSource, Draft, DraftState, EvidenceLog, File, FileState
from drafts.review import arriving, builderrows, filerows, history
from drafts.review import verdict as verdicts_in_words
from drafts.review.rows import Can, DraftPage, GridCell, GridRow, GridView, LinkRow, LogRow
from drafts.review.sight import Sight, progress, see
from drafts.review.verdict import count, totals

_STATE_WORDS = {
    CellState.PRESENT: "staged",
    CellState.NEW: "new",
    CellState.LOST: "lost",
    CellState.ABSENT: "none",
}


def draft_page(who: Member, draft: Draft) -> DraftPage:
    """Build the page of one draft for one member."""
    can = _can(who, draft)
    known = see(draft)
    may_publish = who.may(Act.PUBLISH)
    where = [draft.project.name, draft.version]
    changed = tuple(changes(known.files, known.last))
    return DraftPage(
        project=draft.project.name,
        version=draft.version,
        url=reverse("draft", args=where),
        state=draft.state,
        phase=phase(draft, has_files=bool(known.files)),
        expires_at=draft.expires_at,
        totals=totals(known.files),
        staged=_staged(known.files),
        verdict=verdicts_in_words.verdict(known, may_publish=may_publish),
        blockers=tuple(known.blockers) if draft.state != DraftState.PROCESSING else (),
        checks=tuple(verdicts_in_words.checks(known)) if draft.is_live else (),
        button=verdicts_in_words.button(known, reverse("publish", args=where), may_publish=may_publish),
        fingerprint=draft.fingerprint_of(known.files) if known.files else "",
        grid=_grid_view(known),
        files=filerows.rows(known),
        logs=_logs(draft, known.comparison),
        evidence_summary=verdicts_in_words.evidence_line(known.comparison),
        changes=changed,
        changes_summary=_changes_summary(known, changed),
        links=_links(draft, can),
        activity=history.timeline(draft),
        can=can,
        poll_url=_poll_url(draft, known),
        progress=known.progress,
        error_reason=draft.error if draft.state == DraftState.ERROR else "",
        ended_text=_ended_text(draft),
        arriving=arriving.rows(known),
        missing=tuple(known.missing),
        complete_said=draft.complete_said_at if draft.is_live else None,
        complete_said_by=draft.complete_said_by,
        strike_url=reverse("expected-strike", args=where),
        evidence_url=reverse("evidence-add", args=where),
        upload_url=reverse("file-upload", args=where),
        link_create_url=reverse("link-make", args=where),
        cancel_url=reverse("draft-cancel", args=where),
        extend_url=reverse("draft-extend", args=where) if can.cancel else "",
        sums_url=reverse("evidence-sums", args=where),
        builders=builderrows.rows(known, can),
        invite_url=reverse("builder-invite", args=where) if can.builders else "",
        run_url=_run_url(draft, can),
    )


def _can(who: Member, draft: Draft) -> Can:
    return Can(
        publish=draft.is_editable and who.may(Act.PUBLISH),
        upload=draft.is_editable and who.may(Act.STAGE),
        evidence=draft.is_editable and who.may(Act.EVIDENCE),
        links=draft.is_live and who.may(Act.LINK),
        cancel=draft.is_editable and who.may(Act.CANCEL),
        builders=draft.is_editable and who.may(Act.BUILDERS),
    )


def _run_url(draft: Draft, can: Can) -> str:
    """Return where a run is named whose files shall come in; empty where nobody said where CI runs."""
    if not can.upload or not CiSource.objects.filter(project=draft.project).exists():
        return ""
    return reverse("run-ask", args=[draft.project.name])


def phase(draft: Draft, *, has_files: bool) -> int:
    """Return 1 staging, 2 review, 3 publishing or published."""
    if draft.state in {DraftState.PROCESSING, DraftState.PUBLISHED}:
        return 3
    return 2 if has_files else 1


def _staged(files: Sequence[File]) -> str:
    if not files:
        return ""
    first, last = min(file.staged_at for file in files), max(file.staged_at for file in files)
    people = sorted({filerows.staged_by(file) for file in files})
    others = f" and {count(len(people) - 1, 'other')}" if len(people) > 1 else ""
    span = f"{first:%H:%M}" if f"{first:%H:%M}" == f"{last:%H:%M}" else f"{first:%H:%M}–{last:%H:%M}"
    return f"staged {last:%d %B} {span} UTC by {people[0]}{others}"


def _grid_view(known: Sight) -> GridView | None:
    found = known.grid
    if found is None:
        return None
    differs = {
        name
        for name, verdict in known.comparison.files.items()
        if verdict.verdict in {Verdict.MISMATCH, Verdict.CONFLICT}
    }
    rows = tuple(
        GridRow(
            row.label,
            tuple(
                _cell(cell.state, cell.filenames, differs, row.label, column)
                for cell, column in zip(row.cells, found.columns, strict=True)
            ),
        )
        for row in found.rows
    )
    return GridView(found.columns, rows, str(found.sdist), _grid_summary(known, found))


def _cell(state: CellState, filenames: Sequence[str], differs: set[str], row: str, column: str) -> GridCell:
    wrong = [name for name in filenames if name in differs]
    shown = wrong[0] if wrong else (filenames[0] if filenames else "")
    word = "differs from CI" if wrong and state != CellState.LOST else _STATE_WORDS[state]
    spelled = "differs" if wrong and state != CellState.LOST else str(state)
    return GridCell(spelled, shown, f"{word}: {row}, {column}{f', {shown}' if shown else ''}")


def _grid_summary(known: Sight, found: Grid) -> str:
    wheels = sum(file.filetype == "bdist_wheel" for file in known.files)
    sdists = len(known.files) - wheels
    what = ", ".join(filter(None, [count(wheels, "wheel") if wheels else "", "sdist" if sdists else ""]))
    if not known.last_version:
        return f"{count(len(known.files), 'file')} ({what})"
    parts = [
        f"{len(found.new_files)} new" if found.new_files else "",
        f"{len(found.lost_files)} lost" if found.lost_files else "",
    ]
    difference = ", ".join(filter(None, parts)) or "nothing new, nothing lost"
    return f"{count(len(known.files), 'file')} ({what}), against {known.last_version}: {difference}"


def _logs(draft: Draft, comparison: Comparison) -> tuple[LogRow, ...]:
    extra: dict[int, list[str]] = {}
    for claim in comparison.extra:
        if claim.filename:
            extra.setdefault(claim.log, []).append(claim.filename)
    logs = draft.evidence.select_related("added_by_user", "added_by_token", "added_by_run")
    return tuple(
        LogRow(
            label=log.label,
            source=_source(log),
            rank=Rank(log.rank).label,
            by=str(log.added_by_run or log.added_by_user or log.added_by_token),
            at=log.added_at,
            size=log.size,
            sha256=log.sha256,
            digests=log.found,
            extra=tuple(dict.fromkeys(extra.get(log.pk, ()))),
        )
        for log in logs.order_by("added_at")
    )


def _source(log: EvidenceLog) -> str:
    how = "fetched by Presscheck" if log.added_by_run_id else "pasted"
    return f"{how}, cut at 20 MB" if log.cut else how


def _changes_summary(known: Sight, changed: Sequence[object]) -> str:
    if not known.last_version:
        return "No published release to compare with"
    return (
        f"{count(len(changed), 'change')} since {known.last_version}"
        if changed
        else f"none since {known.last_version}"
    )


def _links(draft: Draft, can: Can) -> tuple[LinkRow, ...]:
    where = [draft.project.name, draft.version]
    return tuple(
        LinkRow(
            label=link.label,
            url=links.url(link) if can.links and not link.revoked_at else "",
            by=str(link.created_by or "Presscheck"),
            at=link.created_at,
            expires_at=min(link.expires_at, draft.expires_at) if draft.is_live else link.expires_at,
            uses=link.uses,
            last_used_at=link.last_used_at,
            revoke_url=reverse("link-revoke", args=[*where, link.pk]) if can.links else "",
            revoked_at=link.revoked_at,
        )
        for link in draft.links.select_related("created_by").order_by("created_at")
    )


def _poll_url(draft: Draft, known: Sight) -> str:
    """Return where the page asks for news: only while there is something to wait for."""
    waits = (
        draft.state == DraftState.PROCESSING
        or not known.files
        or any(f.state != FileState.COMPLETED for f in known.files)
    )
    if not (draft.is_live and (waits or draft.state == DraftState.OPEN)):
        return ""
    return f"{reverse('draft-now', args=[draft.project.name, draft.version])}?seen={seen(draft)}"


def seen(draft: Draft) -> str:
    """Name the state of a draft's page: changes whenever the page would."""
    running = progress(draft)
    return f"{draft.pk}.{draft.serial}.{draft.state}.{running.done if running else 0}"


def _ended_text(draft: Draft) -> str:
    if draft.state == DraftState.PUBLISHED:
        return f"by {draft.ended_by}. Installers get it from the index now."
    return f"by {draft.ended_by}. Nothing was published." if draft.state == DraftState.CANCELED else ""
