"""One file's differences: against the last release, an earlier upload, the published release, or sdist against wheel."""

from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from drafts.access import gate
from drafts.access.roles import Act
from drafts.dist import BadDistribution
from drafts.dist.differences import Difference, difference
from drafts.inspection import members as inside
from drafts.inspection.changes import Change, befores, metadata
from drafts.inspection.changes.like import like
from drafts.inspection.changes.members import Compared, MemberChange, compare
from drafts.inspection.members import NotInspected, Text
from drafts.models import Draft, File
from drafts.storage import NoSuchObject, StorageDown

_MOST_MEMBERS = 2000
_TEXT_LIMIT = 512 * 1024
_UNREADABLE = (BadDistribution, NoSuchObject, StorageDown, KeyError)


class Against(StrEnum):
    """What a file can be held against."""

    LAST = "last"
    SUPERSEDED = "superseded"
    PUBLISHED = "published"
    SDIST = "sdist"
    WHEEL = "wheel"


@dataclass(frozen=True, slots=True)
class Tab:
    """One thing to compare with."""

    against: Against
    label: str
    file: File
    url: str = ""
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One member that differs, and where its text is compared."""

    change: MemberChange
    text_url: str


@dataclass(frozen=True, slots=True)
class MemberText:
    """The text difference of one member, or the sentence that there is none."""

    path: str
    found: Difference | None = None
    said: str = ""


@dataclass(frozen=True, slots=True)
class FileChanges:
    """The page of one file's differences."""

    draft: Draft
    file: File
    tabs: tuple[Tab, ...]
    tab: Tab | None = None
    fields: tuple[Change, ...] = ()
    rows: tuple[Row, ...] = ()
    summary: str = ""
    more: int = 0
    delta: int = 0
    text: MemberText | None = None


@gate.people
@require_safe
def changes(request: HttpRequest, name: str, version: str, filename: str) -> HttpResponse:
    """Show what is different in one file, and on demand the text of one member."""
    _, draft = gate.draft(request, name, version, Act.SEE)
    file = draft.files.live().named(filename)
    if file is None:
        raise Http404("This file is not in the draft.")
    page = _page(draft, file, request.GET.get("against", ""), request.GET.get("path", ""))
    return render(request, "review/file_changes.html", {"page": page})


def _page(draft: Draft, file: File, against: str, path: str) -> FileChanges:
    tabs = _tabs(draft, file)
    tab = next((tab for tab in tabs if tab.against == against), tabs[0] if tabs else None)
    tabs = tuple(replace(one, is_current=one is tab) for one in tabs)
    page = FileChanges(draft, file, tabs, tab)
    if tab is None:
        return page
    page = replace(page, fields=tuple(metadata.compare([file.core_metadata], [tab.file.core_metadata])))
    try:
        found = compare(file, tab.file)
    except NotInspected as error:
        return replace(page, summary=f"Members are not compared: {error}.")
    except StorageDown as error:
        return replace(page, summary=f"Members are not compared: {error}")
    return replace(_with_members(page, found, tab), text=_text(page, found, path) if path else None)


def _with_members(page: FileChanges, found: Compared, tab: Tab) -> FileChanges:
    rows = [
        Row(change, f"{tab.url}&{urlencode({'path': change.path})}#text")
        for change in found.changes[:_MOST_MEMBERS]
    ]
    more = max(0, len(found.changes) - _MOST_MEMBERS)
    return replace(page, rows=tuple(rows), summary=found.sentence, more=more, delta=found.delta)


def _tabs(draft: Draft, file: File) -> tuple[Tab, ...]:
    """Return what there is to compare a file with, the most telling first."""
    before = befores([draft], whole=True)[draft.pk]
    siblings = [*draft.files.live(), *before.same_files]
    earlier = (
        draft.files.filter(filename=file.filename, superseded_by__isnull=False)
        .with_bytes()
        .order_by("-pk")
        .first()
    )
    other = Against.WHEEL if file.filetype == "sdist" else Against.SDIST
    counterpart = next((one for one in siblings if one.filetype != file.filetype), None)
    found = [
        (Against.PUBLISHED, f"published {draft.version}", like(file, before.same_files)),
        (Against.LAST, f"last release, {before.version}", like(file, before.last_files)),
        (Against.SUPERSEDED, "earlier upload", earlier),
        (other, f"{other} of this release", counterpart),
    ]
    url = reverse("file-changes", args=[draft.project.name, draft.version, file.filename])
    return tuple(
        Tab(against, label, one, f"{url}?{urlencode({'against': against})}")
        for against, label, one in found
        if one
    )


def _text(page: FileChanges, found: Compared, path: str) -> MemberText:
    """Read the member on both sides, each within its budget, and compare."""
    change = next((one for one in found.changes if one.path == path), None)
    if change is None or page.tab is None:
        return MemberText(path, said="This member is the same on both sides, or on none.")
    try:
        old = _read(page.tab.file, change.before.path if change.before else None)
        new = _read(page.file, change.now.path if change.now else None)
    except _UNREADABLE:
        return MemberText(path, said="The member cannot be read: its archive is not at hand any more.")
    if old.is_binary or new.is_binary:
        return MemberText(path, said="It is no text: sizes and digests are above.")
    cut = (
        f"Only the first {_TEXT_LIMIT // 1024} KiB of each side are compared. "
        if old.is_cut or new.is_cut
        else ""
    )
    made = difference(old.text, new.text)
    return MemberText(path, replace(made, cut=f"{cut}{made.cut}".strip()))


def _read(file: File, path: str | None) -> Text:
    return inside.text(file, path, _TEXT_LIMIT) if path is not None else Text("")
