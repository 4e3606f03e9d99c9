"""The page of the webhook by which a project's CI names its runs: owners make and revoke it, and see what came."""

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
from drafts.evidence.providers import KINDS
from drafts.intake.runs import hooks as act
from drafts.intake.runs.ask import NoSource
from drafts.intake.upload2.bodies import absolute
from drafts.models import CiSource, RunHook


@dataclass(frozen=True, slots=True)
class HeardLine:
    """One message in the list."""

    heard: str
    said: str
    at: datetime
    count: int
    run_url: str


@dataclass(frozen=True, slots=True)
class HookPage:
    """What the page shows; ``secret`` once, ``address`` while there is a webhook, ``publishers`` who is trusted there."""

    project: str
    kind: str = ""
    label: str = ""
    repository: str = ""
    settings_url: str = ""
    address: str = ""
    made_by: str = ""
    made_at: datetime | None = None
    lines: tuple[HeardLine, ...] = ()
    publishers: tuple[str, ...] = ()
    secret: str = ""
    error: str = ""


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def hook(request: HttpRequest, name: str) -> HttpResponse:
    """Show the webhook; on POST make it, or make it anew, and show its secret this once."""
    who = gate.member(request, name, Act.CI)
    if request.method != "POST":
        return _show(request, who)
    try:
        proof = stepup.prove(request, act.purpose(who.project))
        _, secret = act.make(project=who.project, by=who.actor, proof=proof)
    except (NoSource, NotYours) as error:
        return _show(request, who, error=f"Nothing was made: {error}", status=400)
    except stepup.NotProven as error:
        return _show(request, who, error=str(error), status=403)
    return _show(request, who, secret=secret)


@gate.people
@require_POST
def revoke(request: HttpRequest, name: str) -> HttpResponse:
    """End the webhook."""
    who = gate.member(request, name, Act.CI)
    try:
        proof = stepup.prove(request, act.purpose(who.project), even_held=True)
        revoked = act.revoke(project=who.project, by=who.actor, proof=proof)
    except (NotYours, stepup.NotProven) as error:
        return _show(request, who, error=str(error), status=403)
    if revoked:
        messages.success(request, f"The webhook of {name} is revoked: its address is none any more.")
    return redirect("run-hook", name=name)


def _show(
    request: HttpRequest, who: Member, *, secret: str = "", error: str = "", status: int = 200
) -> HttpResponse:
    page = _page(who, secret, error)
    return render(request, "review/run_hook.html", {"page": page}, status=status)


def _page(who: Member, secret: str, error: str) -> HookPage:
    name = who.project.name
    source = CiSource.objects.filter(project=who.project).first()
    if source is None:
        return HookPage(project=name, error=error)
    kind = KINDS[source.kind]
    row = RunHook.objects.select_related("made_by").filter(source=source).first()
    return HookPage(
        project=name,
        kind=source.kind,
        label=kind.label,
        repository=source.repository,
        settings_url=_settings_url(kind.web(source.api or kind.api), source) if row else "",
        address=absolute(reverse("run-hook-heard", args=[row.handle])) if row else "",
        made_by=str(row.made_by) if row else "",
        made_at=row.made_at if row else None,
        lines=_lines(name, row) if row else (),
        publishers=_publishers(who, source),
        secret=secret,
        error=error,
    )


def _settings_url(web: str, source: CiSource) -> str:
    """Return where the provider takes a new webhook (both providers' documented forms)."""
    there = f"{web}/{source.repository}"
    return f"{there}/settings/hooks/new" if source.kind == "github" else f"{there}/-/hooks"


def _publishers(who: Member, source: CiSource) -> tuple[str, ...]:
    rows = who.project.publishers.trusted().filter(kind=source.kind, repository__iexact=source.repository)
    return tuple(str(row) for row in rows.order_by("pk"))


def _lines(name: str, row: RunHook) -> tuple[HeardLine, ...]:
    return tuple(
        HeardLine(
            heard=one.heard,
            said=one.said,
            at=one.at,
            count=one.count,
            run_url=reverse("run", args=[name, one.run_id]) if one.run_id else "",
        )
        for one in row.messages.order_by("-at", "-pk")
    )
