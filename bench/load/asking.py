"""A client that asks once for each connection: HTTP/1.1 over asyncio, as little as a client can be."""

import asyncio
import time
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

SECONDS = 180  # after which an answer does not count any more
HONEST = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def is_honest_refusal(self) -> bool:
        """Say whether the server said that it is busy, and when to come again."""
        return self.status in HONEST and self.headers.get("retry-after", "").isdigit()


@dataclass(frozen=True, slots=True)
class Sample:
    """One thing that was asked: what, how it ended, seconds from the moment it was due, and when it ended (monotonic).

    ``outcome`` is ``ok``, ``refused CODE`` (429 or 503 with Retry-After), ``error …`` or ``wrong …``.
    """

    what: str
    outcome: str
    seconds: float
    ended: float


async def ask(method: str, url: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Answer:
    """Ask, follow redirects of a GET, and read the whole answer. Raises OSError, TimeoutError, ValueError."""
    async with asyncio.timeout(SECONDS):
        while True:
            answer = await _once(method, url, headers or {}, body)
            if method != "GET" or answer.status not in {301, 302, 307, 308}:
                return answer
            url = urljoin(url, answer.headers["location"])


async def _once(method: str, url: str, headers: dict[str, str], body: bytes) -> Answer:
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    told = {"Host": parts.netloc, "Connection": "close", "Content-Length": str(len(body)), **headers}
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items()), "", ""]
    reader, writer = await asyncio.open_connection("127.0.0.1", parts.port or 80)
    try:
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()
        return await _answer(reader)
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split()[1])
    pairs = (line.partition(":") for line in head[1:] if line)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    if headers.get("transfer-encoding") == "chunked":
        return Answer(status, headers, await _chunked(reader))
    if "content-length" in headers:
        return Answer(status, headers, await reader.readexactly(int(headers["content-length"])))
    return Answer(status, headers, await reader.read())


async def _chunked(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return bytes(body)


def outcome(answer: Answer, *, wrong: str = "") -> str:
    """Say how an answer counts; ``wrong`` is what is wrong with its content."""
    if answer.is_honest_refusal:
        return f"refused {answer.status}"
    if answer.status != HTTPStatus.OK:
        return f"error {answer.status}"
    return f"wrong {wrong}" if wrong else "ok"


def now() -> float:
    return time.monotonic()
