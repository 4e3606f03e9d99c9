"""``POST /hooks/runs/…/``: a project's CI says that a run ended. It is answered at once; a job does the rest."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.audit import Origin
from drafts.intake import body
from drafts.intake.problems import Problem, spoken
from drafts.intake.runs import hooks
from drafts.models import Heard

_MOST_BYTES = 4 * 2**20


@csrf_exempt
@never_cache
@require_POST
def hear(request: HttpRequest, handle: str) -> HttpResponse:
    """Answer 202 to every message that CI signed, and say in it what became of it; 403 to all others."""
    return _hear(request, handle)


@spoken
def _hear(request: HttpRequest, handle: str) -> HttpResponse:
    hook = hooks.at(handle)  # before the body is read
    message = hooks.Message(request.headers, _body(request), Origin.of(request))
    heard = hooks.hear(hook=hook, message=message)
    if heard.heard == Heard.REFUSED:
        raise Problem.one(403, "Not from CI", "bad-signature", heard.said)
    return JsonResponse({"taken": heard.heard == Heard.TAKEN, "said": heard.said}, status=202)


def _body(request: HttpRequest) -> bytes:
    length = body.length(request)
    if length > _MOST_BYTES:
        words = (
            f"A message has at most {_MOST_BYTES // 2**20} MiB. Nothing of it was read: name the run by hand."
        )
        raise Problem.one(413, "Too large", "request-too-large", words)
    return b"".join(body.chunks(request, length))
