"""What anybody may keep of this server's record: its checkpoints, which say that it was not rewritten, and nothing else."""

from django.http import Http404, HttpRequest, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.models import AuditCheckpoint
from drafts.access.readers import Reader
from drafts.index.private import for_readers

PAGE = 100
_LONGEST = 18  # digits


@require_safe
@for_readers
def listed(request: HttpRequest, _reader: Reader) -> JsonResponse:
    """List checkpoints from the oldest on, a hundred to a page; ``after`` is the number of the last one that is known."""
    after = request.GET.get("after", "0")
    if not (after.isascii() and after.isdecimal() and len(after) <= _LONGEST):
        raise Http404("after is the number of a checkpoint.")
    rows = list(AuditCheckpoint.objects.filter(number__gt=int(after)).order_by("number")[:PAGE])
    is_full = len(rows) == PAGE
    following = f"{reverse('audit-checkpoints')}?after={rows[-1].number}" if is_full else None
    response = JsonResponse({"checkpoints": [row.envelope for row in rows], "next": following})
    response["Cache-Control"] = "max-age=86400, public" if is_full else "max-age=60, public"
    return response
