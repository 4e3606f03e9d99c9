"""What a job that publishes upstream takes: the reviewed bytes of an approved draft, while it waits for CI and at no other time."""

from typing import cast

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from drafts.access import gate
from drafts.index.serve import PRIVATE, answer
from drafts.index.views import served
from drafts.intake.upload2.negotiation import spoken_v2
from drafts.models import Draft, DraftState
from drafts.publishing.targets import ci


def is_open(draft: Draft) -> bool:
    """Say whether jobs may take a draft's files now."""
    return draft.state in {DraftState.PROCESSING, DraftState.PUBLISHED} and ci.waits_for_ci(draft)


def addresses(draft: Draft) -> dict[str, str]:
    """Return where jobs take each file from, as paths; nothing unless the draft waits for CI."""
    if not is_open(draft):
        return {}
    names = draft.files.completed().order_by("filename").values_list("filename", flat=True)
    return {name: reverse("session-approved", args=[draft.address, name]) for name in names}


@spoken_v2("GET", "HEAD")
def approved(request: HttpRequest, handle: str, filename: str) -> HttpResponse:
    """Send one reviewed file to an upload credential of its project, as long as CI is to publish it."""
    _, draft = gate.session(request, handle)
    row = draft.files.completed().filter(filename=filename).first() if is_open(draft) else None
    if row is None:
        raise Http404("There is nothing to take: the draft does not wait for CI to publish it.")
    response = answer(request, served(row, metadata=False))
    response["Cache-Control"] = PRIVATE
    return cast("HttpResponse", response)  # or one that streams, of which nothing but headers is asked
