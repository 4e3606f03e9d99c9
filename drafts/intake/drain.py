"""A refusal may come before the body was read: the rest is read and thrown away, so that the answer reaches the client."""

import time
from contextlib import suppress
from typing import Any

from django.http import HttpRequest, HttpResponse

_LIMIT = 16 * 1024 * 1024
_SECONDS = 10.0
_CHUNK = 64 * 1024


class Refusal(HttpResponse):
    """An answer after which what is left of the request is drained, at most 16 MiB and for at most 10 seconds.

    A connection that is closed while the client still sends is reset, and a client that sends all before it reads never
    sees the answer (RFC 9112, section 9.6). Beyond the limits the web server closes its side first, then the connection.
    """

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._environ = request.META

    def close(self) -> None:
        """Called by the web server when the answer is sent."""
        super().close()
        socket, body = self._environ.get("gunicorn.socket"), self._environ.get("wsgi.input")
        if socket is None or body is None:  # another web server drains by itself
            return
        with suppress(
            Exception
        ):  # the answer is sent: a client that is slow, gone or malformed only ends its connection
            before = socket.gettimeout()
            _drain(socket, body)
            socket.settimeout(before)


def _drain(socket: Any, body: Any) -> None:
    left, deadline = _LIMIT, time.monotonic() + _SECONDS
    while left > 0 and (seconds := deadline - time.monotonic()) > 0:
        socket.settimeout(seconds)
        read = len(body.read(_CHUNK))
        if not read:
            return
        left -= read
