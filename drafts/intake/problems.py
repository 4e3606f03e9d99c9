"""Refusals as RFC 9457 problem documents, in the shape that twine (reason phrase) and uv (title, detail) show."""

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from drafts.access.gate import NoCredential, NotAllowed, NotFromHere
from drafts.dist import BadDistribution
from drafts.models import ReadOnly, counts
from drafts.storage import StorageDown, StorageFull

log = logging.getLogger(__name__)

P = ParamSpec("P")
_NAMES_SHOWN = 5
_REASON_LENGTH = 500  # a sentence about a file name of 250 bytes, whole
COUNTED = "refused:"  # before the code, in the counter's name
CHALLENGE = 'Basic realm="upload"'


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was wrong: where (a form field, the file), a sentence, a stable code."""

    source: str
    message: str
    code: str


@dataclass(eq=False)  # not frozen: Python writes the traceback into it
class Problem(Exception):
    """A refusal. ``errors`` holds all findings; the first speaks for them in the reason phrase."""

    status: int
    title: str
    errors: Sequence[Finding]
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def one(
        cls, status: int, title: str, code: str, message: str, *, source: str = "request", **headers: str
    ) -> "Problem":
        return cls(
            status,
            title,
            (Finding(source, message, code),),
            {k.replace("_", "-"): v for k, v in headers.items()},
        )

    @classmethod
    def of(cls, error: BadDistribution) -> "Problem":
        findings = [Finding("content", refusal.message, str(refusal.code)) for refusal in error.refusals]
        return cls(400, "This file cannot be staged", tuple(findings))


def answer(problem: Problem) -> HttpResponse:
    """Write a problem down. Nothing of the refused request was kept, and the text says so."""
    first = problem.errors[0]
    count(first.code)
    detail = " ".join(finding.message for finding in problem.errors)
    body = {
        "type": f"{settings.PRESSCHECK_URL}{reverse('errors')}#{first.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": detail,
        "details": detail,
        "code": first.code,
        "meta": {"api-version": "2.0"},
        "errors": [{"source": f.source, "message": f.message, "code": f.code} for f in problem.errors],
    }
    response = HttpResponse(
        json.dumps(body, indent=1),
        status=problem.status,
        content_type="application/problem+json",
        reason=_reason(detail),
    )
    for name, value in problem.headers.items():
        response[name] = value
    response["Cache-Control"] = "no-store"
    return response


def either(names: Sequence[str]) -> str:
    """Spell names in a sentence: 'a', or one of 'a', 'b'; of many, the first five."""
    if len(names) == 1:
        return f"'{names[0]}'"
    more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
    return f"one of {', '.join(map(repr, sorted(names)[:_NAMES_SHOWN]))}{more}"


def count(code: str) -> None:
    """Count a refused upload for the operator's metrics."""
    counts.count(f"{COUNTED}{code}")


def _reason(text: str) -> str:
    """Return the text as a reason phrase: one line of printable ASCII."""
    line = " ".join(text.replace("…", "...").split()).encode("ascii", "replace").decode("ascii")
    return line if len(line) <= _REASON_LENGTH else line[: _REASON_LENGTH - 1].rstrip() + "..."


def _no_credential(error: Exception) -> Problem:
    return Problem.one(401, "Who are you?", "no-credential", str(error), WWW_Authenticate=CHALLENGE)


def _not_allowed(error: Exception) -> Problem:
    return Problem.one(403, "This credential may not do that", "not-allowed", str(error))


def _not_from_here(error: Exception) -> Problem:
    return Problem.one(403, "Not from here", "token-address", str(error))


def _no_database(error: Exception) -> Problem:
    """Say what is known: SQLite tells a full disk, and a lost connection leaves open whether the act was done."""
    log.warning("the database: %s", error)
    if "is full" in str(error):
        words = "The server's disk is full: nothing was kept; try again when the operator has made room."
        return Problem.one(507, "No room", "storage-full", words, Retry_After="300")
    words = (
        "The database does not answer: send the file again in a moment. If it was staged, nothing changes."
    )
    return Problem.one(503, "Try again", "database-down", words, Retry_After="10")


def _of_distribution(error: Exception) -> Problem:
    assert isinstance(error, BadDistribution)
    return Problem.of(error)


# What other rooms raise, and the problem that each is.
_KNOWN: dict[type[Exception], Callable[[Exception], Problem]] = {
    NoCredential: _no_credential,
    NotFromHere: _not_from_here,
    NotAllowed: _not_allowed,
    PermissionDenied: _not_allowed,
    BadDistribution: _of_distribution,
    Http404: lambda error: Problem.one(404, "Not found", "not-found", str(error)),
    StorageFull: lambda error: Problem.one(507, "No room", "storage-full", str(error), Retry_After="300"),
    StorageDown: lambda error: Problem.one(503, "Try again", "storage-down", str(error), Retry_After="10"),
    OperationalError: _no_database,
    InterfaceError: _no_database,
}


def _must_be_writable(request: HttpRequest) -> None:
    """Refuse what would change something while the server is read-only. Raises Problem."""
    still = None if request.method in {"GET", "HEAD", "OPTIONS"} else ReadOnly.now()
    if still is not None:
        words = f"This index is read-only for a while: {still.reason} Nothing was kept: try again later."
        raise Problem.one(503, "Read-only", "read-only", words, Retry_After="600")


def spoken(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Turn every refusal of a machine's door into a problem document."""

    @wraps(view)
    def speaking(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            _must_be_writable(request)
            return view(request, *args, **kwargs)
        except Problem as problem:
            return answer(problem)
        except tuple(_KNOWN) as error:
            known = next(make(error) for kind, make in _KNOWN.items() if isinstance(error, kind))
            return answer(known)

    return speaking
