"""One log: the digests that were read from it, a line in its context; and setting it aside."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts import stepup
from drafts.access import gate
from drafts.access.members import NotYours
from drafts.access.roles import Act
from drafts.evidence import aside as act
from drafts.evidence.add import OBJECT_NAME
from drafts.evidence.logs.noise import decoded
from drafts.models import Draft, EvidenceLog, LoggedDigest, NotEditable, PrintedBy
from drafts.review import evidencerows
from drafts.storage import NoSuchObject, StorageDown, whole

_DIGESTS = 500
_AROUND = 12  # lines before and after the one that was asked for
_LINE = 1000


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of the kept text."""

    number: int
    text: str
    is_it: bool


@dataclass(frozen=True, slots=True)
class LogPage:
    """One log with what was read from it. ``lines``: around the line that was asked for; empty when none was."""

    project: str
    draft: Draft
    log: EvidenceLog
    source: str
    by: str
    printed: PrintedBy | None
    digests: tuple[LoggedDigest, ...]
    lines: tuple[TextLine, ...]
    gone: str
    aside_url: str
    kept: str


@gate.people
@require_safe
def log(request: HttpRequest, name: str, version: str, log_id: int) -> HttpResponse:
    """Show one log."""
    who, draft = gate.draft(request, name, version, Act.SEE)
    row = _of(draft, log_id)
    line = request.GET.get("line", "")
    may = draft.is_editable and who.may(Act.SET_ASIDE)
    page = _page(draft, row, int(line) if line.isdecimal() and len(line) < 10 else 0, may=may)  # noqa: PLR2004
    return render(request, "review/log.html", {"page": page})


def _of(draft: Draft, log_id: int) -> EvidenceLog:
    people = ("added_by_user", "added_by_token", "added_by_run", "set_aside_by", "draft")
    row = draft.evidence.select_related(*people).filter(pk=log_id).first()
    if row is None:
        raise Http404("This draft has no such log.")
    return row


def _page(draft: Draft, row: EvidenceLog, number: int, *, may: bool) -> LogPage:
    lines, gone = _around(row, number) if number else ((), "")
    return LogPage(
        project=draft.project.name,
        draft=draft,
        log=row,
        source=evidencerows.source(row),
        by=evidencerows.added_by(row),
        printed=PrintedBy.of(row.printed_by) if row.printed_by else None,
        digests=tuple(row.digests.order_by("line", "pk")[:_DIGESTS]),
        lines=lines,
        gone=gone,
        aside_url=reverse("evidence-aside", args=[draft.project.name, draft.version, row.pk]) if may else "",
        kept=evidencerows.kept(draft, row),
    )


def _around(row: EvidenceLog, number: int) -> tuple[tuple[TextLine, ...], str]:
    """Return the lines around one of the kept text, or why there are none."""
    if row.purged_at is not None:
        return (), "The text was deleted with what was not published."
    try:
        lines = decoded(whole(row.object_id, OBJECT_NAME, sha256=row.sha256)).split("\n")
    except (NoSuchObject, StorageDown):
        return (), "The text cannot be read now."
    first = max(1, number - _AROUND)
    shown = enumerate(lines[first - 1 : number + _AROUND], start=first)
    return tuple(TextLine(at, text.rstrip("\r")[:_LINE], at == number) for at, text in shown), ""


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def aside(request: HttpRequest, name: str, version: str, log_id: int) -> HttpResponse:
    """Ask why and for a code, then set the log aside; or count one again that was."""
    who, draft = gate.draft(request, name, version, Act.SET_ASIDE)
    row = _of(draft, log_id)
    if request.method != "POST":
        return _ask(request, draft, row)
    reason = request.POST.get("reason", "")
    try:
        if row.set_aside_at is None:
            act.check(reason)  # before a code is spent
        proof = stepup.prove(request, act.purpose(row))
        if row.set_aside_at is None:
            act.set_aside(log=row, reason=reason, by=who.actor, proof=proof)
        else:
            act.count_again(log=row, by=who.actor, proof=proof)
    except act.NoReason as error:
        return _ask(request, draft, row, reason, str(error), 400)
    except stepup.NotProven as error:
        return _ask(request, draft, row, reason, str(error), 403)
    except (NotYours, NotEditable) as error:
        messages.error(request, f"Nothing was changed: {error}.")
    else:
        messages.success(request, f"{row.label} {'counts again' if row.set_aside_at else 'is set aside'}.")
    return redirect("draft", name=name, version=version)


def _ask(
    request: HttpRequest, draft: Draft, row: EvidenceLog, reason: str = "", error: str = "", status: int = 200
) -> HttpResponse:
    page = {
        "draft": draft,
        "log": row,
        "source": evidencerows.source(row),
        "by": evidencerows.added_by(row),
        "reason": reason,
        "longest": act.LONGEST,
    }
    return render(request, "review/log_aside.html", {"page": page, "error": error}, status=status)
