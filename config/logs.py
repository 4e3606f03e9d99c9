"""Logs as JSON, one object on each line, with the request they belong to and without tokens."""

import json
import logging
import logging.config
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from celery import signals
from django.http import HttpRequest, HttpResponse

from drafts.secrets import scrub

HEADER = "X-Request-ID"
_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_SECRET_PARTS = ("token", "key", "uidb36")  # variables of addresses that let somebody in
_FIELDS = ("method", "path", "status", "duration")
_request: ContextVar[str] = ContextVar("request", default="")

log = logging.getLogger("presscheck.requests")


class Lines(logging.Formatter):
    """Writes a record as one JSON object (RFC 8259).

    Always ``time`` (UTC), ``level``, ``logger`` and ``message``; within a request its name as ``request``; for one that
    ended ``method``, ``path``, ``status`` and ``duration`` in seconds.
    """

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request := _request.get():
            told["request"] = request
        told |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        if record.exc_text or record.exc_info:
            told["exception"] = record.exc_text or self.formatException(record.exc_info or (None, None, None))
        return scrub(json.dumps(told, ensure_ascii=False, default=str))


def requests(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Write a line for each request, and name it in all other lines and in the answer.

    A name that a proxy gave (``X-Request-ID``) is kept when it is a plain word.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        name = given if _GIVEN.match(given) else uuid.uuid4().hex
        before, began = _request.set(name), time.monotonic()
        try:
            response = get_response(request)
            log.info(
                "%s",
                "request",
                extra={
                    "method": request.method,
                    "path": _path(request),
                    "status": response.status_code,
                    "duration": round(time.monotonic() - began, 4),
                },
            )
        finally:
            _request.reset(before)
        response.headers[HEADER] = name
        return response

    return middleware


def _path(request: HttpRequest) -> str:
    """Return the path without its query, and without the parts that are secrets."""
    path = request.path
    match = request.resolver_match
    for part in _SECRET_PARTS:
        if match is not None and (secret := match.kwargs.get(part)):
            path = path.replace(str(secret), "…")
    return path


def to_celery(logging_settings: dict[str, Any]) -> None:
    """Let Celery's processes write as the settings say, instead of in Celery's own way."""

    def configure(**_told: Any) -> None:
        logging.config.dictConfig(logging_settings)

    signals.setup_logging.connect(configure, weak=False)
