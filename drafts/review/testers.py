"""The tester's page, for people without an account: what this is, until when, the lines to copy."""

from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from drafts.access import gate
from drafts.access.gate import DraftAccess
from drafts.index.drafts import private
from drafts.models import File, Role, standing
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
    made_by: str = ""
    expires_at: datetime | None = None
    tabs: tuple[Tab, ...] = ()
    files: tuple[TesterFile, ...] = ()
    is_overlay: bool = False
    fingerprint: str = ""
    report_url: str = ""
    report_line: str = ""


@private
def page(request: HttpRequest, token: str) -> HttpResponseBase:
    """Show the draft that a link opens; after publishing, lead to the release's public page."""
    try:
        access = gate.draft_link(request, token)
    except Http404:
        return render(request, "404.html", status=404)
    return _shown(request, access)


def _shown(request: HttpRequest, access: DraftAccess) -> HttpResponse:
    draft = access.draft
    if access.ended:  # for 30 days; then the link opens nothing
        if access.train is not None:
            return redirect("sandbox-root" if draft.project.is_sandbox else "simple-root")
        return redirect("public-release", name=draft.project.name, version=draft.version)
    rows = File.objects.filter(draft__in=access.drafts).installable()
    files = list(rows.select_related("staged_by_token", "staged_by_user").order_by("draft", "filename"))
    shown = TesterPage(
        project=draft.project.name,
        version=draft.version,
        state=draft.state,
        label=access.link.label,
        staged_text=_staged_text(files),
        made_by=_made_by(access),
        expires_at=min(access.link.expires_at, *(one.expires_at for one in access.drafts)),
        tabs=tabs(access),
        is_overlay=bool(settings.PRESSCHECK_UPSTREAM_INDEX),
        files=tuple(_file(file) for file in files),
        fingerprint=draft.fingerprint(),
        report_url="report",
        report_line=_report_line(),
    )
    if access.train is not None:
        what = ", ".join(str(one) for one in access.drafts)
        shown = replace(shown, project=f"Train {access.train.label}:", version=what, report_url="")
    return render(request, "review/tester.html", {"t": shown})


def _report_line() -> str:
    """Return what a script sends; the token comes from a variable, so that it stays out of logs."""
    url = f"{settings.PRESSCHECK_URL}/draft/report"
    said = (
        "-d result=works -d 'where=CPython 3.13, Linux x86-64' -d sha256=$(sha256sum FILE.whl | cut -c1-64)"
    )
    return f'curl -u "draft:$DRAFT_TOKEN" {said} {url}'


def _staged_text(files: list[File]) -> str:
    if not files:
        return "Nothing is staged yet."
    return f"Staged by {', '.join(sorted({staged_by(file) for file in files}))}, not published."


def _made_by(access: DraftAccess) -> str:
    """Say who made the link, by their role: whoever has a link need not learn names and addresses."""
    maker = access.link.created_by
    if maker is None:
        return "Presscheck"
    role = standing.role_on(access.draft.project, maker)
    article = "an" if role is Role.OWNER else "a"
    return f"{article} {role}" if role else "a former member"


def _file(file: File) -> TesterFile:
    return TesterFile(file.filename, file.size, file.sha256, f"files/{file.handle}/{quote(file.filename)}")
