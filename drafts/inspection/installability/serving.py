"""The pages that the resolver sees: this draft, what is published here, and the upstream index where one is set.

They are served on a loopback port for as long as the job runs, under a path that nobody else on this machine knows, and
metadata alone: the resolver never needs a file. As a proxy the same port refuses everything.
"""

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, urljoin

from django.db import connection
from packaging.utils import canonicalize_name

from drafts import outbound
from drafts.index import pages, simple, upstream
from drafts.models import Draft, File, Project
from drafts.outbound import Limits, OutboundError
from drafts.storage import NoSuchObject, StorageDown, opened

_PAGE = Limits(size=32 * 1024**2, seconds=20)
_METADATA = Limits(size=4 * 1024**2, seconds=20)
_JSON = "application/vnd.pypi.simple.v1+json"
_OK, _MISSING = 200, 404
_MOST_ASKED = 2000  # answers of the upstream index that one job takes


class Pages:
    """What there is to serve, by path below the secret one; each read once for a job."""

    def __init__(self, draft: Draft, upstream: str) -> None:
        """``upstream``: the base address of a Simple index, or empty."""
        self._draft, self._upstream = draft, upstream
        self._lock = threading.Lock()
        self._kept: dict[str, bytes | None] = {}
        self._elsewhere: dict[str, str] = {}
        self.base = ""
        self.missing: set[str] = set()  # names of projects that no page was found for

    def answer(self, path: str) -> bytes | None:
        """Return what stands at a path; None where nothing does."""
        with self._lock:  # one at a time: what is asked twice is read once
            if path not in self._kept:
                self._kept[path] = self._read(path)
            return self._kept[path]

    def _read(self, path: str) -> bytes | None:
        parts = path.split("/")
        if parts[0] == "simple" and len(parts) == len(("simple", "name", "")):
            page = self._page(canonicalize_name(parts[1]))
            if page is None:
                self.missing.add(canonicalize_name(parts[1]))
            return page
        if parts[0] == "files" and len(parts) == len(("files", "id", "name")) and path.endswith(".metadata"):
            return self._metadata(int(parts[1])) if parts[1].isdecimal() else None
        if path in self._elsewhere and len(self._kept) < _MOST_ASKED:
            return _fetched(self._elsewhere[path], _METADATA)
        return None

    def _page(self, name: str) -> bytes | None:
        own = self._draft.project
        # Of the other sandboxes none can be installed from: they publish elsewhere.
        project = own if own.plain_name == name else Project.objects.filter(name=name).first()
        files: list[File] = []
        if project is not None:
            files += pages.published_files(project)
            files += self._draft.files.completed() if project.pk == self._draft.project_id else ()
        if files:
            listed = tuple(
                pages.simple_file(file, url=f"../../files/{file.pk}/{quote(file.filename)}") for file in files
            )
            return simple.render_json(simple.SimpleProject(name, listed, ()))
        if not self._upstream or upstream.is_ours(name):  # testers would not get it from there either
            return None
        return self._upstream_page(name) if len(self._kept) < _MOST_ASKED else None

    def _metadata(self, file_id: int) -> bytes | None:
        file = File.objects.filter(pk=file_id).first()
        if file is None or (file.release_id is None and file.draft_id != self._draft.pk):
            return None
        with suppress(NoSuchObject, StorageDown), opened(file.kept_metadata) as stored:
            return stored.read()
        return None

    def _upstream_page(self, name: str) -> bytes | None:
        """Return another index's page with its wheels' metadata only, addressed to this port."""
        address = urljoin(f"{self._upstream.rstrip('/')}/", f"{name}/")
        page = _fetched(address, _PAGE, accept=_JSON)
        if page is None:
            return None
        try:
            told = json.loads(page)
            files = [file for file in map(self._upstream_file(address), told["files"]) if file]
        except (ValueError, TypeError, KeyError, AttributeError):
            return None
        return json.dumps(
            {"meta": {"api-version": "1.1"}, "name": name, "versions": [], "files": files}
        ).encode()

    def _upstream_file(self, page: str) -> Any:
        def kept(file: dict[str, Any]) -> dict[str, Any] | None:
            filename, url = str(file["filename"]), urljoin(page, str(file["url"]))
            if not filename.endswith(".whl") or not (
                file.get("core-metadata") or file.get("data-dist-info-metadata")
            ):
                return None
            path = f"up/{len(self._elsewhere)}/{quote(filename)}"
            self._elsewhere[f"{path}.metadata"] = f"{url.partition('#')[0]}.metadata"
            return {
                "filename": filename,
                "url": f"../../{path}",
                "hashes": {},
                "core-metadata": True,
                "requires-python": file.get("requires-python"),
                "yanked": file.get("yanked", False),
            }

        return kept


def _fetched(address: str, limits: Limits, *, accept: str = "*/*") -> bytes | None:
    try:
        with outbound.get(address, limits=limits, headers={"Accept": accept}) as answer:
            return answer.read() if answer.status == _OK else None
    except OutboundError:
        return None


def _handler(found: Pages, secret: str) -> type[BaseHTTPRequestHandler]:
    """Make the class that answers what stands under the secret path, and nothing else."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            begins, path = f"/{secret}/", self.path.partition("?")[0]
            body = None
            if path.startswith(begins):
                try:
                    body = found.answer(path.removeprefix(begins))
                finally:
                    connection.close()
            self._send(body)

        def do_CONNECT(self) -> None:
            self._send(None)

        def _send(self, body: bytes | None) -> None:
            self.send_response(_MISSING if body is None else _OK)
            self.send_header("Content-Type", _JSON)
            self.send_header("Content-Length", str(len(body or b"")))
            self.send_header("Cache-Control", "max-age=600")
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            """Say nothing: the address holds the secret path."""

    return Handler


@contextmanager
def served(draft: Draft, upstream: str) -> Iterator[Pages]:
    """Serve a draft's pages; yields them with the address of their index (``base``), which ends with this block."""
    secret = secrets.token_hex(16)
    found = Pages(draft, upstream)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(found, secret))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        found.base = f"http://127.0.0.1:{server.server_port}/{secret}/simple/"
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
