"""``stage.py`` as a build job runs it, the files of a release to send, and a server that answers as it is told."""

import hashlib
import http.server
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import wheels

SCRIPT = Path(__file__).resolve().parent.parent / "docs" / "stage.py"


@pytest.fixture
def built_dist(tmp_path):
    """sampleproject 1.0, built: a wheel and an sdist."""
    folder = tmp_path / "dist"
    folder.mkdir()
    for built in (wheels.wheel(), wheels.sdist()):
        built.write(folder)
    return folder


@pytest.fixture
def stage_py(clients, live, ci):
    """Run the script with the token in its variable."""

    def running(*arguments, **variables):
        told = {"PRESSCHECK_TOKEN": ci.token, **variables}
        return clients.run(sys.executable, str(SCRIPT), *map(str, arguments), **told)

    running.index = ("--index", live.url)
    return running


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@contextmanager
def answering(*statuses: int, state: str = "published") -> Iterator[str]:
    """A session's address whose server answers with these statuses, one after the other, and with the last for ever."""
    left = list(statuses)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status = left.pop(0) if len(left) > 1 else left[0]
            body = json.dumps({"meta": {}, "status": state, "would": "added"}).encode()
            self.send_response(status)
            for name, value in (("Retry-After", "0"), ("Content-Length", str(len(body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_arguments) -> None:
            """Keep quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/upload/s/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
