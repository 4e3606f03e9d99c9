"""What CI asks to exchange its identity for an upload token: as the public index answers, and as PEP 807's draft says."""

import hashlib
import json
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from accounts.audit import Origin
from drafts.access.oidc import mint
from drafts.access.oidc.errors import Code, NotExchanged
from drafts.intake import body
from drafts.intake.problems import Problem
from drafts.intake.upload2.bodies import absolute
from drafts.models import ReadOnly

_MOST_BYTES = 64 * 1024
_LONGEST = 1000  # of a text that could be a token of ours
PYTP = "application/vnd.pypi.pytp.v1+json"
_TAKEN = ("*/*", "application/*", "application/json", PYTP)
_MULTI_USE = "multi-use-token"


@never_cache
@require_GET
def audience(request: HttpRequest) -> HttpResponse:
    """Say for whom an identity token must be made."""
    del request
    return JsonResponse({"audience": settings.OIDC_AUDIENCE})


@csrf_exempt
@never_cache
@require_POST
def mint_token(request: HttpRequest) -> HttpResponse:
    """Exchange an identity token for an upload token, or refuse with the public index's codes."""
    if still := ReadOnly.now():
        return _later(still)
    try:
        minted = mint.exchange(_token(request), Origin.of(request))
    except NotExchanged as refused:
        errors = [{"code": refused.code, "description": str(refused)}]
        return JsonResponse({"message": "Token request failed", "errors": errors}, status=422)
    expires = int(minted.expires_at.timestamp())
    return JsonResponse({"success": True, "token": minted.text, "expires": expires})


def _later(still: ReadOnly) -> HttpResponse:
    """Say that nothing is minted while the server is read-only; the identity is not spent."""
    words = f"This index is read-only for a while: {still.reason} Nothing was minted: try again later."
    answer = {"message": words, "errors": [{"code": "read-only", "description": words}]}
    return JsonResponse(answer, status=503, headers={"Retry-After": "600"})


@csrf_exempt
@never_cache
@require_POST
def burn_token(request: HttpRequest) -> HttpResponse:
    """End a minted token before its time. The answer is the same for what is no token."""
    with suppress(NotExchanged):
        mint.burn(_token(request)[:_LONGEST], Origin.of(request))
    return JsonResponse({"message": "Accepted"}, status=202)


def _token(request: HttpRequest) -> str:
    """Return the one text that the body names. Raises NotExchanged."""
    said = _object(request)
    token = said.get("token")
    if not isinstance(token, str) or not token.isascii():
        raise NotExchanged(Code.PAYLOAD, 'the body must be a JSON object: {"token": "the identity token"}')
    features = said.get("features", [_MULTI_USE])
    if not isinstance(features, list) or [*map(str, features)] != [_MULTI_USE]:
        raise NotExchanged(Code.PAYLOAD, f"the only feature that there is, is {_MULTI_USE}")
    return token


def _object(request: HttpRequest) -> dict[str, Any]:
    try:
        length = body.length(request)
        if length > _MOST_BYTES:
            raise NotExchanged(Code.PAYLOAD, f"the body is longer than {_MOST_BYTES} bytes")
        said = json.loads(b"".join(body.chunks(request, length)))
    except Problem as problem:
        raise NotExchanged(Code.PAYLOAD, problem.errors[0].message) from problem
    except (ValueError, RecursionError) as error:
        raise NotExchanged(Code.PAYLOAD, "the body is not JSON") from error
    return said if isinstance(said, dict) else {}


@never_cache
@require_GET
def discover(request: HttpRequest, key: str = "") -> HttpResponse:
    """Say where identities are exchanged for uploads to a path: named in the query, or by its SHA-256 (earlier drafts).

    404 for a path that takes no uploads (PEP 807).
    """
    doors = {reverse(name) for name in ("legacy", "upload-root", "sandbox-legacy", "sandbox-upload-root")}
    ours = {*doors, *(reverse(name).rstrip("/") for name in ("legacy", "sandbox-legacy"))}
    if key and key not in {hashlib.sha256(path.encode()).hexdigest() for path in ours}:
        raise Http404("There are no uploads to that path.")
    if not key and request.GET.get("discover", reverse("legacy")) not in ours:
        raise Http404("There are no uploads to that path.")
    accepted = [part.partition(";")[0].strip() for part in request.headers.get("Accept", PYTP).split(",")]
    if not any(part.lower() in _TAKEN for part in accepted):
        return HttpResponse(status=406)
    endpoint = absolute(reverse("oidc-mint"))
    told = {
        "audience-endpoint": absolute(reverse("oidc-audience")),
        "token-mint-endpoint": endpoint,
        "mint-token-endpoint": endpoint,
        "features": [_MULTI_USE],
        "default-features": [_MULTI_USE],
    }
    return JsonResponse(told, content_type=PYTP)
