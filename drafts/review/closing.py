"""Closing a release at once, and reopening one for a week: a page to confirm each, with a second factor."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts import stepup
from accounts.stepup import Purpose
from drafts.access import gate
from drafts.access.gate import Member
from drafts.access.members import NotYours
from drafts.access.roles import Act
from drafts.index import windows as standings
from drafts.models import Release
from drafts.publishing import windows
from drafts.review import releases


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Ask, then let a release take no more files."""
    who, row = gate.release(request, name, version, Act.WINDOW)
    if request.method != "POST":
        return _confirm(request, who, row, closes=True)
    return _decided(request, who, row, windows.closing(row), windows.close, closes=True)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def reopen(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Ask, then let a closed release take files for 7 days."""
    who, row = gate.release(request, name, version, Act.WINDOW)
    if request.method != "POST":
        return _confirm(request, who, row, closes=False)
    return _decided(request, who, row, windows.reopening(row), windows.reopen, closes=False)


def _decided(
    request: HttpRequest,
    who: Member,
    row: Release,
    purpose: Purpose,
    act: Callable[..., Release],
    *,
    closes: bool,
) -> HttpResponse:
    try:
        windows.must_be(row, closed=not closes)  # before a code is spent
        proof = stepup.prove(request, purpose)
        after = act(release=row, by=who.actor, proof=proof)
    except stepup.NotProven as error:
        return _confirm(request, who, row, closes=closes, error=str(error), status=403)
    except (windows.AsItIs, NotYours) as error:
        messages.error(request, f"Nothing was changed: {error}.")
    else:
        said = standings.sentence(standings.of_release(after))
        messages.success(request, f"{row} is {said}.")
    return redirect("release", name=who.project.name, version=row.version)


def _confirm(
    request: HttpRequest, who: Member, row: Release, *, closes: bool, error: str = "", status: int = 200
) -> HttpResponse:
    shown = releases.view(row, who, standings.of_release(row))
    page = {"release": shown, "closes": closes, "error": error}
    return render(request, "review/release_window.html", page, status=status)
