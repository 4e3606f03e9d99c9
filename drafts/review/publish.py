"""The publish confirmation: one page, one button, a second factor given at that very act."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts import stepup
from drafts.access import gate, members
from drafts.access.gate import Member
from drafts.access.roles import Act
from drafts.models import Changed, Draft, NotEditable
from drafts.publishing import options as opts
from drafts.publishing import publish as act
from drafts.publishing import schedule
from drafts.publishing.options import BadOptions
from drafts.publishing.policy import Blocker
from drafts.review import page as pages
from drafts.review.answers import CONFLICT, show_changed
from drafts.review.rows import Confirm


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def publish(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Show what becomes visible where; on POST check the fingerprint, then the code, then decide."""
    who, draft = gate.draft(request, name, version, Act.PUBLISH)
    if request.method != "POST":
        return _confirm(request, who, draft)
    fingerprint = request.POST.get("fingerprint", "")
    try:
        _decide(request, who, draft, fingerprint)
    except stepup.NotProven as error:
        return _confirm(request, who, draft, error=str(error), status=403)
    except BadOptions as error:
        return _confirm(request, who, draft, error=f"Nothing was decided: {error}.", status=400)
    except Changed:
        draft.refresh_from_db()
        return show_changed(request, who, draft, fingerprint)
    except act.Blocked as error:
        return _confirm(request, who, draft, error="Nothing was published.", blockers=error.blockers)
    except (NotEditable, act.NotYours, members.NotYours) as error:
        messages.error(request, f"Nothing was published: {error}.")
    return redirect("draft", name=name, version=version)


def _decide(request: HttpRequest, who: Member, draft: Draft, fingerprint: str) -> None:
    """Publish now, or at the time that was chosen; everything that can be asked without a code is asked before one is spent."""
    form = request.POST
    options = opts.read(
        when=form.get("when", ""),
        at=form.get("at", ""),
        yanked="yanked" in form,
        reason=form.get("reason", ""),
        closes="closes" in form,
    )
    act.check(draft=draft, fingerprint=fingerprint, publisher=who.user.pk)
    opts.must_fit(options, draft)
    note = form.get("note", "")
    if options.at is None:
        proof = stepup.prove(request, act.purpose(draft, fingerprint))
        act.start(draft=draft, by=who.actor, proof=proof, fingerprint=fingerprint, note=note, options=options)
        return
    proof = stepup.prove(request, schedule.purpose(draft, fingerprint, options))
    schedule.schedule(
        draft=draft, by=who.actor, proof=proof, fingerprint=fingerprint, note=note, options=options
    )
    messages.success(
        request, f"{draft} is scheduled for {opts.spoken(options.at)}. Its files cannot change until then."
    )


def _confirm(
    request: HttpRequest,
    who: Member,
    draft: Draft,
    *,
    error: str = "",
    blockers: tuple[Blocker, ...] = (),
    status: int = 200,
) -> HttpResponse:
    page = pages.draft_page(who, draft)
    if not error and not page.button.enabled:
        messages.info(request, f"{draft} cannot be published now: the page says why.")
        return redirect("draft", name=page.project, version=page.version)
    confirm = Confirm(
        fingerprint=page.fingerprint, totals=page.totals, files=page.files, error=error, blockers=blockers
    )
    shown = {"page": page, "confirm": confirm, "form": request.POST, "now": timezone.now()}
    return render(request, "review/publish.html", shown, status=CONFLICT if blockers else status)


@gate.people
@require_POST
def withdraw(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Take a schedule back."""
    who, draft = gate.draft(request, name, version, Act.PUBLISH)
    if schedule.withdraw(draft=draft, by=who.actor):
        messages.success(request, f"{draft} is not scheduled any more: it can change, and be published.")
    else:
        messages.info(request, f"{draft} was not scheduled any more: nothing was changed.")
    return redirect("draft", name=name, version=version)
