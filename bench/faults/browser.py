"""A client of the server: cookies, forms, uploads; a connection that is lost is an answer of its own."""

import http.client
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from http.cookiejar import CookieJar
from urllib.parse import urlencode

from tests.bodies import CONTENT_TYPE, Part, spelled

PATIENCE_SECONDS = 40.0
_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Lost(Exception):
    """No answer came: refused, cut or too late. Nothing is known of what the server did."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    def hidden(self, name: str) -> str:
        """Return a hidden field of the page's form, or nothing."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        return unescape(found[1]) if found else ""


class _AsTold(urllib.request.HTTPRedirectHandler):
    """Redirects are answers: whoever asks decides."""

    def redirect_request(self, *_told: object) -> None:
        return None


@dataclass
class Browser:
    """One session with the server, whichever of its addresses is asked."""

    jar: CookieJar = field(default_factory=CookieJar)

    def __post_init__(self) -> None:
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.jar), _AsTold
        )

    def ask(
        self,
        url: str,
        *,
        method: str = "GET",
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask once, follow nothing. Raises Lost."""
        request = urllib.request.Request(url, data=data, headers=dict(headers or {}), method=method)
        try:
            with self._opener.open(request, timeout=PATIENCE_SECONDS) as answer:
                return _read(answer)
        except urllib.error.HTTPError as error:
            return _of_refusal(error)
        except (OSError, http.client.HTTPException) as error:
            raise Lost(f"{type(error).__name__}: {error}") from error

    def post(self, url: str, page: Answer, **fields: str | list[str]) -> Answer:
        """Send the form of a page that was shown. Raises Lost."""
        token = _CSRF.search(page.text)
        form = {"csrfmiddlewaretoken": token[1] if token else "", **fields}
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask(url, method="POST", data=urlencode(form, doseq=True).encode(), headers=kind)

    def upload(self, url: str, form: list[Part], authorization: str) -> Answer:
        """Send a multipart form as upload tools do. Raises Lost."""
        headers = {"Content-Type": CONTENT_TYPE, "Authorization": authorization}
        return self.ask(url, method="POST", data=spelled(form), headers=headers)


def _of_refusal(error: urllib.error.HTTPError) -> Answer:
    try:
        with error:
            return _read(error)
    except (OSError, http.client.HTTPException) as cut:
        raise Lost(f"{type(cut).__name__}: {cut}") from cut


def _read(answer: "http.client.HTTPResponse | urllib.error.HTTPError") -> Answer:
    body = answer.read()
    headers = {name.lower(): value for name, value in answer.headers.items()}
    told = headers.get("content-length")
    if told is not None and answer.status not in {204, 304} and len(body) < int(told):
        raise Lost(f"{len(body)} of {told} bytes came")
    return Answer(int(answer.status or 0), headers, body)
