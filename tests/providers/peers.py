"""Servers on loopback whose answers are functions, each on its own port or address; every request is remembered."""

import ssl
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


@dataclass
class Asked:
    """One request: path without query, the query, headers in lower case; and how it is answered."""

    handler: BaseHTTPRequestHandler
    path: str
    query: dict[str, str]
    headers: dict[str, str]

    def answer(self, status: int = 200, body: bytes = b"", **headers: str) -> None:
        """Answer whole. Header names are spelled with underscores."""
        sent = {"Content-Length": str(len(body)), **{k.replace("_", "-"): v for k, v in headers.items()}}
        self.begin(status, **sent)
        self.handler.wfile.write(body)

    def begin(self, status: int = 200, **headers: str) -> None:
        """Send status and headers; the body is the caller's."""
        self.handler.send_response(status)
        for name, value in headers.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()

    def redirect(self, url: str, status: int = 302) -> None:
        self.answer(status, Location=url)


Answering = Callable[[Asked], None]


@dataclass
class Peer:
    """One server."""

    url: str
    port: int
    asked: list[Asked] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)


@contextmanager
def peer(answering: Answering, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None):
    """Run a server for a while."""
    requests: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            requests.append(Asked(self, parts.path, query, headers))
            try:
                answering(requests[-1])
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def do_POST(self):
            self.do_GET()

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request, client_address):
            """Say nothing: a client that gives up is what some tests are about."""

    server = Server((host, port), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    scheme = "https" if tls else "http"
    found = Peer(f"{scheme}://{host}:{server.server_port}", server.server_port, requests)
    try:
        yield found
    finally:
        found.stopping.set()
        server.shutdown()
        server.server_close()
