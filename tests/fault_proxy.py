"""A proxy in front of a real store that misbehaves on demand: 503, cut connections, silence, a flipped bit."""

import http.client
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "expect"}


@dataclass
class Fault:
    """What goes wrong, with the requests that ``hits`` says, the first ``times`` of them.

    kind: 503, 507 (answered, not handed on), cut (the connection ends inside the answer), lost (the store did it, the
    client never hears), gone (the same, and the client hears that its upload is not there any more, as stores say who are
    asked for one thing twice), sent (a bit of the request's body is flipped), got (a bit of the answer's body is), slow
    (silence for so many seconds, and nothing is handed on), page (a gate of the network answers a web page instead).
    """

    kind: str
    hits: Callable[[str, str], bool] = lambda _method, _path: True
    times: int = 10**9
    seconds: float = 0
    seen: int = 0

    def takes(self, method: str, path: str) -> bool:
        if self.seen >= self.times or not self.hits(method, path):
            return False
        self.seen += 1
        return True


@dataclass
class Proxy:
    """A running proxy: ``url`` stands for the store; ``faults`` may be changed at any time; ``requests`` is what came."""

    url: str
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)


def flipped(data: bytes) -> bytes:
    """The same bytes, but for one bit in the middle."""
    changed = bytearray(data)
    if changed:
        changed[len(changed) // 2] ^= 1
    return bytes(changed)


@contextmanager
def in_front_of(store: str) -> Iterator[Proxy]:
    """Stand before the store for the time of a block."""
    server = _Server(("127.0.0.1", 0), _Handler)
    proxy = Proxy(f"http://127.0.0.1:{server.server_port}")
    server.proxy, server.store = proxy, urlsplit(store).netloc
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def proxy(settings, monkeypatch):
    """A proxy that the program takes for its store from here on, and that can misbehave; slowness is a second."""
    from drafts.storage import s3_client

    monkeypatch.setattr(s3_client, "ANSWER_SECONDS", 1)
    with in_front_of(settings.PRESSCHECK_S3_ENDPOINT) as proxy:
        settings.PRESSCHECK_S3_ENDPOINT = proxy.url
        yield proxy
        proxy.faults.clear()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address) -> None:
        """Say nothing of clients that were killed while they asked."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args) -> None:
        """Say nothing: the tests look at what the program says."""

    def _pass(self) -> None:
        self.server.proxy.requests.append((self.command, self.path))
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = next((one for one in self.server.proxy.faults if one.takes(self.command, self.path)), None)
        kind = fault.kind if fault else ""
        if kind.isdigit():
            self._answer(int(kind), {}, b"")
            return
        if kind == "page":
            self._answer(200, {}, b"<html><p>Welcome to the network. Press OK")
            return
        if kind == "slow":
            time.sleep(fault.seconds)
            self.close_connection = True
            return
        status, headers, data = self._asked(flipped(body) if kind == "sent" else body)
        if kind == "lost":
            self.close_connection = True
            return
        if kind == "gone":
            status, headers, data = 404, {}, b"<Error><Code>NoSuchUpload</Code></Error>"
        self._answer(status, headers, flipped(data) if kind == "got" else data, cut=kind == "cut")

    def _asked(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self.server.store, timeout=30)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
            headers["Content-Length"] = str(len(body))
            connection.request(self.command, self.path, body=body, headers=headers)
            answer = connection.getresponse()
            data = answer.read()
            told = {name: value for name, value in answer.getheaders() if name.lower() not in HOP}
            length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(data))
            return answer.status, {**told, "Content-Length": length or "0"}, data
        finally:
            connection.close()

    def _answer(self, status: int, headers: dict[str, str], data: bytes, *, cut: bool = False) -> None:
        headers.setdefault("Content-Length", str(len(data)))
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data[: len(data) // 2] if cut else data)
        except OSError:  # the client gave up
            self.close_connection = True
        if cut:
            self.close_connection = True


for _method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
    setattr(_Handler, f"do_{_method}", _Handler._pass)
