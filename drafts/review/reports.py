"""Testers' reports: made with a draft link, without an account; answered, or taken off, by maintainers."""

import re

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.audit import Origin
from drafts.access import gate
from drafts.access.gate import Member
from drafts.access.roles import Act
from drafts.index.drafts import private_form
from drafts.models import Changed, DraftLink, NotEditable, Report
from drafts.publishing import reports as acts
from drafts.publishing.reports import Told

_RESULTS = {"works": True, "broken": False}
_SHA256 = re.compile(r"[0-9a-f]{64}")
_WRONG = "Say result=works or result=broken; sha256, where it is given, is 64 hexadecimal digits."


@private_form
def report(request: HttpRequest, token: str | None = None) -> HttpResponseBase:
    """Keep a tester's word; answer people with a page, and everything else with one line."""
    access = gate.draft_link(request, token)
    told = _told(request)
    if access.ended:
        return _said(request, 409, "This draft is published: nothing is reported of it any more.")
    if not isinstance(access.link, DraftLink):
        return _said(request, 409, "This link opens several drafts: report on the page of one of them.")
    if told is None:
        return _said(request, 400, _WRONG)
    try:
        acts.report(link=access.link, told=told, origin=Origin.of(request))
    except (Changed, NotEditable) as error:
        return _said(request, 409, f"Nothing was kept: {error}.")
    except acts.TooManyReports as error:
        return _said(request, 429, f"Nothing was kept: {error}.")
    return _said(request, 201, "Thank you. The maintainers read it on the page of the draft.")


def _told(request: HttpRequest) -> Told | None:
    said = request.POST
    works, sha256 = _RESULTS.get(said.get("result", "")), said.get("sha256", "").strip().lower()
    if works is None or (sha256 and not _SHA256.fullmatch(sha256)):
        return None
    return Told(
        works=works,
        note=said.get("note", ""),
        name=said.get("name", ""),
        where=said.get("where", ""),
        fingerprint=said.get("fingerprint", "").strip(),
        sha256=sha256,
    )


def _said(request: HttpRequest, status: int, text: str) -> HttpResponse:
    if "text/html" in request.headers.get("Accept", ""):
        return render(request, "review/reported.html", {"text": text, "status": status}, status=status)
    response = HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
    if status == 429:  # noqa: PLR2004
        response["Retry-After"] = "3600"
    return response


@gate.people
@require_POST
def answer(request: HttpRequest, name: str, version: str, report_id: int) -> HttpResponse:
    """Answer a report."""
    who, row = _row(request, name, version, report_id)
    try:
        acts.answer(row=row, text=request.POST.get("answer", ""), by=who.actor, user=who.user)
    except (acts.NoAnswer, NotEditable) as error:
        messages.error(request, f"Nothing was answered: {error}.")
    else:
        messages.success(request, "Answered. The answer stays with the release.")
    return redirect("draft", name=name, version=version)


@gate.people
@require_POST
def revoke(request: HttpRequest, name: str, version: str, report_id: int) -> HttpResponse:
    """Take a report off the page."""
    who, row = _row(request, name, version, report_id)
    try:
        acts.revoke(row=row, by=who.actor)
    except NotEditable as error:
        messages.error(request, f"Nothing was changed: {error}.")
    else:
        messages.success(request, "The report counts for nothing any more. Its event stays in the history.")
    return redirect("draft", name=name, version=version)


def _row(request: HttpRequest, name: str, version: str, report_id: int) -> tuple[Member, Report]:
    who, draft = gate.draft(request, name, version, Act.ANSWER)
    row = Report.objects.select_related("draft").filter(pk=report_id, draft=draft).first()
    if row is None:
        raise Http404("This draft has no such report.")
    return who, row
