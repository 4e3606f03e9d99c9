"""What anybody may see of receipts: the keys to check them with."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from drafts.publishing.receipt import keys


@require_safe
@cache_control(max_age=60, public=True)
def well_known(_request: HttpRequest) -> JsonResponse:
    """List every key that this server signed receipts with, and until when."""
    return JsonResponse({"receipt_keys": [key.values for key in keys.listed()]})
