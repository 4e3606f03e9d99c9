"""Headers every answer carries: Content-Security-Policy and its kin."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

PAGE = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
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
