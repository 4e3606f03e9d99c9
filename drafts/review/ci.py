"""Help for CI: snippets filled in with this server's address, and what the refusals' codes mean."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from drafts.intake import codes
from drafts.intake.upload2.bodies import absolute


@require_safe
def snippets(request: HttpRequest) -> HttpResponse:
    """Show how each client uploads here; says nothing that is not public."""
    context = {"upload_url": absolute(reverse("legacy")), "simple_url": absolute(reverse("simple-root"))}
    return render(request, "review/ci.html", context)


@require_safe
def errors(request: HttpRequest) -> HttpResponse:
    """Say what the codes of refusals mean; every problem document points here."""
    return render(request, "review/errors.html", {"groups": codes.GROUPS})
