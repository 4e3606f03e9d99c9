"""The record: every event of a project for its owners, of the whole server for operators; filtered, and as JSON lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts import audit, trail
from accounts.audit import Subject
from accounts.trail import Filter
from drafts.access import gate
from drafts.access.roles import Act
from drafts.review.auditrows import KINDS, EventLine, event_line

_FIELDS = ("who", "what", "on", "since", "until", "scope")
_LONGEST_KEY = 18  # digits


class FilterForm(forms.Form):
    """What is asked for: days are those of UTC, the last one included."""

    who = forms.CharField(required=False, max_length=300)
    what = forms.CharField(required=False, max_length=64)
    on = forms.CharField(required=False, max_length=300)
    scope = forms.CharField(required=False, max_length=200)
    since = forms.DateField(required=False, error_messages={"invalid": "From is a day such as 2026-05-31."})
    until = forms.DateField(required=False, error_messages={"invalid": "To is a day such as 2026-05-31."})

    def asked(self, scope: str | None) -> Filter:
        """Return the filter; of a form with faults, what has none. ``scope``: the one chain there is to read."""
        chosen = self.cleaned_data
        since, until = chosen.get("since"), chosen.get("until")
        return Filter(
            scope=chosen.get("scope", "") if scope is None else scope,
            who=chosen.get("who", ""),
            what=chosen.get("what", ""),
            on=chosen.get("on", ""),
            since=_midnight(since) if since else None,
            until=_midnight(until) + timedelta(days=1) if until else None,
        )


def _midnight(day: object) -> datetime:
    return datetime.fromisoformat(f"{day}T00:00:00+00:00").astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Record:
    """What a page of the record shows."""

    title: str
    back_url: str
    url: str
    export_url: str
    events: tuple[EventLine, ...]
    older_url: str
    newest_url: str
    standing: trail.Standing
    chosen: dict[str, str]
    kinds: tuple[tuple[str, str], ...]
    is_narrow: bool
    has_scopes: bool
    errors: tuple[str, ...]


def _asked(given: QueryDict, scope: str | None) -> tuple[Filter, dict[str, str], tuple[str, ...]]:
    form = FilterForm(given)
    form.is_valid()
    chosen = {name: given.get(name, "")[:300] for name in _FIELDS if given.get(name)}
    errors = tuple(str(text) for texts in form.errors.values() for text in texts)
    return form.asked(scope), chosen, errors


def _page(request: HttpRequest, title: str, scope: str | None, urls: tuple[str, str, str]) -> HttpResponse:
    back, url, export_url = urls
    asked, chosen, errors = _asked(request.GET, scope)
    before = request.GET.get("before", "")
    is_key = before.isascii() and before.isdecimal() and len(before) <= _LONGEST_KEY
    found = trail.page(asked, before=int(before) if is_key else 0)
    record = Record(
        title=title,
        back_url=back,
        url=url,
        export_url=export_url,
        events=tuple(event_line(row, url, has_scopes=scope is None) for row in found.events),
        older_url=f"{url}?{urlencode({**chosen, 'before': found.older})}" if found.older else "",
        newest_url=f"{url}?{urlencode(chosen)}" if is_key else "",
        standing=trail.standing(asked.scope),
        chosen=chosen,
        kinds=KINDS,
        is_narrow=asked.is_narrow or bool(scope is None and asked.scope),
        has_scopes=scope is None,
        errors=errors,
    )
    return render(request, "review/audit.html", {"p": record}, status=400 if errors else 200)


@gate.people
@require_safe
def project(request: HttpRequest, name: str) -> HttpResponse:
    """Show a project's record to its owners."""
    who = gate.member(request, name, Act.AUDIT)
    urls = (reverse("project", args=[name]), reverse("project-audit", args=[name]))
    scope = who.project.audit_subject.scope
    return _page(request, name, scope, (*urls, reverse("project-audit-export", args=[name])))


@gate.people
@require_POST
def export_project(request: HttpRequest, name: str) -> HttpResponseBase:
    """Hand a project's record out as JSON lines, filtered as the page was; that is an event."""
    who = gate.member(request, name, Act.AUDIT)
    asked, _, _ = _asked(request.POST, who.project.audit_subject.scope)
    return _file(trail.export(asked=asked, on=who.project, by=who.actor), f"{name}-record.jsonl")


@gate.operators
@require_safe
def site(request: HttpRequest) -> HttpResponse:
    """Show the record of the whole server to operators."""
    urls = (reverse("operators"), reverse("operators-audit"), reverse("operators-audit-export"))
    return _page(request, "this server", None, urls)


@gate.operators
@require_POST
def export_site(request: HttpRequest) -> HttpResponseBase:
    """Hand the record out as JSON lines, filtered as the page was; that is an event."""
    who = gate.operator(request)
    asked, _, _ = _asked(request.POST, None)
    subject = Subject(audit.SITE, "record", asked.scope, asked.scope or "the whole record")
    return _file(trail.export(asked=asked, on=subject, by=who.actor), "record.jsonl")


def _file(lines: Iterator[str], filename: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines, content_type="application/jsonl; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response
