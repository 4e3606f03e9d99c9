"""The receipt of a published draft, to download."""

import json

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from drafts.access import gate
from drafts.access.roles import Act
from drafts.models import Draft, DraftState, Receipt


@gate.people
@require_safe
def receipt(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Hand out the signed receipt, which ``verify_receipt`` and the script in the docs check."""
    _, draft = gate.draft(request, name, version, Act.SEE)
    row = Receipt.objects.filter(draft=draft).first()
    if row is None:
        raise Http404(f"{draft} has no receipt.")
    response = HttpResponse(json.dumps(row.envelope, indent=1), content_type="application/vnd.dsse+json")
    filename = f"{draft.project.name.replace('/', '-')}-{draft.version}.receipt.json"
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def receipt_url(draft: Draft) -> str:
    """Return where a draft's receipt is; empty while there is none."""
    if draft.state != DraftState.PUBLISHED or not Receipt.objects.filter(draft=draft).exists():
        return ""
    return reverse("receipt", args=[draft.project.name, draft.version])
