"""What CI does through the Upload 2.0 API (PEP 694): announce a file, send it whole or in parts, complete it."""

import json
import random
import time
from typing import Any

from bench.faults.acts.act import NOT_NOW, Act, Said
from bench.faults.acts.claims import Staged
from bench.faults.acts.uploads import TAGS
from bench.faults.browser import Answer, Browser
from bench.faults.cast import Cast
from tests import wheels

_TYPE = "application/vnd.pypi.upload.v2+json"
_META = {"api-version": "2.0"}
_WHOLE, _PARTS = "http-post-bytes", "vnd-presscheck-http-resumable"
_SIZES = (500, 200_000, 3_000_000)  # the last one in parts of a MiB
_POLLS, _PAUSE_SECONDS = 40, 0.25


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
    sent = (_in_parts if mechanism == _PARTS else _whole)(speaker, file["mechanism"], built.data)
    if sent.status != 204:
        return Said(sent.status)
    return _completed(speaker, file["links"], Staged(project, built.filename, built.sha256))


def _whole(speaker: _Speaker, mechanism: dict[str, Any], data: bytes) -> Answer:
    return speaker.send(mechanism["file_url"], data)


def _in_parts(speaker: _Speaker, mechanism: dict[str, Any], data: bytes) -> Answer:
    offset, size = 0, mechanism["part-size"]["min"]
    while True:
        answer = speaker.send(mechanism["file_url"], data[offset : offset + size], Upload_Offset=str(offset))
        offset += size
        if answer.status != 204 or offset >= len(data):
            return answer


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
