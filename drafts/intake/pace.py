"""Request bodies hold threads: a body must come at a pace, and only a share of the threads waits for bodies."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from socket import SHUT_RD, socket
from typing import BinaryIO

from django.conf import settings
from django.http import HttpRequest

RETRY_SECONDS = "5"  # what a refusal for want of places says in Retry-After
_PIECES = 16
_PIECE_LIMIT = 128 * 1024


class TooSlow(OSError):
    """The body did not come at the pace that the settings ask for."""


class TooMany(OSError):
    """As many threads as may wait for bodies do so already."""


class Lane:
    """How many threads of this process may do one thing at a time; nobody waits for a place."""

    def __init__(self, places: int) -> None:
        self._places = threading.BoundedSemaphore(max(1, places))

    def enter(self) -> bool:
        return self._places.acquire(blocking=False)

    def leave(self) -> None:
        self._places.release()


@lru_cache(maxsize=1)
def uploads() -> Lane:
    """Return the lane of uploads: half of the threads."""
    return Lane(settings.WEB_THREADS // 2)


@lru_cache(maxsize=1)
def others() -> Lane:
    """Return the lane of all other bodies, and of refused ones that are thrown away: a quarter of the threads."""
    return Lane(settings.WEB_THREADS // 4)


class Body:
    """A WSGI input that is read at a pace: ``BODY_RATE`` bytes a second, averaged over ``BODY_SECONDS`` of waiting.

    Only the time spent waiting for the client counts. ``read`` raises TooSlow and TooMany, both OSErrors, which Django
    turns into an unreadable request.
    """

    def __init__(self, stream: BinaryIO, connection: socket, length: int) -> None:
        self.connection = connection
        self.trouble: OSError | None = None
        self._stream, self._left = stream, length
        self._lane: Lane | None = None
        self._lock = threading.Lock()
        self._since: float | None = None
        self._waited, self._received = 0.0, 0

    @property
    def unread(self) -> BinaryIO | None:
        """Return the stream below, for whoever throws the rest away; None when nothing is left."""
        return self._stream if self._left else None

    def enter(self, lane: Lane) -> None:
        """Take a place before the first byte is read. Raises TooMany."""
        if not lane.enter():
            self.trouble = TooMany("too many bodies at once")
            raise self.trouble
        self._lane = lane

    def leave(self) -> None:
        """Give the place back; harmless without one."""
        lane, self._lane = self._lane, None
        if lane is not None:
            lane.leave()

    def read(self, size: int | None = -1) -> bytes:
        """Read ``size`` bytes, or to the end; fewer only at the end."""
        size = self._left if size is None or size < 0 else min(size, self._left)
        with self._place():
            pieces = bytearray()
            while size > len(pieces):
                piece = self._piece(self._stream.read, min(size - len(pieces), _piece_size()))
                if not piece:
                    break
                pieces += piece
        return bytes(pieces)

    def readline(self, size: int | None = -1) -> bytes:
        """Read one line, of ``size`` bytes at most."""
        most = self._left if size is None or size < 0 else min(size, self._left)
        with self._place():
            return self._piece(self._stream.readline, most)

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Hold a place among the other bodies for one read, unless the whole request has one."""
        if self.trouble is not None:
            raise self.trouble
        mine = self._lane is None and self._left > 0
        if mine:
            self.enter(others())
        try:
            yield
        finally:
            if mine:
                self.leave()

    def _piece(self, read: Callable[[int], bytes], size: int) -> bytes:
        with self._lock:
            self._since = time.monotonic()
        _watcher().watch(self)
        try:
            data = read(size)
        finally:
            _watcher().forget(self)
            self._count_wait()
        self._left -= len(data)
        self._received += len(data)
        if self.trouble is not None:
            if self._left > 0:
                raise self.trouble
            self.trouble = None  # it was whole at the last moment
        return data

    def _count_wait(self) -> None:
        with self._lock:
            if self._since is not None:
                self._waited += time.monotonic() - self._since
            self._since = None

    def check(self) -> None:
        """Cut the body off when it is too slow. Called by the watcher, while a thread waits in ``read``."""
        with self._lock:
            if self._since is None:
                return
            waited = self._waited + time.monotonic() - self._since
            if waited < settings.BODY_SECONDS:
                return
            if self._received >= settings.BODY_RATE * settings.BODY_SECONDS - _piece_size():
                self._since, self._waited, self._received = time.monotonic(), 0.0, 0
                return
            self.trouble = TooSlow("the body comes too slowly")
            cut_off(self.connection)


def cut_off(connection: socket) -> None:
    """Take nothing more from a client; it can still be answered, and whoever waits for its bytes waits no longer."""
    try:
        connection.shutdown(SHUT_RD)
    except OSError:  # the client is gone
        return


def _piece_size() -> int:
    return max(1, min(_PIECE_LIMIT, int(settings.BODY_RATE * settings.BODY_SECONDS) // _PIECES))


class _Watcher:
    """One thread that looks at the bodies which are being waited for."""

    def __init__(self) -> None:
        self._bodies: set[Body] = set()
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="bodies", daemon=True).start()

    def watch(self, body: Body) -> None:
        with self._changed:
            self._bodies.add(body)
            if len(self._bodies) == 1:
                self._changed.notify()

    def forget(self, body: Body) -> None:
        with self._changed:
            self._bodies.discard(body)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._bodies))
            time.sleep(min(1.0, settings.BODY_SECONDS / 8))
            with self._changed:
                for body in self._bodies:
                    body.check()


_starting = threading.Lock()


def _watcher() -> _Watcher:
    """Return this process's watcher: started by the first body, after the web server forked."""
    with _starting:
        return _only_watcher()


@lru_cache(maxsize=1)
def _only_watcher() -> _Watcher:
    return _Watcher()


@contextmanager
def upload(request: HttpRequest) -> Iterator[None]:
    """Hold a thread's place among the uploads. Raises TooMany before the body is read."""
    body = request.META.get("wsgi.input")
    if not isinstance(body, Body):  # another web server than gunicorn, or a test's client
        yield
        return
    body.enter(uploads())
    try:
        yield
    finally:
        body.leave()


def reason(error: BaseException) -> OSError | None:
    """Return the TooSlow or TooMany that a failed read of a request came from."""
    for cause in (error, error.__cause__):
        if isinstance(cause, TooSlow | TooMany):
            return cause
    return None
