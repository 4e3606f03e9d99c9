"""Changing one's address: gate, proof, one act, redirect."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts import emails, gate, stepup
from accounts.emails import BadAddress
from accounts.models import EmailChange
from accounts.stepup import NotProven

_BAD, _FORBIDDEN, _CONFLICT = 400, 403, 409


@gate.signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest) -> HttpResponse:
    """Ask for the new address and a proof, then mail both addresses."""
    user = gate.person(request)
    if request.method != "POST":
        return _ask(request)
    try:
        email = emails.spelled(request.POST.get("email", ""), but=user)
        proof = stepup.prove(request, emails.purpose(user, email))
        emails.ask(user=user, email=email, by=gate.actor(request), proof=proof)
    except BadAddress as refused:
        return _ask(request, f"Nothing was changed: {refused}.", _BAD)
    except NotProven as refused:
        return _ask(request, str(refused), _FORBIDDEN)
    messages.success(request, f"A link went to {email}. Your address stays as it is until you follow it.")
    return redirect("account")


def _ask(request: HttpRequest, error: str = "", status: int = 200) -> HttpResponse:
    page = {"email": request.POST.get("email", ""), "error": error}
    return render(request, "account/email.html", page, status=status)


@gate.signed_in
@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """Keep the address that the account has."""
    if emails.stop(user=gate.person(request), by=gate.actor(request)):
        messages.success(request, "Your address stays as it is: the link that was mailed opens nothing.")
    return redirect("account")


@gate.signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show which address it is to be; on POST change it. Scanners of mail follow links by GET alone."""
    found = EmailChange.of(token, gate.person(request))
    if found is None:
        raise Http404(
            "This link was used, stopped, is too old, or is another account's. Ask for the change again."
        )
    error = ""
    if request.method == "POST":
        try:
            emails.confirm(change=found, by=gate.actor(request))
        except BadAddress as refused:
            error = f"Nothing was changed: {refused}."
        else:
            messages.success(request, f"Your address is {found.email} now: sign in with it from now on.")
            return redirect("account")
    page = {"change": found, "error": error}
    response = render(request, "account/email_confirm.html", page, status=_CONFLICT if error else 200)
    response["Referrer-Policy"] = "no-referrer"  # the address holds the token
    return response
