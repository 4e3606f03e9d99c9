"""Settings that wait to ask less, on pages: shown, confirmed by a second owner, withdrawn."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts import stepup
from drafts.access import gate, letters
from drafts.access import loosening as act
from drafts.access.gate import Member
from drafts.access.loosening import NotPending
from drafts.access.members import NotYours
from drafts.access.roles import Act
from drafts.models import Loosening


@dataclass(frozen=True, slots=True)
class Waiting:
    """Settings that wait: what changes, who asked, until when, and what the person who looks can do."""

    changes: tuple[str, ...]
    by: str
    asked_at: datetime
    due_at: datetime
    is_mine: bool
    confirm_url: str
    withdraw_url: str


def waiting(who: Member) -> Waiting | None:
    """Return what waits on a project, for its settings page."""
    row = who.project.loosenings.all().pending().select_related("asked_by").first()
    if row is None:
        return None
    where = [who.project.name, row.pk]
    return Waiting(
        changes=letters.changes(row.before, row.after),
        by=row.asked_by.email,
        asked_at=row.asked_at,
        due_at=row.due_at,
        is_mine=row.asked_by_id == who.user.pk,
        confirm_url=reverse("settings-confirm", args=where),
        withdraw_url=reverse("settings-withdraw", args=where),
    )


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, name: str, loosening_id: int) -> HttpResponse:
    """Ask a second owner, then let the change take effect at once."""
    who = gate.member(request, name, Act.POLICY)
    row = _of(who, loosening_id)
    if request.method != "POST":
        return _ask(request, who)
    try:
        proof = stepup.prove(request, act.confirm_purpose(row))
        void = act.confirm(loosening=row, by=who.actor, proof=proof)
    except stepup.NotProven as error:
        return _ask(request, who, error=str(error), status=403)
    except (NotYours, NotPending) as error:
        messages.error(request, f"Nothing was changed: {error}.")
    else:
        said = f"Nothing was changed. {void}" if void else f"The settings of {name} ask less from now on."
        (messages.error if void else messages.success)(request, said)
    return redirect("project-settings", name=name)


@gate.people
@require_POST
def withdraw(request: HttpRequest, name: str, loosening_id: int) -> HttpResponse:
    """Call the change off."""
    who = gate.member(request, name, Act.POLICY)
    try:
        act.withdraw(loosening=_of(who, loosening_id), user=who.user, by=who.actor)
    except (NotYours, NotPending) as error:
        messages.error(request, f"Nothing was withdrawn: {error}.")
    else:
        messages.success(request, f"Withdrawn: the settings of {name} stay as they are.")
    return redirect("project-settings", name=name)


def _of(who: Member, loosening_id: int) -> Loosening:
    row: Loosening | None = who.project.loosenings.filter(pk=loosening_id).first()
    if row is None:
        raise Http404("This project has no such change.")
    return row


def _ask(request: HttpRequest, who: Member, *, error: str = "", status: int = 200) -> HttpResponse:
    page = {"project": who.project, "waiting": waiting(who), "error": error}
    return render(request, "review/settings_confirm.html", page, status=status)
