"""Headers every answer carries: Content-Security-Policy and its kin."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

# Browsers ask form-action again where a form's answer leads: to the identity provider, at single sign-on.
_FORMS = " ".join(["'self'", *filter(None, [settings.SIGN_ON_ORIGIN])])
PAGE = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    f"form-action {_FORMS}; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": PAGE,
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def headers(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Add the headers a view has not set itself (files from archives set a stricter policy)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return middleware
