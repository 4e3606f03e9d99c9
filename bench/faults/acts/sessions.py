"""What CI does through the Upload 2.0 API (PEP 694): announce a file, send it whole or in parts, complete it."""

import http.client
import json
import random
import time
from contextlib import closing, suppress
from typing import Any
from urllib.parse import urlsplit

from bench.faults.acts.act import NOT_NOW, Act, Said
from bench.faults.acts.claims import Staged
from bench.faults.acts.uploads import TAGS
from bench.faults.browser import PATIENCE_SECONDS, Answer, Browser, Lost
from bench.faults.cast import Cast
from tests import wheels

_TYPE = "application/vnd.pypi.upload.v2+json"
_META = {"api-version": "2.0"}
_WHOLE, _PARTS = "http-post-bytes", "vnd-presscheck-http-resumable"
_SIZES = (500, 200_000, 3_000_000)  # the last one in parts of a MiB
_POLLS, _PAUSE_SECONDS = 40, 0.25
_CUT, _RESUMED = (
    0.3,
    8,
)  # how often the line is cut in a part, and how often a client goes on after it lost one


class _Speaker:
    """One credential, speaking to one of the web servers, whichever address an answer names."""

    def __init__(self, server: str, authorization: str) -> None:
        self._server, self._login = server, {"Authorization": authorization}

    def here(self, url: str) -> str:
        return f"{self._server}/upload/{url.partition('/upload/')[2]}"

    def say(self, method: str, url: str, body: dict[str, Any] | None = None) -> Answer:
        """Send JSON. Raises Lost."""
        data = None if body is None else json.dumps({"meta": _META, **body}).encode()
        headers = {**self._login, "Accept": _TYPE, "Content-Type": _TYPE}
        return Browser().ask(self.here(url), method=method, data=data, headers=headers)

    def send(self, url: str, data: bytes, **headers: str) -> Answer:
        """Send bytes. Raises Lost."""
        told = {**self._login, "Content-Type": "application/octet-stream"}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        return Browser().ask(self.here(url), method="POST", data=data, headers=told)

    def where(self, url: str) -> int | None:
        """Ask where the bytes end that the server has; None once it takes none. Raises Lost."""
        answer = Browser().ask(self.here(url), method="HEAD", headers=self._login)
        if answer.status in NOT_NOW:
            raise Lost("the server cannot say it now")
        return int(answer.headers["upload-offset"]) if answer.status == 204 else None

    def hang_up(self, url: str, data: bytes, share: float, offset: int) -> None:
        """Send a share of a part, and close the connection without a word."""
        where = urlsplit(self.here(url))
        headers = {**self._login, "Content-Type": "application/octet-stream", "Upload-Offset": str(offset)}
        connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=PATIENCE_SECONDS)
        with closing(connection), suppress(OSError):
            connection.putrequest("POST", where.path)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                connection.putheader(name, value)
            connection.endheaders(data[: int(len(data) * share)])

    def session(self, project: str, version: str) -> Answer:
        """Open the draft of a release, or join it. Raises Lost."""
        opened = self.say("POST", f"{self._server}/upload/", {"name": project, "version": version})
        if opened.status == 409 and "location" in opened.headers:
            return self.say("GET", opened.headers["location"])
        return opened


def _upload(cast: Cast, dice: random.Random) -> Said:
    """Stage one file; a file that is looked at by a worker is asked for until that is done. Raises Lost."""
    project, version = cast.release(dice)
    ballast = dice.randbytes(dice.choice(_SIZES))
    built = wheels.wheel(
        project,
        version,
        tag=dice.choice(TAGS),
        salt=str(dice.random()),
        files={f"{project}.bin": ballast},
    )
    speaker = _Speaker(cast.server(dice), cast.basic(project))
    session = speaker.session(project, version)
    if session.status not in {200, 201}:
        return Said(session.status)
    mechanism = dice.choice((_WHOLE, _PARTS))
    links = json.loads(session.body)["links"]
    announced = {
        "filename": built.filename,
        "size": len(built.data),
        "hashes": {"sha256": built.sha256},
        "mechanism": mechanism,
    }
    answer = speaker.say("POST", links["upload"], announced)
    if answer.status != 202:
        return Said(answer.status)
    file = json.loads(answer.body)
    sent = (_in_parts if mechanism == _PARTS else _whole)(speaker, file["mechanism"], built.data, dice)
    if sent.status != 204:
        return Said(sent.status)
    return _completed(speaker, file["links"], Staged(project, built.filename, built.sha256))


def _whole(speaker: _Speaker, mechanism: dict[str, Any], data: bytes, _dice: random.Random) -> Answer:
    return speaker.send(mechanism["file_url"], data)


def _in_parts(speaker: _Speaker, mechanism: dict[str, Any], data: bytes, dice: random.Random) -> Answer:
    """Send the parts, hanging up in the middle of some; what is lost is asked for and sent again. Raises Lost."""
    url, size, offset, resumed = mechanism["file_url"], mechanism["part-size"]["min"], 0, 0
    while True:
        if dice.random() < _CUT:
            speaker.hang_up(url, data[offset : offset + size], dice.random(), offset)
        try:
            answer = speaker.send(url, data[offset : offset + size], Upload_Offset=str(offset))
        except Lost:
            answer = None
        if answer is not None and answer.status not in {204, 409} | NOT_NOW:
            return answer
        if answer is not None and answer.status == 204 and offset + size >= len(data):
            return answer
        if answer is None or answer.status != 204:
            resumed += 1
            if resumed > _RESUMED:
                raise Lost("a part was lost again and again")
            time.sleep(_PAUSE_SECONDS)
        told = speaker.where(url)
        if told is None or told >= len(data):
            return Answer(204 if told is not None else 404, {}, b"")
        offset = told


def _completed(speaker: _Speaker, links: dict[str, str], claim: Staged) -> Said:
    answer = speaker.say("POST", links["complete"], {})
    if answer.status == 201:
        return Said(201, claim)
    if answer.status != 202:
        return Said(answer.status)
    for _ in range(_POLLS):
        time.sleep(_PAUSE_SECONDS)
        answer = speaker.say("GET", links["file-upload-session"])
        if answer.status == 200 and json.loads(answer.body)["status"] == "completed":
            return Said(201, claim)
    return Said(202)  # whose worker was killed: the job goes on


_HONEST = frozenset({200, 201, 202, 204, 400, 404, 409}) | NOT_NOW
ACTS = [Act("upload through a session", _upload, _HONEST, 4)]
