"""A store or a database that does not answer now: 503 in words, wherever a request met it."""

import logging
from collections.abc import Callable

from django.db.utils import OperationalError
from django.http import HttpRequest, HttpResponse

from drafts.storage import StorageDown

RETRY_SECONDS = 10
log = logging.getLogger(__name__)


def in_words(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer StorageDown and OperationalError with 503 and Retry-After (RFC 9110, section 15.6.4).

    Nothing keeps that answer. A database is down, gives no connection, or is written to by so many that a lock did not
    come in time: whatever it was, the transaction is undone, and the log says which.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, StorageDown):
            return _busy(str(error))
        if isinstance(error, OperationalError):
            log.error("the database failed a %s: %s", request.method, " ".join(str(error).split()))
            return _busy("The database does not answer now. Nothing was changed: try again in a moment.")
        return None

    middleware.process_exception = process_exception  # type: ignore[attr-defined]  # Django's own way to be told
    return middleware


def _busy(words: str) -> HttpResponse:
    response = HttpResponse(f"503: {words}\n", status=503, content_type="text/plain; charset=utf-8")
    response["Retry-After"] = str(RETRY_SECONDS)
    response["Cache-Control"] = "no-store"
    return response
