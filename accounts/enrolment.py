"""Nobody without a second factor gets past enrolment; sessions end after twelve idle hours."""

from collections.abc import Callable
from datetime import timedelta

from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve
from django.utils import timezone

from accounts.models import User

# What a person without a second factor can open: the steps of enrolment and the way out.
_STEPS = {
    "account_logout",
    "account_set_password",
    "enrol",
    "factor-app",
    "factor-passkey",
    "factor-passkey-made",
    "recovery-object",
}
_TOUCH = timedelta(minutes=10)


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Send signed-in people without a second factor to enrolment, whatever they asked for."""

    def enrolled_only(request: HttpRequest) -> HttpResponse:
        if (
            request.path.startswith(settings.MACHINE_PATHS)
            or settings.SESSION_COOKIE_NAME not in request.COOKIES
        ):
            return get_response(request)
        user = request.user
        if isinstance(user, User):
            _keep_alive(request)
            step = _next_step(request, user)
            if step and _name(request) not in _STEPS:
                return redirect(step)
        return get_response(request)

    return enrolled_only


def _next_step(request: HttpRequest, user: User) -> str | None:
    if user.is_enrolled:
        return None
    has_password = user.has_usable_password() or _signed_on_elsewhere(request, user)
    return "enrol" if has_password else "account_set_password"


def _signed_on_elsewhere(request: HttpRequest, user: User) -> bool:
    """Who came by single sign-on needs no password here."""
    return any(one["method"] == "socialaccount" for one in get_authentication_records(request, user))


def _name(request: HttpRequest) -> str | None:
    try:
        return resolve(request.path_info).url_name
    except Resolver404:
        return None


def _keep_alive(request: HttpRequest) -> None:
    """Move the session's end at most every ten minutes, so that reading pages does not write rows."""
    last = request.session.get("seen")
    now = timezone.now().timestamp()
    if not last or now - last > _TOUCH.total_seconds():
        request.session["seen"] = now
