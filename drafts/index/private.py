"""The published index for its readers alone, where the operator made it private."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers

from drafts.access import readers
from drafts.access.gate import NoCredential
from drafts.access.readers import Reader

P = ParamSpec("P")
CHALLENGE = 'Basic realm="index"'


def for_readers(
    view: Callable[Concatenate[HttpRequest, Reader, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Hand on who reads; 401 for strangers to a private index, whatever they ask for, and nothing of it in shared caches."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not settings.INDEX_IS_PRIVATE:
            return view(request, readers.EVERYBODY, *args, **kwargs)
        return _alone(_answered(view, request, *args, **kwargs))

    return guarded


def _answered(
    view: Callable[Concatenate[HttpRequest, Reader, P], HttpResponseBase],
    request: HttpRequest,
    *args: P.args,
    **kwargs: P.kwargs,
) -> HttpResponseBase:
    try:
        return view(request, readers.reader(request), *args, **kwargs)
    except NoCredential as error:
        refusal = HttpResponse(f"{error}\n", status=401, content_type="text/plain; charset=utf-8")
        refusal["WWW-Authenticate"] = CHALLENGE
        return refusal
    except Http404 as error:
        return HttpResponse(f"{error}\n", status=404, content_type="text/plain; charset=utf-8")


def _alone(response: HttpResponseBase) -> HttpResponseBase:
    """Let the reader's own cache keep what was public, and no cache anything else."""
    kept = response.get("Cache-Control", "")
    response["Cache-Control"] = kept.replace("public", "private") if "public" in kept else "private, no-store"
    patch_vary_headers(response, ["Authorization", "Cookie"])
    return response
