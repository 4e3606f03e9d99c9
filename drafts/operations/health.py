"""What a load balancer asks: does the process live, and can it do its work."""

import logging

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from drafts.operations import doctor

log = logging.getLogger(__name__)


@never_cache
@require_safe
def process(request: HttpRequest) -> HttpResponse:
    """200 while the process answers; touches nothing else."""
    del request
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@never_cache
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """200 when database, queue and storage answer, else 503; one word for each service, details go to the log."""
    del request
    checks = doctor.services()
    for check in checks:
        if not check.is_well:
            log.warning("not ready: %s", check.line)
    lines = [f"{check.name}: {'ok' if check.is_well else 'does not answer'}\n" for check in checks]
    status = 200 if all(check.is_well for check in checks) else 503
    return HttpResponse("".join(lines), status=status, content_type="text/plain; charset=utf-8")
