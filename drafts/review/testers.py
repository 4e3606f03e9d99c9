"""The tester's page, for people without an account: what this is, until when, the lines to copy."""

from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from drafts.access import gate
from drafts.access.gate import DraftAccess
from drafts.index.drafts import private
from drafts.models import File
from drafts.review.filerows import staged_by
from drafts.review.installers import Tab, tabs


@dataclass(frozen=True, slots=True)
class TesterFile:
    """One file as a tester sees it."""

    filename: str
    size: int
    sha256: str
    url: str


@dataclass(frozen=True, slots=True)
class TesterPage:
    """What a tester without an account sees."""

    project: str
    version: str
    state: str
    label: str
    staged_text: str = ""
    expires_at: datetime | None = None
    tabs: tuple[Tab, ...] = ()
    files: tuple[TesterFile, ...] = ()
    published_url: str = ""


@private
def page(request: HttpRequest, token: str) -> HttpResponseBase:
    """Show the draft that a link opens; after publishing, where it is public."""
    try:
        access = gate.draft_link(request, token)
    except Http404:
        return render(request, "404.html", status=404)
    return _shown(request, access)


def _shown(request: HttpRequest, access: DraftAccess) -> HttpResponse:
    draft = access.draft
    shown = TesterPage(
        project=draft.project.name, version=draft.version, state=draft.state, label=access.link.label
    )
    if access.ended:
        public = reverse("simple-project", args=[draft.project.name])
        shown = replace(shown, staged_text="This draft was published.", published_url=public)
    else:
        rows = draft.files.installable().select_related("staged_by_token", "staged_by_user")
        files = list(rows.order_by("filename"))
        shown = replace(
            shown,
            staged_text=_staged_text(files),
            expires_at=min(access.link.expires_at, draft.expires_at),
            tabs=tabs(access),
            files=tuple(_file(file) for file in files),
        )
    return render(request, "review/tester.html", {"t": shown})


def _staged_text(files: list[File]) -> str:
    if not files:
        return "Nothing is staged yet."
    return f"Staged by {', '.join(sorted({staged_by(file) for file in files}))}, not published."


def _file(file: File) -> TesterFile:
    return TesterFile(file.filename, file.size, file.sha256, f"files/{file.handle}/{quote(file.filename)}")
