"""Sending with the same guards: POST, and the adapter for libraries that speak through ``requests``.

A redirect is an answer here: what was sent, and with which credentials, goes to the address that was named and nowhere else.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from drafts.outbound import addresses
from drafts.outbound.client import Answer, Limits, Question, asked, clock_of

Reply = Response


@contextmanager
def post(
    url: str, *, body: bytes, limits: Limits, headers: Mapping[str, str] | None = None
) -> Iterator[Answer]:
    """Post a body; the answer's is read inside the block. Raises Forbidden, NotConnected, TooSlow, Unreachable."""
    told = {"Content-Length": str(len(body)), **(headers or {})}
    question = Question(addresses.parse(url), told, "POST", body)
    with asked(question, limits, clock_of(limits)) as answer:
        yield answer


class Guarded(BaseAdapter):
    """What a ``requests`` session sends through: checked addresses, no proxies, limits, each request once."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self._limits = limits

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002  the signature is requests'
        timeout: object = None,
        verify: object = True,  # noqa: FBT002
        cert: object = None,
        proxies: object = None,
    ) -> Response:
        """Ask once, and return the whole answer. Raises the guarded client's errors."""
        del stream, timeout, verify, cert, proxies
        headers = {name: _text(value) for name, value in request.headers.items()}
        question = Question(addresses.parse(str(request.url)), headers, str(request.method), request.body)
        with asked(question, self._limits, clock_of(self._limits)) as answer:
            return _response(request, answer, answer.read())

    def close(self) -> None:
        """Keep nothing open: each connection ended with its answer."""


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _response(request: PreparedRequest, answer: Answer, body: bytes) -> Response:
    response = Response()
    response.status_code, response.reason = answer.status, answer.reason
    response.headers = CaseInsensitiveDict(answer.headers)
    response.url, response.request = str(request.url), request
    response.raw = io.BytesIO(body)
    response.encoding = "utf-8"
    return response
