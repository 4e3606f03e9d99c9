"""The upstream index of a campaign as a process of its own: ``python -m bench.faults.upstream --port N --folder DIR``.

It takes files (the legacy upload API), lists them (the Simple API) and is the end of CI's webhook. A file that it took is kept, whoever
is killed afterwards; how it behaves is read from the folder at each request. It knows nothing of the product, and needs none of it.
"""

import argparse
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import HTTP
from enum import StrEnum
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_GLANCE_SECONDS = 0.02
_SLOW_SECONDS = 1.5
_LONGEST_HOLD_SECONDS = 300.0
_MAY, _DOWN, _NOT_FOUND = 202, 503, 404


class Mood(StrEnum):
    """How the index behaves. ``holds``: uploads wait for another mood; ``late``: it does not list what came since."""

    WELL = "well"
    SLOW = "slow"
    REFUSES = "refuses"
    DOWN = "down"
    MUTE = "mute"
    HOLDS = "holds"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Shelf:
    """The folder that the index keeps everything in: files, what CI's hook was told, and the mood; read by the campaign, too."""

    folder: Path

    @property
    def mood(self) -> Mood:
        try:
            return Mood((self.folder / "mood").read_text(encoding="ascii"))
        except FileNotFoundError:
            return Mood.WELL

    def be(self, mood: Mood) -> None:
        """Change the mood, from the next look on."""
        written = self.folder / "mood.part"
        written.write_text(mood, encoding="ascii")
        written.replace(self.folder / "mood")

    @property
    def files(self) -> Path:
        return self.folder / "files"

    def since(self) -> int:
        """Return when the mood was changed last, in nanoseconds."""
        try:
            return (self.folder / "mood").stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def keep(self, name: str, data: bytes) -> bool:
        """Keep a file for good; no, where there is one of that name."""
        with tempfile.NamedTemporaryFile(dir=self.folder) as part:
            part.write(data)
            part.flush()
            try:
                os.link(part.name, self.files / name)
            except FileExistsError:
                return False
        return True

    def kept(self) -> Iterator[tuple[str, int]]:
        """Yield every file's name, and when it came, in nanoseconds."""
        for path in sorted(self.files.iterdir()):
            yield path.name, path.stat().st_mtime_ns

    def digest(self, name: str) -> str:
        return _digest(self.files / name)

    def note(self, told: dict[str, Any]) -> None:
        """Note what CI's hook was told."""
        with (self.folder / "hook").open("a", encoding="utf-8") as notes:
            notes.write(json.dumps(told) + "\n")

    def told(self) -> list[dict[str, Any]]:
        """Return everything that CI's hook was told; a line that a kill cut off is left out."""
        try:
            lines = (self.folder / "hook").read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines[:-1]]


@cache
def _digest(path: Path) -> str:
    """Reckon a file's SHA-256 once: nothing that is kept is written again."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    shelf: Shelf

    def handle_error(self, _request: object, _client: object) -> None:
        """Say nothing of clients that were killed while they asked."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, *_told: object) -> None:
        """Say nothing: the folder holds what came."""

    def do_GET(self) -> None:
        if self.path == "/readyz":
            self._answer(200)
        elif self._is_away():
            self._answer(_DOWN)
        elif self.path.startswith("/simple/"):
            self._list(self.path.removeprefix("/simple/").strip("/"))
        else:
            self._answer(_NOT_FOUND)

    def do_POST(self) -> None:
        length = int(self.headers["content-length"])
        body = self.rfile.read(length)
        if len(body) < length:  # whoever sent it is dead
            return
        if self._is_away():
            self._answer(_DOWN)
        elif self.path == "/hook":
            names = [name for name in self.headers if name.lower().startswith("webhook-")]
            headers = {name.lower(): self.headers[name] for name in names}
            self.server.shelf.note({"headers": headers, "body": body.decode()})
            self._answer(_MAY)
        else:
            self._take(body)

    def _is_away(self) -> bool:
        if self.server.shelf.mood == Mood.SLOW:
            time.sleep(_SLOW_SECONDS)
        return self.server.shelf.mood == Mood.DOWN

    def _take(self, body: bytes) -> None:
        name, data = _form(self.headers["content-type"], body)
        mood = self._held()
        if mood == Mood.REFUSES:
            self._answer(403, b"Not today.")
        elif not self.server.shelf.keep(name, data):
            self._answer(400, b"<h1>400 File already exists.</h1>", "text/html")
        elif mood != Mood.MUTE:
            self._answer(200, b"OK")

    def _held(self) -> Mood:
        """Wait with a whole upload while the mood is to hold it; returns the mood after that."""
        until = time.monotonic() + _LONGEST_HOLD_SECONDS
        while (mood := self.server.shelf.mood) == Mood.HOLDS and time.monotonic() < until:
            time.sleep(_GLANCE_SECONDS)
        return mood

    def _list(self, project: str) -> None:
        shelf = self.server.shelf
        until = shelf.since() if shelf.mood == Mood.LATE else 2**63
        names = [name for name, at in shelf.kept() if at < until and name.startswith(f"{project}-")]
        if not names:
            self._answer(_NOT_FOUND)
            return
        files = [
            {"filename": name, "url": f"/f/{name}", "hashes": {"sha256": shelf.digest(name)}}
            for name in names
        ]
        page = {"meta": {"api-version": "1.1"}, "name": project, "files": files}
        self._answer(200, json.dumps(page).encode(), "application/vnd.pypi.simple.v1+json")

    def _answer(self, status: int, body: bytes = b"", kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _form(content_type: str, body: bytes) -> tuple[str, bytes]:
    """Return the name and bytes of the file in an upload's form."""
    message = message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body, policy=HTTP)
    parts = (one for one in message.iter_parts() if one["Content-Disposition"].params["name"] == "content")
    part = next(parts)
    return str(part.get_filename()), bytes(part.get_payload(decode=True))


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m bench.faults.upstream", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    told = parser.parse_args()
    (told.folder / "files").mkdir(parents=True, exist_ok=True)
    server = _Server(("127.0.0.1", told.port), _Handler)
    server.shelf = Shelf(told.folder)
    server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()
