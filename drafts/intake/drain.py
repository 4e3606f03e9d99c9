"""What is left of a request when its answer is sent is read and thrown away, so that the answer reaches the client."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from threading import Timer
from typing import Any

from drafts.intake import pace
from drafts.intake.pace import Body, TooSlow

_LIMIT = 16 * 1024 * 1024
_SECONDS = 10.0
_IDLE_SECONDS = 2.0
_CHUNK = 64 * 1024
Start = Callable[..., Any]
Application = Callable[[dict[str, Any], Start], Iterable[bytes]]


def guarded(application: Application) -> Application:
    """Let every body of a WSGI application come at a pace, and drain what the application left of it.

    A body that is too slow, or one too many, is answered 408 or 503, if the application did not do so in its own words.
    Other web servers than gunicorn take care of bodies themselves.
    """

    def guarding(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        connection, length = environ.get("gunicorn.socket"), environ.get("CONTENT_LENGTH") or "0"
        if connection is not None and environ.get("HTTP_TRANSFER_ENCODING"):
            # Without a length Django reads nothing of it, so that all of it is left.
            return _Drained(application(environ, start_response), Body(environ["wsgi.input"], connection, 1))
        if connection is None or not length.isdigit() or length == "0":
            return application(environ, start_response)
        body = environ["wsgi.input"] = Body(environ["wsgi.input"], connection, int(length))
        started: list[tuple[Any, ...]] = []
        answer = application(environ, lambda *told: started.append(told))
        if body.trouble is None or started[0][0][:3] in {"408", "503"}:
            start_response(*started[0])
            return _Drained(answer, body)
        _close(answer)
        return _Drained(_refuse(body.trouble, start_response), body)

    _ = pace.uploads(), pace.others()  # made before there are threads
    return guarding


def _close(answer: Iterable[bytes]) -> None:
    close = getattr(answer, "close", None)
    if close is not None:
        close()


def _refuse(trouble: OSError, start_response: Start) -> Iterable[bytes]:
    is_slow = isinstance(trouble, TooSlow)
    status = "408 Request Timeout" if is_slow else "503 Service Unavailable"
    text = (
        b"The request came too slowly. Send it again.\n"
        if is_slow
        else b"Too busy. Try again in 5 seconds.\n"
    )
    headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Length", str(len(text))),
        ("Cache-Control", "no-store"),
    ]
    start_response(status, headers if is_slow else [*headers, ("Retry-After", pace.RETRY_SECONDS)])
    return [text]


class _Drained:
    """An answer after which what is left of the request is drained, at most 16 MiB and for at most 10 seconds.

    A connection that is closed while the client still sends is reset, and a client that sends all before it reads never
    sees the answer (RFC 9112, section 9.6). Beyond the limits the web server closes its side first, then the connection.
    Only a share of the threads drains; when all of it does, a connection is given up at once.
    """

    def __init__(self, answer: Iterable[bytes], body: Body) -> None:
        self._answer, self._body = answer, body

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._answer)

    def close(self) -> None:
        """Called by the web server when the answer is sent."""
        _close(self._answer)
        rest, connection = self._body.unread, self._body.connection
        if rest is None:
            return
        if not pace.others().enter():
            pace.cut_off(connection)
            return
        try:
            with suppress(Exception):  # the answer is sent: a malformed rest only ends its connection
                _drain(connection, rest)
        finally:
            pace.others().leave()


def _drain(connection: Any, rest: Any) -> None:
    """Read to the end or to a limit. Of a client that sends nothing, nothing more is taken.

    The web server lingers over connections it closes, in the thread that accepts all others: it must not wait there for
    a client that is known to be silent.
    """
    before, left, deadline = connection.gettimeout(), _LIMIT, time.monotonic() + _SECONDS
    alarm = Timer(_SECONDS, pace.cut_off, [connection])  # one read may be made of many small waits
    alarm.daemon = True
    alarm.start()
    try:
        connection.settimeout(_IDLE_SECONDS)
        while left > 0 and time.monotonic() < deadline and (read := len(rest.read(_CHUNK))):
            left -= read
    except OSError:
        pace.cut_off(connection)
    finally:
        alarm.cancel()
        connection.settimeout(before)
