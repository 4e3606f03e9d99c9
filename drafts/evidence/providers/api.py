"""Asking a provider's API through the guarded client: JSON with its shape checked, and every refusal in words."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from django.utils import timezone

from drafts import outbound
from drafts.evidence.providers.errors import (
    Down,
    Expired,
    NotThere,
    ProviderError,
    RateLimited,
    TooMuch,
    WrongToken,
)
from drafts.outbound import Answer, Limits

PAGE = 100
MOST_ATTESTATIONS = 30  # that are looked at of one file
_MOST_PAGES = 20
_JSON = Limits(size=8 * 1024**2, seconds=20)
_OK = 200
_WAIT = timedelta(minutes=1)  # where the provider says how long in no way that is known
_LONGEST_TEXT = 300


@dataclass(frozen=True, slots=True)
class Record:
    """A JSON object of which nobody promised a shape."""

    values: Mapping[str, Any]

    @classmethod
    def of(cls, value: object) -> "Record":
        if not isinstance(value, dict):
            raise _unreadable()
        return cls(value)

    def text(self, name: str) -> str:
        """Return a text, cut, without what no database keeps (NUL, halves of characters); absent and null are empty."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, str):
            raise _unreadable()
        return (value or "")[:_LONGEST_TEXT].replace("\0", "").encode("utf-8", "replace").decode()

    def number(self, name: str, default: int | None = None) -> int:
        """Return a whole number that is not negative. Raises ProviderError without one."""
        value = self.values.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**63:
            raise _unreadable()
        return value

    def record(self, name: str) -> "Record":
        """Return an object; null is one without members."""
        return Record.of(self.values.get(name) or {})

    def records(self, name: str) -> "list[Record]":
        return records(self.values.get(name))


def records(value: object) -> list[Record]:
    """Return a list of objects; null is an empty one."""
    if not isinstance(value or [], list):
        raise _unreadable()
    return [Record.of(one) for one in value or []]  # type: ignore[attr-defined]  # a list, as was looked at above


def _unreadable() -> ProviderError:
    return ProviderError("The provider's answer does not have the form that its API documents.")


@dataclass(frozen=True, slots=True)
class Api:
    """One provider's API: its base address, and the headers that hold the token."""

    name: str
    base: str
    headers: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)

    def ask(self, path: str, what: str, **query: str | int) -> Any:
        """Return the JSON at a path. ``what`` is named in refusals: "the run 8812"."""
        with self.open(path, what, limits=_JSON, **query) as answer:
            try:
                return json.loads(answer.read())
            except ValueError as error:
                raise ProviderError(
                    f"{self.name} answered something that is no JSON: is {self.base} its API?"
                ) from error

    def pages(self, path: str, what: str, **query: str | int) -> Iterator[Any]:
        """Yield one page after the other until whoever asks has enough."""
        for page in range(1, _MOST_PAGES + 1):
            yield self.ask(path, what, per_page=PAGE, page=page, **query)

    @contextmanager
    def open(self, path: str, what: str, *, limits: Limits, **query: str | int) -> Iterator[Answer]:
        """Ask for bytes, following redirects. Raises ProviderError for every answer but 200."""
        url = f"{self.base}{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            with outbound.get(
                url, limits=limits, headers=self.headers, credentials=self.credentials
            ) as answer:
                if answer.status != _OK:
                    raise self._refusal(answer, what)
                yield answer
        except outbound.TooLarge as error:
            raise TooMuch(f"{what} is too large to be fetched: {error}") from error
        except outbound.Unreachable as error:
            raise Down(f"{self.name} cannot be asked now. {error}") from error
        except outbound.OutboundError as error:
            raise ProviderError(str(error)) from error

    def _refusal(self, answer: Answer, what: str) -> ProviderError:
        if (until := _told_to_wait(answer)) is not None:
            return RateLimited(
                f"{self.name} asks to wait until {until:%H:%M:%S} UTC: its rate limit is used up.", until
            )
        if answer.status in {401, 403}:
            return WrongToken(
                f"{self.name} refused {what} (status {answer.status}): the token is missing, mistyped, expired or "
                "revoked, or may not read this. An owner can set another one on the project's CI page.",
            )
        if answer.status == 404:  # noqa: PLR2004  HTTP's own number
            return NotThere(f"{self.name} knows nothing of {what}, or the token may not see it.")
        if answer.status == 410:  # noqa: PLR2004
            return Expired(f"{what} has expired: {self.name} does not have it any more.")
        if answer.status >= 500:  # noqa: PLR2004
            return Down(f"{self.name} answered {answer.status} when asked for {what}.")
        return ProviderError(f"{self.name} answered {answer.status} when asked for {what}.")


def _told_to_wait(answer: Answer) -> datetime | None:
    """Return until when to wait (RFC 9110, section 10.2.3, and both providers' own headers); None: not at all."""
    if answer.status not in {403, 429}:
        return None
    now = timezone.now()
    if after := answer.headers.get("retry-after", ""):
        return _moment(after, now)
    headers = answer.headers
    remaining = headers.get("x-ratelimit-remaining", headers.get("ratelimit-remaining", ""))
    reset = headers.get("x-ratelimit-reset", headers.get("ratelimit-reset", ""))
    if remaining.strip() == "0" and reset.isdecimal():
        return max(now, datetime.fromtimestamp(min(int(reset), 2**32), UTC))
    return now + _WAIT if answer.status == 429 else None  # noqa: PLR2004


def _moment(after: str, now: datetime) -> datetime:
    if after.strip().isdecimal():
        return now + timedelta(seconds=min(int(after), 24 * 3600))
    try:
        moment = parsedate_to_datetime(after)
    except ValueError:
        return now + _WAIT
    return max(now, moment if moment.tzinfo else moment.replace(tzinfo=UTC))
