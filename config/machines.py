"""Addresses for machines and for testers without an account: no cookie is looked at, none is set."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def without_cookies(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Take the cookies off requests to the machines' paths, so that no answer there depends on who is signed in.

    Members who are signed in may read a private index.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        private = settings.INDEX_IS_PRIVATE and request.path.startswith(settings.READ_PATHS)
        if private or not request.path.startswith(settings.MACHINE_PATHS):
            return get_response(request)
        request.META.pop("HTTP_COOKIE", None)
        response = get_response(request)
        response.cookies.clear()
        _vary_by_no_cookie(response)
        return response

    return middleware


def _vary_by_no_cookie(response: HttpResponse) -> None:
    """Pages that ask for the (absent) session are marked ``Vary: Cookie``, which would keep shared caches from working."""
    names = [name.strip() for name in response.get("Vary", "").split(",")]
    kept = [name for name in names if name and name.lower() != "cookie"]
    del response["Vary"]
    if kept:
        response["Vary"] = ", ".join(kept)
