"""What clients do, each scene in a process of its own: many coroutines, beginning together."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from bench.load.asking import Sample, ask, now, outcome

OPEN_READS = 1000
JSON = "application/vnd.pypi.simple.v1+json"
BOUNDARY = "the-boundary-of-the-load"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


@dataclass(frozen=True, slots=True)
class File:
    """A file to upload, and the form it travels in."""

    filename: str
    sha256: str
    form: bytes


@dataclass(frozen=True, slots=True)
class Upload:
    """Each uploader sends its files one after the other, again when the server says that it is busy."""

    url: str
    authorization: str
    shares: Sequence[Sequence[File]]


@dataclass(frozen=True, slots=True)
class Test:
    """Each tester opens the link, what installers see behind it, and one file."""

    link: str
    testers: int
    hashes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Read:
    """The project's page is asked for at a rate, until the file named ``stop`` is there."""

    page: str
    rate: float
    filenames: frozenset[str]
    stop: Path


Scene = Upload | Test | Read


def play(scene: Scene) -> list[Sample]:
    """Play one scene to its end; what a process pool calls."""
    if isinstance(scene, Upload):
        return asyncio.run(_together([_uploader(scene, share) for share in scene.shares]))
    if isinstance(scene, Test):
        return asyncio.run(_together([_tester(scene, number) for number in range(scene.testers)]))
    return asyncio.run(_readers(scene))


async def _together(people: Sequence[Awaitable[list[Sample]]]) -> list[Sample]:
    return [sample for found in await asyncio.gather(*people) for sample in found]


async def _counted(what: str, asking: Callable[[], Awaitable[str]], due: float | None = None) -> Sample:
    began = due or now()
    try:
        found = await asking()
    except (OSError, TimeoutError, ValueError, EOFError) as error:
        found = f"error {type(error).__name__}"
    return Sample(what, found, now() - began, now())


async def _uploader(scene: Upload, share: Sequence[File]) -> list[Sample]:
    samples = []
    headers = {"Authorization": scene.authorization, "Content-Type": FORM}
    for file in share:
        wait = 0.0

        async def send(file: File = file) -> str:
            nonlocal wait
            answer = await ask("POST", scene.url, headers, file.form)
            wait = float(answer.headers["retry-after"]) if answer.is_honest_refusal else 0.0
            return outcome(answer)

        while True:
            samples.append(await _counted("upload", send))
            if not samples[-1].outcome.startswith("refused"):
                break
            await asyncio.sleep(wait)
    return samples


async def _tester(scene: Test, number: int) -> list[Sample]:
    async def page() -> str:
        answer = await ask("GET", f"{scene.link}/")
        return outcome(answer, wrong="" if b"pip install" in answer.body else "no instructions")

    listed: list[dict[str, str]] = []
    simple = f"{scene.link}/simple/load/"

    async def index() -> str:
        answer = await ask("GET", simple, {"Accept": JSON})
        if answer.status == 200:
            listed.extend(
                {"url": file["url"], "filename": file["filename"]}
                for file in json.loads(answer.body)["files"]
            )
        complete = {file["filename"] for file in listed} == set(scene.hashes)
        return outcome(answer, wrong="" if complete else "not all files")

    async def file() -> str:
        one = listed[number % len(listed)]
        answer = await ask("GET", urljoin(simple, one["url"]))
        same = hashlib.sha256(answer.body).hexdigest() == scene.hashes[one["filename"]]
        return outcome(answer, wrong="" if same else "other bytes")

    samples = [await _counted("draft page", page), await _counted("draft index", index)]
    if listed:
        samples.append(await _counted("draft file", file))
    return samples


async def _readers(scene: Read) -> list[Sample]:
    """Ask at even intervals, whether or not answers come; a late answer counts from when it was due.

    ``OPEN_READS`` connections at most: more would fill the kernel's queue, which refuses without words.
    """
    asked: list[asyncio.Task[Sample]] = []
    began, lines = now(), asyncio.Semaphore(OPEN_READS)

    async def page() -> str:
        async with lines:
            answer = await ask("GET", scene.page, {"Accept": JSON})
        if answer.status == 404:
            return "ok"  # nothing is published yet
        names = (
            {file["filename"] for file in json.loads(answer.body)["files"]} if answer.status == 200 else set()
        )
        return outcome(answer, wrong="" if names == scene.filenames else f"{len(names)} files")

    while not scene.stop.exists():
        due = began + len(asked) / scene.rate
        await asyncio.sleep(max(0.0, due - now()))
        asked.append(asyncio.create_task(_counted("index read", page, due)))
    return list(await asyncio.gather(*asked))


def form(filename: str, data: bytes, fields: dict[str, str]) -> bytes:
    """Return an upload's body (RFC 7578)."""
    parts = [(f'name="{name}"', value.encode()) for name, value in fields.items()]
    parts.append((f'name="content"; filename="{filename}"', data))
    text = b"".join(
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + value + b"\r\n"
        for head, value in parts
    )
    return text + f"--{BOUNDARY}--\r\n".encode()
