"""A service that does not answer, or that is full: 503 or 507 in words, wherever a request met it."""

import logging
import sys
from collections.abc import Callable

from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views import defaults
from redis.exceptions import RedisError

from drafts.storage import StorageDown, StorageFull
from drafts.storage.full import translated

log = logging.getLogger(__name__)

RETRY_SECONDS = 10
_NO_DATABASE = "the database does not answer: look whether it was done, and else try again in a moment"
_NO_COUNTERS = "the store of counters does not answer: nothing was changed; try again in a moment"
_NO_ROOM = "the server's disk is full: nothing was kept; try again when the operator has made room"


def in_words(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer what a view raised because of a service; nothing keeps that answer (RFC 9110, section 15.6.4)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(_request: HttpRequest, error: Exception) -> HttpResponse | None:
        return answer(error)

    middleware.process_exception = process_exception  # type: ignore[attr-defined]  # Django's own way to be told
    return middleware


def failed(request: HttpRequest) -> HttpResponse:
    """Answer what nobody caught, also outside views (sessions, messages): a service's fault in words, else 500."""
    error = sys.exc_info()[1]
    known = answer(error) if isinstance(error, Exception) else None
    return known or defaults.server_error(request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400, unless the request was good and the database was away when its session was to be kept.

    Django says of every session that could not be written that somebody ended it.
    """
    cause: BaseException | None = exception if isinstance(exception, SessionInterrupted) else None
    while cause is not None:
        if isinstance(cause, Exception) and (known := answer(cause)):
            return known
        cause = cause.__cause__ or cause.__context__
    return defaults.bad_request(request, exception)


def answer(error: Exception) -> HttpResponse | None:
    """Return the answer to a service's fault; None when the error is no such thing."""
    found = _said(error)
    if found is None:
        return None
    status, words = found
    log.warning("answered %d: %s: %s", status, type(error).__name__, error)
    response = HttpResponse(f"{status}: {words}\n", status=status, content_type="text/plain; charset=utf-8")
    response["Retry-After"] = str(RETRY_SECONDS)
    response["Cache-Control"] = "no-store"
    return response


def _said(error: Exception) -> tuple[int, str] | None:
    if isinstance(error, OSError):
        error = translated(error)
    if isinstance(error, StorageFull):
        return 507, str(error)
    if isinstance(error, StorageDown):
        return 503, str(error)
    if isinstance(error, RedisError):
        return 503, _NO_COUNTERS
    if isinstance(error, OperationalError | InterfaceError):
        return (507, _NO_ROOM) if "is full" in str(error) else (503, _NO_DATABASE)
    return None
