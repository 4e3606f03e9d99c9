"""How far a draft's files are upstream: a section of its page, and the acts of people where it stands still."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts import stepup
from drafts.access import gate
from drafts.access.gate import Member
from drafts.access.members import NotYours
from drafts.access.roles import Act
from drafts.models import (
    Changed,
    Draft,
    DraftState,
    LookBack,
    Push,
    PushedFile,
    PushedFileState,
    PushState,
    Target,
)
from drafts.publishing.targets import ci, deciding, rows
from drafts.review.rows import Level, Progress

_WORDS = {
    PushedFileState.PENDING: "not sent",
    PushedFileState.UNCLEAR: "perhaps there",
    PushedFileState.SENT: "sent",
    PushedFileState.CONFIRMED: "confirmed",
    PushedFileState.REFUSED: "refused",
}


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One file on its way upstream."""

    filename: str
    state: str
    text: str
    words: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class UpstreamSection:
    """Where a draft's files go or went besides this index; ``notice`` is what to know before the click."""

    label: str = ""
    by_ci: bool = False
    shows_here: bool = False
    state: str = ""
    summary: str = ""
    words: str = ""
    notice: str = ""
    alarm: bool = False
    next_at: datetime | None = None
    until: datetime | None = None
    files: tuple[DeliveryRow, ...] = ()
    resume_url: str = ""
    finish_url: str = ""
    fetched: str = ""
    differ: tuple[str, ...] = ()


def section(who: Member, draft: Draft, target: Target | None) -> UpstreamSection:
    """Return the section; of a draft that can still change, what publishing it would do. Costs no query then."""
    if draft.is_editable:
        return (
            UpstreamSection(
                str(target), target.by_ci, notice=notice(target, in_train=draft.train_id is not None)
            )
            if target
            else UpstreamSection()
        )
    if draft.state == DraftState.CANCELED:
        return UpstreamSection()
    fetched, differ = _fetched(draft) if draft.state == DraftState.PUBLISHED else ("", ())
    push = rows.of(draft)
    if push is None:
        return UpstreamSection(fetched=fetched, differ=differ)
    push.draft = draft
    return _section(who, push, fetched, differ)


def _section(who: Member, push: Push, fetched: str, differ: tuple[str, ...]) -> UpstreamSection:
    draft, found = push.draft, rows.deliveries(push)
    where = [draft.project.name, draft.version]
    is_held = draft.state in {DraftState.PROCESSING, DraftState.PUBLISHED} and not push.is_over
    waits = is_held and push.state != PushState.STOPPED
    return UpstreamSection(
        label=str(push.target),
        shows_here=draft.state == DraftState.PUBLISHED,
        by_ci=push.target.by_ci,
        state=push.state,
        summary="" if waits and draft.state == DraftState.PROCESSING else summary(push, found),
        words=push.words if is_held else "",
        alarm=push.alarm,
        next_at=rows.waits_until(push) if waits and push.words else None,
        until=push.begun_at + ci.LIMIT if waits and push.target.by_ci and push.begun_at else None,
        files=tuple(_row(one, by_ci=push.target.by_ci) for one in found),
        resume_url=reverse("upstream-resume", args=where) if is_held and who.may(Act.PUBLISH) else "",
        finish_url=reverse("upstream-finish", args=where) if is_held and who.may(Act.TARGET) else "",
        fetched=fetched,
        differ=differ,
    )


def _row(one: PushedFile, *, by_ci: bool) -> DeliveryRow:
    words = "" if one.state == PushedFileState.CONFIRMED else one.words
    state = PushedFileState(one.state)
    text = "not there yet" if by_ci and state == PushedFileState.PENDING else _WORDS[state]
    return DeliveryRow(one.file.filename, state, text, words, one.confirmed_at or one.tried_at)


def summary(push: Push, found: list[PushedFile]) -> str:
    """Say how far it is, in numbers."""
    confirmed = sum(one.state == PushedFileState.CONFIRMED for one in found)
    sent = sum(one.state in {PushedFileState.SENT, PushedFileState.CONFIRMED} for one in found)
    if push.target.by_ci:
        return f"{confirmed} of {len(found)} files at {push.target} with the reviewed bytes"
    if sent > confirmed:
        return f"{sent} of {len(found)} files sent to {push.target}, {confirmed} confirmed"
    return f"{confirmed} of {len(found)} files confirmed at {push.target}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far one draft of a train is upstream, in words."""

    text: str
    is_over: bool
    is_stuck: bool
    alarm: bool


def deliveries(drafts: Sequence[Draft]) -> dict[int, Delivery]:
    """Return how far published drafts are upstream, by id, for those that go there. Two queries for all of them."""
    shown = [draft.pk for draft in drafts if draft.state == DraftState.PUBLISHED]
    if not shown:
        return {}
    pushes = Push.objects.filter(draft__in=shown).select_related("target").prefetch_related("deliveries")
    return {push.pk: _delivery(push) for push in pushes}


def _delivery(push: Push) -> Delivery:
    told, is_stuck = summary(push, list(push.deliveries.all())), push.state == PushState.STOPPED
    if push.alarm and is_stuck:
        told = f"{push.target} does not show what was reviewed"
    return Delivery(f"{_STARTS.get(PushState(push.state), '')}{told}", push.is_over, is_stuck, push.alarm)


_STARTS = {
    PushState.STOPPED: "stopped, ",
    PushState.LEFT: "left by an owner, ",
    PushState.ASKED: "approved, waiting for CI: ",
}


def notice(target: Target, *, in_train: bool) -> str:
    """Say before the click what goes where besides this index, and in which order."""
    if in_train and target.by_ci:
        return f"Once the train shows here, CI is asked to publish to {target} with its own identity."
    if in_train:
        return f"Once the train shows here, the files go to {target}, wheels before the sdist. It shows them one by one."
    if target.by_ci:
        return f"CI publishes to {target} with its own identity, and the files show here once they are there as reviewed."
    return (
        f"The files go to {target} first, wheels before the sdist. It shows them one by one, and from the first one on this "
        "cannot be taken back."
    )


def _fetched(draft: Draft) -> tuple[str, tuple[str, ...]]:
    row = LookBack.objects.filter(draft=draft).first()
    if row is None:
        return "", ()
    if row.differ:
        said = tuple(f"{filename}: {found}" for filename, found in row.differ.items())
        return f"{len(row.differ)} of {row.files} files are not what was reviewed.", said
    if row.error:
        return f"Not fetched back: {row.error}", ()
    return f"Fetched back: {row.files} of {row.files} files have the reviewed bytes.", ()


def progress(draft: Draft) -> Progress | None:
    """Return how far a draft is upstream; None before that is its turn and after it is over."""
    push = rows.of(draft)
    if push is None or push.is_over:
        return None
    if draft.state == DraftState.PROCESSING and push.begun_at is None and not push.words:
        return None
    found = rows.deliveries(push)
    done = sum(one.state == PushedFileState.CONFIRMED for one in found)
    if push.state == PushState.STOPPED:
        other = f"{push.target} has other bytes than were reviewed"
        text = f"stopped, {other if push.alarm else summary(push, found)}"
        return Progress(done, len(found), text, Level.STOP if push.alarm else Level.WAIT)
    text = summary(push, found)
    if push.target.by_ci and push.begun_at:
        return Progress(done, len(found), f"approved, waiting for CI: {text}", by_ci=True)
    return Progress(done, len(found), text)


@gate.people
@require_POST
def resume(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Go on with a publish that stands still upstream."""
    who, draft = gate.draft(request, name, version, Act.PUBLISH)
    try:
        deciding.resume(draft=draft, by=who.actor)
    except Changed as error:
        messages.info(request, f"Nothing was changed: {error}.")
    else:
        messages.success(request, "It goes on where it stopped.")
    return redirect("draft", name=name, version=version)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def finish(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Ask, then show the files here though not all of them are upstream."""
    who, draft = gate.draft(request, name, version, Act.TARGET)
    if request.method != "POST":
        return _ask(request, who, draft)
    reason = request.POST.get("reason", "")
    try:
        proof = stepup.prove(request, deciding.purpose(draft))
        deciding.finish_here(draft=draft, by=who.actor, proof=proof, reason=reason)
    except (stepup.NotProven, NotYours) as error:
        return _ask(request, who, draft, str(error), 403)
    except Changed as error:
        messages.info(request, f"Nothing was changed: {error}.")
    return redirect("draft", name=name, version=version)


def _ask(request: HttpRequest, who: Member, draft: Draft, error: str = "", status: int = 200) -> HttpResponse:
    found = section(who, draft, None)
    page = {"project": draft.project.name, "version": draft.version, "upstream": found, "error": error}
    return render(request, "review/upstream_finish.html", {"page": page}, status=status)
