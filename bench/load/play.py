"""The three scenes, on one draft: it is filled, tested, and published while the index is read."""

import base64
import hashlib
import time
import urllib.request
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from urllib.error import HTTPError

from bench.load import scenes
from bench.load.asking import Sample
from bench.load.serving import OWNER, Maintainer, NotWell, Server
from tests import wheels

NAME, VERSION = "load", "1.0"
PUBLISH_SECONDS = 600
AROUND_SECONDS = 1  # how long readers read before the publish, and after it is seen


@dataclass(frozen=True, slots=True)
class Size:
    """How many of each; reads a second."""

    uploaders: int
    files: int
    testers: int
    rate: float


class Play:
    """One project with an owner and a token, on a server that has nothing else."""

    def __init__(self, server: Server, pool: ProcessPoolExecutor, size: Size) -> None:
        """Make person, project and token, and the files."""
        self._server, self._pool, self._size = server, pool, size
        self._maintainer = Maintainer(server)
        server.manage("createproject", NAME, "--owner", OWNER)
        token = server.manage("token", NAME)
        self._authorization = "Basic " + base64.b64encode(f"__token__:{token}".encode()).decode()
        self._files = [_file(number) for number in range(1, size.files + 1)]

    def upload(self) -> list[Sample]:
        """Let all uploaders fill the draft, each with its share of the files."""
        shares = [self._files[first :: self._size.uploaders] for first in range(self._size.uploaders)]
        return self._played(scenes.Upload(f"{self._server.url}/legacy/", self._authorization, shares))

    def test(self) -> list[Sample]:
        """Let all testers come through one link."""
        link = self._server.manage("draftlink", NAME, VERSION).rstrip("/")
        hashes = {file.filename: file.sha256 for file in self._files}
        return self._played(scenes.Test(link, self._size.testers, hashes))

    def publish(self) -> list[Sample]:
        """Publish while the index is read; readers see none of the files, or all."""
        stop, page = self._server.data / "readers-stop", f"{self._server.url}/simple/{NAME}/"
        names = frozenset(file.filename for file in self._files)
        self._maintainer.sign_in()
        self._maintainer.wait_for_inspections(f"/projects/{NAME}/drafts/{VERSION}/")
        reading = self._pool.submit(scenes.play, scenes.Read(page, self._size.rate, names, stop))
        try:
            time.sleep(AROUND_SECONDS)
            self._maintainer.publish(f"/projects/{NAME}/drafts/{VERSION}/publish/")
            deadline = time.monotonic() + PUBLISH_SECONDS
            while not _is_there(page):
                if time.monotonic() > deadline or reading.done():
                    raise NotWell("the release was not published")
                time.sleep(0.2)
            time.sleep(AROUND_SECONDS)
        finally:
            stop.touch()
        return reading.result()

    def _played(self, scene: scenes.Scene) -> list[Sample]:
        return self._pool.submit(scenes.play, scene).result()


def _file(number: int) -> scenes.File:
    built = wheels.wheel(NAME, VERSION, build=str(number), salt=str(number))
    fields = {
        ":action": "file_upload",
        "protocol_version": "1",
        "name": NAME,
        "version": VERSION,
        "filetype": "bdist_wheel",
        "metadata_version": "2.1",
        "sha256_digest": hashlib.sha256(built.data).hexdigest(),
    }
    return scenes.File(built.filename, built.sha256, scenes.form(built.filename, built.data, fields))


def _is_there(page: str) -> bool:
    try:
        with urllib.request.urlopen(page, timeout=60) as answer:
            return bool(answer.status == 200)
    except HTTPError as error:
        if error.code == 404:
            return False
        raise
