"""GET and POST with guards: the address that was checked is the one connected to, and everything has a limit."""

import http.client
import io
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import urljoin

from django.conf import settings
from urllib3 import HTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from drafts.outbound import addresses
from drafts.outbound.addresses import Address
from drafts.outbound.errors import (
    Forbidden,
    NotConnected,
    TooLarge,
    TooManyRedirects,
    TooSlow,
    Unreachable,
)

_CHUNK = 64 * 1024
_REDIRECTS = {301, 302, 303, 307, 308}
_ENCODINGS = {"", "identity", "gzip", "x-gzip", "deflate"}
_FAULTS = (OSError, HTTPError, http.client.HTTPException, ValueError)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of an answer is taken: bytes of its decoded body, seconds for everything, seconds of silence."""

    size: int
    seconds: float = 60.0
    idle: float = 15.0
    redirects: int = 4


class _Plain(HTTPConnection):
    """A connection over a socket that is connected already, to an address that was checked."""

    line: socket.socket

    def _new_conn(self) -> socket.socket:
        return self.line


class _Secure(HTTPSConnection):
    """The same under TLS: name and certificate are those of the host that was asked for."""

    line: socket.socket

    def _new_conn(self) -> socket.socket:
        return self.line


class _Clock:
    """Cuts a line when its time is over: a peer that sends a byte now and then outlives every other timeout."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self.is_over = False

    def left(self) -> float:
        """Return the seconds there are. Raises TooSlow when there are none."""
        left = self._deadline - time.monotonic()
        if self.is_over or left <= 0:
            raise TooSlow("The answer did not come in the time there is for it.")
        return left

    @contextmanager
    def over(self, line: socket.socket) -> Iterator[None]:
        """Watch a line. Its own handle of the socket stays good however TLS wraps the other."""
        left, handle = self.left(), line.dup()
        timer = threading.Timer(left, self._cut, [handle])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            handle.close()

    def _cut(self, handle: socket.socket) -> None:
        self.is_over = True
        with suppress(OSError):
            handle.shutdown(socket.SHUT_RDWR)


class Answer:
    """An answer whose body was not read yet. ``headers`` have lower-case names."""

    def __init__(self, address: Address, response: HTTPResponse, limits: Limits, clock: _Clock) -> None:
        self._response, self._limits, self._clock = response, limits, clock
        self.address = address
        self.status, self.reason = response.status, response.reason or ""
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}

    def chunks(self) -> Iterator[bytes]:
        """Yield the body. Raises TooLarge, TooSlow, Unreachable; then what came before counts for nothing."""
        length, size = self.headers.get("content-length", ""), 0
        if length.isdecimal() and int(length) > self._limits.size:
            raise self._too_large()
        if self.headers.get("content-encoding", "").lower() not in _ENCODINGS:
            raise Unreachable(f"{self.address} answered in an encoding that was not asked for.")
        while chunk := self._next():
            size += len(chunk)
            if size > self._limits.size:
                raise self._too_large()
            yield chunk

    def _next(self) -> bytes:
        self._clock.left()
        try:
            chunk = self._response.read1(_CHUNK, decode_content=True)
        except _FAULTS as error:
            self._clock.left()
            raise Unreachable(f"The answer of {self.address} broke off.") from error
        if not chunk:
            self._clock.left()  # a line that was cut looks like one that ended
        return chunk

    def read(self) -> bytes:
        """Return the whole body."""
        body = io.BytesIO()
        self.save(body)
        return body.getvalue()

    def first(self, size: int) -> bytes:
        """Return the first bytes of the body, at most ``size``; what follows is not read."""
        body = bytearray()
        for chunk in self.chunks():
            body += chunk
            if len(body) >= size:
                break
        return bytes(body[:size])

    def save(self, file: BinaryIO, tell: Callable[[int], None] = lambda _size: None) -> int:
        """Write the body into a file, telling how much there is after each piece; returns its size in bytes."""
        size = 0
        for chunk in self.chunks():
            file.write(chunk)
            size += len(chunk)
            tell(size)
        return size

    def _too_large(self) -> TooLarge:
        return TooLarge(
            f"{self.address} is larger than {self._limits.size} bytes, which is what is read of it."
        )


@contextmanager
def get(
    url: str,
    *,
    limits: Limits,
    headers: Mapping[str, str] | None = None,
    credentials: Mapping[str, str] | None = None,
    own: bool = False,
) -> Iterator[Answer]:
    """Fetch a URL, following redirects; the body is read inside the block, through the answer.

    ``credentials`` are headers that are sent to the URL's own origin and, once a redirect left it, never again.
    ``own``: what the settings name as this server's own addresses may be asked, wherever it stands.
    Raises Forbidden, TooManyRedirects, TooSlow, Unreachable. An answer of any status is an answer.
    """
    clock = clock_of(limits)
    address, secret = addresses.parse(url), dict(credentials or {})
    home = address.origin
    for _ in range(limits.redirects + 1):
        with asked(Question(address, {**(headers or {}), **secret}, own=own), limits, clock) as answer:
            location = answer.headers.get("location", "")
            if answer.status not in _REDIRECTS or not location:
                yield answer
                return
        address = _redirected(address, location)
        if address.origin != home:
            secret = {}
    raise TooManyRedirects(f"{addresses.parse(url)} redirects more than {limits.redirects} times.")


def _redirected(address: Address, location: str) -> Address:
    try:
        return addresses.parse(urljoin(address.url, location))
    except ValueError as error:
        raise Forbidden(f"{address} redirects to something that is no address.") from error


@dataclass(frozen=True, slots=True)
class Question:
    """One request to one address; ``body`` is bytes, or is read in pieces while it is sent."""

    address: Address
    headers: Mapping[str, str]
    method: str = "GET"
    body: Any = None
    own: bool = False


def clock_of(limits: Limits) -> _Clock:
    """Return a clock that runs from now on."""
    return _Clock(time.monotonic() + limits.seconds)


@contextmanager
def asked(question: Question, limits: Limits, clock: _Clock) -> Iterator[Answer]:
    """Ask one address once; a redirect is an answer. Raises NotConnected when nothing was sent, other Unreachables later."""
    address = question.address
    kind = _Secure if address.scheme == "https" else _Plain
    line = _connected(question, limits, clock)
    connection = kind(address.host, address.port, timeout=limits.idle)
    connection.line = line
    try:
        with clock.over(line), closing(_response(connection, question, clock)) as response:
            yield Answer(address, response, limits, clock)
    finally:
        connection.close()
        line.close()


def _response(connection: _Plain | _Secure, question: Question, clock: _Clock) -> HTTPResponse:
    sent = {
        "User-Agent": f"Presscheck/{settings.VERSION}",
        "Accept-Encoding": "identity",
        "Connection": "close",
        **question.headers,
    }
    address = question.address
    try:
        connection.connect()
    except _FAULTS as error:
        clock.left()
        raise NotConnected(f"{address} gave no answer: {_why(error)}.") from error
    # A server that refuses early may close before it has read everything: its answer counts.
    cut_short = (BrokenPipeError, ConnectionResetError) if question.body is not None else ()
    try:
        with suppress(*cut_short):
            connection.request(
                question.method, address.target, body=question.body, headers=sent, preload_content=False
            )
        return connection.getresponse()
    except _FAULTS as error:
        clock.left()
        raise Unreachable(f"{address} gave no answer: {_why(error)}.") from error


def _connected(question: Question, limits: Limits, clock: _Clock) -> socket.socket:
    """Connect to the first place of those that were checked which answers."""
    reason = "no answer"
    for place in addresses.places(question.address, own=question.own):
        line = socket.socket(place.family, socket.SOCK_STREAM)
        line.settimeout(min(limits.idle, clock.left()))
        try:
            line.connect(place.sockaddr)
        except OSError as error:
            line.close()
            reason = _why(error)
        else:
            return line
    raise NotConnected(f"{question.address.host} cannot be reached: {reason}.")


def _why(error: BaseException) -> str:
    """Say what went wrong without what a peer wrote."""
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if "certificate" in str(error).lower():
        return "its certificate is not valid for this name"
    return (
        "the connection was refused" if isinstance(error, ConnectionRefusedError) else "the connection broke"
    )
