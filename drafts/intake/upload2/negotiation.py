"""What every request of the API has in common: its media type, its ``meta``, problem documents for every refusal."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from drafts.intake import body
from drafts.intake.problems import Problem, spoken

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]

CONTENT_TYPE = "application/vnd.pypi.upload.v2+json"
META = {"api-version": "2.0"}


def spoken_v2(*methods: str) -> Callable[[View[P]], View[P]]:
    """Answer these methods in the API's media type, everything else and every refusal as a problem document."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.method not in methods:
                raise _wrong_method(request.method or "", methods)
            if not request.accepts(CONTENT_TYPE):
                raise Problem.one(
                    406, "Not acceptable", "not-acceptable", f"Answers here are {CONTENT_TYPE}: accept that."
                )
            return view(request, *args, **kwargs)

        speaking = spoken(checked)

        @csrf_exempt  # a credential is asked for on every request, a cookie never
        @never_cache
        @wraps(view)
        def varied(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            response = speaking(request, *args, **kwargs)
            patch_vary_headers(response, ["Accept"])
            return response

        return varied

    return decorate


def _wrong_method(method: str, methods: tuple[str, ...]) -> Problem:
    allowed = ", ".join(methods)
    return Problem.one(
        405,
        "Method not allowed",
        "method-not-allowed",
        f"{method} is no method of this address: it takes {allowed}.",
        Allow=allowed,
    )


def told(request: HttpRequest) -> dict[str, Any]:
    """Return a request's body. Raises Problem: 411, 413, 415 (another media type), 400 (no object, or bad ``meta``)."""
    must_be(request, CONTENT_TYPE)
    if body.length(request) > settings.UPLOAD_BODY_LIMIT:
        limit = settings.UPLOAD_BODY_LIMIT
        raise Problem.one(413, "Too large", "request-too-large", f"The request is larger than {limit} bytes.")
    data = b"".join(body.chunks(request, body.length(request)))
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Problem.one(400, "Broken request", "not-json", "The request's body is not JSON.") from error
    if not isinstance(found, dict):
        raise Problem.one(400, "Broken request", "not-json", "The request's body is not a JSON object.")
    meta = found.get("meta")
    if not isinstance(meta, dict) or meta.get("api-version") != META["api-version"]:
        raise Problem.one(
            400,
            "Which version?",
            "bad-meta",
            'The request must say "meta": {"api-version": "2.0"}, the version being a string.',
            source="meta",
        )
    return found


def must_be(request: HttpRequest, content_type: str) -> None:
    """Raise Problem (415) unless the request's body says that it is of this media type."""
    if request.content_type != content_type:
        raise Problem.one(
            415,
            "Unsupported media type",
            "unsupported-media-type",
            f"The request's body must be {content_type}, and says '{(request.content_type or '')[:80]}'.",
        )


def answer(content: dict[str, Any], *, status: int = 200, **headers: str) -> HttpResponse:
    """Write an answer of the API; ``headers`` with underscores for dashes."""
    response = JsonResponse(content, status=status, content_type=CONTENT_TYPE)
    for name, value in headers.items():
        response[name.replace("_", "-")] = value
    patch_vary_headers(response, ["Accept"])
    return response
