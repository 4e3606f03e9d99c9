"""A person's account: factors, recovery codes, sign-ins; and ending what is open."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import devices, gate, people, recovery, rows
from accounts.audit import Actor, ActorKind, Origin
from accounts.models import RecoveryNotice


@gate.signed_in
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Show one's own account."""
    page = rows.page(gate.person(request), this_session=request.session.session_key or "")
    return render(request, "account/account.html", {"p": page})


@gate.signed_in
@require_POST
def name(request: HttpRequest) -> HttpResponse:
    """Change the name that others see."""
    if people.name(user=gate.person(request), name=request.POST.get("name", ""), by=gate.actor(request)):
        messages.success(
            request, "Your name is changed. What is on record keeps the one it was recorded with."
        )
    return redirect("account")


@gate.signed_in
@require_POST
def end_session(request: HttpRequest, handle: str) -> HttpResponse:
    """Sign one browser out."""
    if devices.end(user=gate.person(request), handle=handle, by=gate.actor(request)):
        messages.success(request, "That browser is signed out.")
    else:
        messages.info(request, "That sign-in was over before.")
    return redirect("account")


@gate.signed_in
@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    """Sign every other browser out."""
    keep = request.session.session_key or ""
    count = devices.end_others(user=gate.person(request), keep=keep, by=gate.actor(request))
    said = (
        "There was no other one."
        if not count
        else f"{count} other browser{'' if count == 1 else 's'} signed out."
    )
    messages.success(request, said)
    return redirect("account")


@gate.signed_in
@require_POST
def stop_recovery(request: HttpRequest) -> HttpResponse:
    """Object to the recovery of one's own account: whoever is signed in with a second factor did not lose it."""
    found = recovery.live(gate.person(request))
    try:
        if found is not None:
            recovery.stop(recovery=found, by=gate.actor(request))
            messages.success(request, "The recovery is stopped. Your account stays as it is.")
    except recovery.NotRecovered as refused:
        messages.error(request, f"Nothing was stopped: {refused}.")
    return redirect("account")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def object_to_recovery(request: HttpRequest, token: str) -> HttpResponse:
    """Show a recovery to whoever was mailed its link; on POST stop it. Nobody has to sign in to say no."""
    notice = RecoveryNotice.of(token)
    if notice is None:
        raise Http404("There is no such recovery.")
    error = ""
    if request.method == "POST":
        by = Actor(ActorKind.LINK, str(notice.pk), notice.email, Origin.of(request))
        try:
            recovery.stop(recovery=notice.recovery, by=by)
        except recovery.NotRecovered as refused:
            error = str(refused)
        notice.recovery.refresh_from_db()
    page = {"recovery": notice.recovery, "person": notice.recovery.user, "error": error}
    response = render(request, "account/recovery.html", page, status=409 if error else 200)
    response["Referrer-Policy"] = "no-referrer"  # the address holds the token
    return response
