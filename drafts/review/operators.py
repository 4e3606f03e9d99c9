"""Operators' pages about people, tokens of the whole index, and names that are handed over."""

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import closing, recovery, stepup
from accounts.audit import Actor, ActorKind, Origin
from accounts.models import Session, User
from drafts.access import gate, handover, operating
from drafts.access.handover import NotHandedOver
from drafts.access.operating import NoOperator
from drafts.models import HandoverNotice, IndexToken, Project, standing

_EACH = 50
_MOST_DAYS = 3650


@gate.people
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """List everybody, found by address or name, fifty to a page."""
    gate.operator(request)
    q = request.GET.get("q", "").strip()[:100]
    rows = User.objects.order_by("email")
    if q:
        rows = rows.filter(Q(email__icontains=q) | Q(name__icontains=q))
    page = Paginator(rows, _EACH).get_page(request.GET.get("page"))
    return render(request, "operators/people.html", {"page": page, "q": q})


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: HttpRequest, user_id: int) -> HttpResponse:
    """Show an account; on POST close it, open it again, or open or finish a recovery."""
    who = gate.operator(request)
    user = get_object_or_404(User, pk=user_id)
    if request.method != "POST":
        return _person(request, user)
    act = request.POST.get("act", "")
    if act not in _ACTS:
        return _person(request, user, error="Nothing was changed: choose what to do.", status=400)
    try:
        proof = stepup.prove(request, operating.purpose(act, user))
        said, link = _ACTS[act](request, user, who.actor, proof)
    except stepup.NotProven as error:
        return _person(request, user, error=str(error), status=403)
    except (NoOperator, closing.NotClosed, recovery.NotRecovered) as error:
        return _person(request, user, error=f"Nothing was changed: {error}.", status=409)
    if link:
        return render(request, "operators/recovered.html", {"person": user, "link": link})
    messages.success(request, said)
    return redirect("operators-person", user_id=user_id)


def _close(request: HttpRequest, user: User, by: Actor, proof: stepup.Proof) -> tuple[str, str]:
    ended = operating.close(user=user, reason=request.POST.get("reason", ""), by=by, proof=proof)
    return f"{user.email} is closed. Revoked: {ended.tokens} tokens, {ended.links} draft links.", ""


def _open(_request: HttpRequest, user: User, by: Actor, proof: stepup.Proof) -> tuple[str, str]:
    operating.open_again(user=user, by=by, proof=proof)
    return f"{user.email} is open again. What was revoked stays so.", ""


def _recover(_request: HttpRequest, user: User, by: Actor, proof: stepup.Proof) -> tuple[str, str]:
    row = operating.begin_recovery(user=user, by=by, proof=proof)
    return f"The recovery waits until {row.due_at:%d %B, %H:%M} UTC. Everybody concerned was mailed.", ""


def _finish(_request: HttpRequest, user: User, by: Actor, proof: stepup.Proof) -> tuple[str, str]:
    token = operating.finish_recovery(user=user, by=by, proof=proof)
    return "", f"{settings.PRESSCHECK_URL}/welcome/{token}/"


_ACTS = {
    operating.CLOSE: _close,
    operating.OPEN: _open,
    operating.RECOVER: _recover,
    operating.FINISH: _finish,
}


def _person(request: HttpRequest, user: User, *, error: str = "", status: int = 200) -> HttpResponse:
    roles = standing.roles_of(user)
    names = dict(Project.objects.filter(pk__in=roles).values_list("pk", "name"))
    page = {
        "person": user,
        "is_you": user == request.user,
        "roles": sorted((names[number], str(role)) for number, role in roles.items()),
        "sessions": Session.objects.filter(user=user).count(),
        "closing": operating.closing_of(user),
        "recovery": recovery.live(user),
        "acts": {
            "close": operating.CLOSE,
            "open": operating.OPEN,
            "recover": operating.RECOVER,
            "finish": operating.FINISH,
        },
        "error": error,
    }
    return render(request, "operators/person.html", page, status=status)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """List the tokens that read the whole index; on POST make one and show it this once."""
    who = gate.operator(request)
    if request.method != "POST":
        return _tokens(request)
    days = request.POST.get("days", "")
    if not (days.isascii() and days.isdigit() and 1 <= int(days[:9]) <= _MOST_DAYS):
        return _tokens(request, f"No token was made: it is good for 1 to {_MOST_DAYS} days.", 400)
    try:
        proof = stepup.prove(request, operating.token_purpose(None))
        row, text = operating.make_token(
            label=request.POST.get("label", ""), days=int(days), by=who.actor, proof=proof
        )
    except (stepup.NotProven, NoOperator) as error:
        return _tokens(request, str(error), 403)
    return render(request, "operators/token_made.html", {"token": row, "text": text})


def _tokens(request: HttpRequest, error: str = "", status: int = 200) -> HttpResponse:
    page = {
        "tokens": IndexToken.objects.order_by("revoked_at", "-pk"),
        "is_private": settings.INDEX_IS_PRIVATE,
        "label": request.POST.get("label", ""),
        "days": request.POST.get("days", "90"),
        "most_days": _MOST_DAYS,
        "error": error,
    }
    return render(request, "operators/tokens.html", page, status=status)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_token(request: HttpRequest, token_id: int) -> HttpResponse:
    """Ask, then revoke a token that reads the whole index."""
    who = gate.operator(request)
    row = get_object_or_404(IndexToken, pk=token_id)
    page = {"token": row, "error": ""}
    if request.method != "POST":
        return render(request, "operators/token_revoke.html", page)
    try:
        proof = stepup.prove(request, operating.token_purpose(row), even_held=True)
        done = operating.revoke_token(token=row, by=who.actor, proof=proof)
    except (stepup.NotProven, NoOperator) as error:
        return render(request, "operators/token_revoke.html", {**page, "error": str(error)}, status=403)
    messages.success(request, f"{row.label} {'is revoked, at once' if done else 'was revoked before'}.")
    return redirect("operators-tokens")


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest, name: str) -> HttpResponse:
    """Ask to whom and why, then open a hand-over of a project's name."""
    who = gate.operator(request)
    project = get_object_or_404(Project, name=name)
    if request.method != "POST":
        return _hand_over(request, project)
    to, reason = request.POST.get("to", ""), request.POST.get("reason", "")
    try:
        proof = stepup.prove(request, handover.purpose(project, to))
        row = handover.begin(project=project, to=to, reason=reason, by=who.actor, proof=proof)
    except stepup.NotProven as error:
        return _hand_over(request, project, str(error), 403)
    except (NoOperator, NotHandedOver) as error:
        return _hand_over(request, project, f"Nothing was changed: {error}.", 409)
    messages.success(
        request, f"{name} goes to {row.to.email} on {row.due_at:%d %B %Y}, unless an owner objects."
    )
    return redirect("operators-handover", name=name)


def _hand_over(request: HttpRequest, project: Project, error: str = "", status: int = 200) -> HttpResponse:
    page = {
        "project": project,
        "owners": [one.user for one in standing.standings(project) if one.role == "owner"],
        "rows": project.handovers.select_related("to").order_by("-pk"),
        "live": project.handovers.filter(objected_at=None, done_at=None).select_related("to").first(),
        "to": request.POST.get("to", ""),
        "reason": request.POST.get("reason", ""),
        "error": error,
    }
    return render(request, "operators/handover.html", page, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def object_to_handover(request: HttpRequest, token: str) -> HttpResponse:
    """Show a hand-over to whoever was mailed its link; on POST stop it. Nobody has to sign in to say no."""
    notice = HandoverNotice.of(token)
    if notice is None:
        raise Http404("There is no such hand-over.")
    error = ""
    if request.method == "POST":
        by = Actor(ActorKind.LINK, str(notice.pk), notice.email, Origin.of(request))
        try:
            handover.stop(handover=notice.handover, by=by)
        except NotHandedOver as refused:
            error = str(refused)
        notice.handover.refresh_from_db()
    page = {"handover": notice.handover, "error": error}
    response = render(request, "operators/handover_object.html", page, status=409 if error else 200)
    response["Referrer-Policy"] = "no-referrer"  # the address holds the token
    return response
