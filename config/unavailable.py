"""A store of files that does not answer: 503 in words, wherever a request met it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from drafts.storage import StorageDown

RETRY_SECONDS = 10


def in_words(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer StorageDown with 503 and Retry-After (RFC 9110, section 15.6.4); nothing keeps that answer."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(_request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, StorageDown):
            return None
        response = HttpResponse(f"503: {error}\n", status=503, content_type="text/plain; charset=utf-8")
        response["Retry-After"] = str(RETRY_SECONDS)
        response["Cache-Control"] = "no-store"
        return response

    middleware.process_exception = process_exception  # type: ignore[attr-defined]  # Django's own way to be told
    return middleware
