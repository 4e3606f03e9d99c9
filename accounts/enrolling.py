"""Setting up, removing and confirming second factors: gate, proof, one act, redirect."""

from base64 import b64encode
from time import time

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import codes, factors, gate, holds, keys, passkeys, stepup, totp
from accounts.models import FactorHold, User
from accounts.stepup import NotProven, Proof

_SECRET, _SECRET_LABEL = "new_app", "new-second-factor"
_CODES_SHOWN = "codes_shown_until"
_SHOWN_SECONDS = 300
_FORBIDDEN, _CONFLICT = 403, 409


@gate.signed_in
@require_safe
def enrol(request: HttpRequest) -> HttpResponse:
    """Show a newcomer which second factors there are."""
    if gate.person(request).is_enrolled:
        return redirect("account")
    return _app_page(request, gate.person(request))


@gate.signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def app(request: HttpRequest) -> HttpResponse:
    """Show the secret; on POST check the app's code, then the proof, then set the app up."""
    user = gate.person(request)
    if request.method != "POST":
        return _app_page(request, user)
    secret = _secret(request)
    if not totp.is_code_of(secret, request.POST.get("new_code", "")):
        error = "That is not the code that this secret gives now. Nothing was set up: look at the app and type the next one."
        return _app_page(request, user, code_error=error, status=400)
    try:
        proof = _proof(request, user, Authenticator.Type.TOTP)
    except NotProven as refused:
        return _app_page(request, user, error=str(refused), status=_FORBIDDEN)
    is_first = not user.is_enrolled
    factors.add_app(user=user, secret=secret, by=gate.actor(request), proof=proof)
    totp.accept_new(user, secret, request.POST["new_code"])
    request.session.pop(_SECRET, None)
    return _done(request, "The authenticator app is set up.", is_first=is_first)


def _proof(request: HttpRequest, user: User, kind: str) -> Proof | None:
    """Return the proof of an older factor or a recovery code; None from somebody who has no factor yet."""
    if not user.is_enrolled:
        return None
    purpose = factors.add_purpose(user, kind)
    return stepup.prove(request, purpose, even_held=True, recovery_codes=True)


def _secret(request: HttpRequest) -> str:
    """Return the secret that this session was shown; a fresh one when it was shown none."""
    kept = request.session.get(_SECRET)
    if kept:
        return keys.decrypt(str(kept), label=_SECRET_LABEL)
    secret: str = generate_totp_secret()
    request.session[_SECRET] = keys.encrypt(secret, label=_SECRET_LABEL)
    return secret


def _app_page(
    request: HttpRequest, user: User, *, error: str = "", code_error: str = "", status: int = 200
) -> HttpResponse:
    secret = _secret(request)
    svg: str = get_adapter().build_totp_svg(get_adapter().build_totp_url(user, secret))
    page = {
        "secret": secret,
        "picture": "data:image/svg+xml;base64," + b64encode(svg.encode()).decode("ascii"),
        "error": error,
        "code_error": code_error,
        "is_first": not user.is_enrolled,
        "replaces": user.has_app,
    }
    return render(request, "account/app.html", page, status=status)


def _done(request: HttpRequest, said: str, *, is_first: bool) -> HttpResponse:
    """Go on: to the recovery codes after the first factor, else back to the account."""
    if is_first:
        return _show_codes(request)
    messages.success(request, said)
    return redirect("account")


def _show_codes(request: HttpRequest) -> HttpResponse:
    request.session[_CODES_SHOWN] = time() + _SHOWN_SECONDS
    return redirect("recovery-codes")


@gate.signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def passkey(request: HttpRequest) -> HttpResponse:
    """Ask for a name and a proof; on POST show the page on which the browser makes the passkey."""
    user = gate.person(request)
    name = request.POST.get("name", "").strip()[: factors.MOST_NAME]
    error, status = "", 200
    if request.method == "POST":
        try:
            proof = _proof(request, user, Authenticator.Type.WEBAUTHN)
            options = factors.begin_passkey(user=user, proof=proof)
        except (NotProven, factors.NotChanged) as refused:
            error, status = str(refused), _FORBIDDEN
        else:
            return render(request, "account/passkey_make.html", {"name": name, "options": options})
    return render(request, "account/passkey.html", {"name": name, "error": error}, status=status)


@gate.signed_in
@require_POST
def passkey_made(request: HttpRequest) -> HttpResponse:
    """Take the passkey that the browser made; its challenge says that the proof was given, and by whom."""
    user = gate.person(request)
    is_first = not user.is_enrolled
    try:
        text = request.POST.get("credential", "")
        new = passkeys.read_new(user, factors.creation_purpose(user), text)
        name = request.POST.get("name", "")
        factor = factors.add_passkey(user=user, name=name, new=new, by=gate.actor(request))
    except passkeys.BadPasskey:
        error = "No passkey was added: it was not made in time, was used before, or belongs to an account already. Try again."
        return render(request, "account/passkey.html", {"error": error, "name": ""}, status=400)
    return _done(request, f"{factors.name_of(factor)} is added.", is_first=is_first)


@gate.signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, factor_id: int) -> HttpResponse:
    """Ask, then take a factor away; one that is held takes away nothing but itself."""
    user = gate.person(request)
    factor = next((row for row in factors.of(user) if row.pk == factor_id), None)
    if factor is None:
        raise Http404("You have no such second factor.")
    page = {"factor": factor, "called": factors.name_of(factor), "error": ""}
    if request.method != "POST":
        return render(request, "account/remove.html", page)
    try:
        is_held = holds.of_factor(factor) is not None
        proof = stepup.prove(request, factors.remove_purpose(factor), even_held=is_held)
        name = factors.remove(factor=factor, by=gate.actor(request), proof=proof)
    except (NotProven, factors.NotChanged) as refused:
        return render(request, "account/remove.html", {**page, "error": str(refused)}, status=_FORBIDDEN)
    messages.success(request, f"{name} is removed. It opens nothing any more.")
    return redirect("account")


@gate.signed_in
@require_safe
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """Show the codes, within five minutes of their making; later nobody reads them from an open browser."""
    if time() > float(request.session.get(_CODES_SHOWN, 0)):
        messages.info(
            request, "Recovery codes are shown when they are made. Make new ones if yours are lost."
        )
        return redirect("account")
    page = {"codes": codes.unused(gate.person(request))}
    return render(request, "account/codes.html", page)


@gate.signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def make_codes(request: HttpRequest) -> HttpResponse:
    """Ask, then replace the recovery codes and show the new ones."""
    user = gate.person(request)
    page = {"left": len(codes.unused(user)), "error": ""}
    if request.method != "POST":
        return render(request, "account/codes_make.html", page)
    try:
        proof = stepup.prove(request, factors.codes_purpose(user))
    except NotProven as refused:
        return render(request, "account/codes_make.html", {**page, "error": str(refused)}, status=_FORBIDDEN)
    factors.make_codes(user=user, by=gate.actor(request), proof=proof)
    return _show_codes(request)


@gate.signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest, hold_id: int) -> HttpResponse:
    """Ask, then lift a hold with an older factor."""
    user = gate.person(request)
    hold = FactorHold.objects.standing().select_related("factor").filter(user=user, pk=hold_id).first()
    if hold is None:
        raise Http404("There is nothing to confirm any more.")
    called = factors.name_of(hold.factor) if hold.factor else ""
    page = {"hold": hold, "called": called, "error": ""}
    if request.method != "POST":
        return render(request, "account/confirm.html", page)
    try:
        proof = stepup.prove(request, factors.confirm_purpose(hold), even_held=True)
        holds.confirm(hold=hold, by=gate.actor(request), factor=proof.factor)
    except (NotProven, holds.NotConfirmed) as refused:
        return render(request, "account/confirm.html", {**page, "error": str(refused)}, status=_FORBIDDEN)
    messages.success(request, "Confirmed: nothing holds it off publishing any more.")
    return redirect("account")
