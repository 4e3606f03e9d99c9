"""Help for CI: snippets filled in with this server's address, and what the refusals' codes mean."""

import re

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from drafts.intake import codes
from drafts.intake.upload2.bodies import absolute


@require_safe
def snippets(request: HttpRequest) -> HttpResponse:
    """Show how each client uploads here, or with ``?sandbox`` to the sandbox; says nothing that is not public."""
    is_sandbox = "sandbox" in request.GET
    context = {
        "is_sandbox": is_sandbox,
        "upload_url": absolute(reverse("sandbox-legacy" if is_sandbox else "legacy")),
        "simple_url": absolute(reverse("sandbox-root" if is_sandbox else "simple-root")),
        "script_url": absolute(reverse("stage-script")),
        "post_url": f"{absolute(reverse('sandbox-evidence' if is_sandbox else 'evidence-post'))}?project=NAME&version=VERSION",
        "index_url": absolute(reverse("sandbox" if is_sandbox else "queue")),
        "audience": settings.OIDC_AUDIENCE,
        "id_token_variable": _id_token_variable(settings.OIDC_AUDIENCE),
        "minutes": settings.MINTED_TOKEN_MINUTES,
    }
    return render(request, "review/ci.html", context)


def _id_token_variable(audience: str) -> str:
    """Return where uv looks, in a GitLab job, for the identity token that is made for this audience."""
    name = re.sub(r"[^A-Z0-9]", "_", audience.upper())
    return f"{re.sub(r'^[0-9]', '_', name)}_ID_TOKEN"


@cache_control(public=True, max_age=300)
@require_safe
def script(request: HttpRequest) -> FileResponse:
    """Serve the client of the Upload 2.0 API, which is one file without dependencies (PEP 723)."""
    del request
    path = settings.BASE_DIR / "docs" / "stage.py"
    return FileResponse(path.open("rb"), content_type="text/x-python; charset=utf-8")


@require_safe
def errors(request: HttpRequest) -> HttpResponse:
    """Say what the codes of refusals mean; every problem document points here."""
    return render(request, "review/errors.html", {"groups": codes.GROUPS})
