"""The draft page, built from rows: every question asked once, everything a plain value."""

from collections.abc import Sequence

from django.urls import reverse

from drafts.access import links
from drafts.access.gate import Member
from drafts.access.roles import Act
from drafts.models import Draft, DraftState, File, FileState, Look, beside
from drafts.notify import letters
from drafts.review import (
    approvalrows,
    arriving,
    builderrows,
    changes,
    evidencerows,
    filerows,
    findinglines,
    history,
    looking,
    panel,
    scheduled,
    testerrows,
    trainrows,
    upstream,
)
from drafts.review import verdict as verdicts_in_words
from drafts.review.receipts import receipt_url
from drafts.review.rows import Can, DraftPage, Level, LinkRow
from drafts.review.sight import Sight, progress, see
from drafts.review.verdict import count, totals


def draft_page(who: Member, draft: Draft, look: Look | None = None) -> DraftPage:
    """Build the page of one draft for one member, who looked at it before."""
    can = _can(who, draft)
    may_publish = who.may(Act.PUBLISH)
    known = see(draft, publisher=who.user.pk if may_publish else None)
    where = [draft.project.name, draft.version]
    links_of = _links(draft, can)
    section = evidencerows.section(who, known)
    found = findinglines.section(known, may_accept=who.may(Act.FINDINGS))
    changed = changes.section(known, can)
    fingerprint = draft.fingerprint_of(known.files) if known.files else ""
    events = history.events(draft)
    return DraftPage(
        project=draft.project.name,
        version=draft.version,
        url=reverse("draft", args=where),
        state=draft.state,
        phase=phase(draft, has_files=bool(known.files)),
        expires_at=draft.expires_at,
        totals=totals(known.files),
        staged=_staged(known.files),
        verdict=verdicts_in_words.verdict(known, may_publish=may_publish, user_id=_approver(who)),
        blockers=tuple(known.blockers) if draft.state != DraftState.PROCESSING else (),
        checks=tuple(panel.checks(known, found, changed.installability)) if draft.is_live else (),
        button=panel.button(known, reverse("publish", args=where), may_publish=may_publish),
        fingerprint=fingerprint,
        files=filerows.rows(known),
        evidence=section,
        changes=changed,
        links=links_of,
        activity=history.timeline(events, lambda event: looking.by_others(look, event)),
        can=can,
        poll_url=_poll_url(draft, known),
        progress=known.progress,
        error_reason=draft.error if draft.state == DraftState.ERROR else "",
        ended_text=_ended_text(draft, known.files),
        arriving=arriving.rows(known),
        missing=tuple(known.missing),
        complete_said=draft.complete_said_at if draft.is_live else None,
        complete_said_by=draft.complete_said_by,
        strike_url=reverse("expected-strike", args=where),
        upload_url=reverse("file-upload", args=where),
        link_create_url=reverse("link-make", args=where),
        link_others=links.may_open_others(),
        cancel_url=reverse("draft-cancel", args=where),
        extend_url=reverse("draft-extend", args=where) if can.cancel else "",
        builders=builderrows.rows(known, can),
        invite_url=reverse("builder-invite", args=where) if can.builders else "",
        run_url=reverse("run-ask", args=[draft.project.name]) if can.upload and section.run_url else "",
        findings=found,
        receipt_url=receipt_url(draft),
        release_url=reverse("release", args=where)
        if draft.state == DraftState.PUBLISHED and known.files
        else "",
        looking=looking.section(
            look, draft, events, fingerprint=fingerprint, evidence=section, findings=found, changes=changed
        ),
        schedule=scheduled.section(who, draft),
        approvals=approvalrows.section(who, known),
        testers=testerrows.section(who, known, fetched=any(link.uses for link in links_of)),
        train=trainrows.section(draft, known.train, may_make=who.may(Act.TRAIN)),
        upstream=upstream.section(who, draft, known.target),
    )


def _can(who: Member, draft: Draft) -> Can:
    return Can(
        publish=draft.is_editable and who.may(Act.PUBLISH),
        upload=draft.is_editable and who.may(Act.STAGE),
        evidence=draft.is_open and who.may(Act.EVIDENCE),
        links=draft.is_live and who.may(Act.LINK),
        cancel=draft.is_open and who.may(Act.CANCEL),
        builders=draft.is_editable and who.may(Act.BUILDERS),
        set_aside=draft.is_editable and who.may(Act.SET_ASIDE),
        decide=draft.is_editable and who.may(Act.DECIDE),
    )


def _approver(who: Member) -> int | None:
    return who.user.pk if who.may(Act.APPROVE) else None


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


def _links(draft: Draft, can: Can) -> tuple[LinkRow, ...]:
    if not beside.those_with("links", [draft]):
        return ()
    where = [draft.project.name, draft.version]
    return tuple(
        LinkRow(
            label=link.label,
            url=links.url(link) if can.links and not link.revoked_at else "",
            by=str(link.created_by or "Presscheck"),
            at=link.created_at,
            expires_at=min(link.expires_at, draft.expires_at) if draft.is_live else link.expires_at,
            uses=link.uses,
            with_others=link.with_others,
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
    running = known.progress
    follows = draft.state == DraftState.PUBLISHED and running is not None and running.level == Level.BUSY
    if not follows and not (draft.is_live and (waits or draft.state == DraftState.OPEN)):
        return ""
    return f"{reverse('draft-now', args=[draft.project.name, draft.version])}?seen={seen(draft)}"


def seen(draft: Draft) -> str:
    """Name the state of a draft's page: changes whenever the page would."""
    running = progress(draft)
    return f"{draft.pk}.{draft.serial}.{draft.state}.{running.done if running else 0}"


def _ended_text(draft: Draft, files: Sequence[File]) -> str:
    if draft.state == DraftState.PUBLISHED:
        return f"by {draft.ended_by}. {_reach(draft, files)}"
    return f"by {draft.ended_by}. Nothing was published." if draft.state == DraftState.CANCELED else ""


def _reach(draft: Draft, files: Sequence[File]) -> str:
    """Say who gets what was published, as it stands now."""
    if not files:
        return "All of its files were deleted since: nobody gets them."
    if draft.project.is_quarantined or (files[0].release and files[0].release.is_quarantined):
        return "It is in quarantine: nobody gets its files."
    return letters.reach(draft, yanked=all(file.yanked is not None for file in files))
