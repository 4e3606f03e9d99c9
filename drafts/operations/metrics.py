"""Prometheus metrics: how the server does, without names of projects; computed from the database, so right for all processes."""

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Count as Counted
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.peers import is_this_machine
from drafts.intake.problems import COUNTED
from drafts.models import Count, Draft, DraftState, File, Job, JobState, Kind

_RECENT = timedelta(days=1)
_QUANTILES = (0.5, 0.95, 1.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric of Prometheus's text format 0.0.4: its values by labels; seconds where the name says so."""

    name: str
    kind: str
    help: str
    values: Iterable[tuple[dict[str, str], float]]

    def __str__(self) -> str:
        lines = [f"# HELP {self.name} {self.help}", f"# TYPE {self.name} {self.kind}"]
        for labels, value in self.values:
            spelled = ",".join(f'{label}="{text}"' for label, text in labels.items())
            lines.append(f"{self.name}{{{spelled}}} {value:g}" if spelled else f"{self.name} {value:g}")
        return "\n".join(lines) + "\n"


@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The metrics, for whoever has the metrics token; without one set, for this machine. Raises Http404 for others."""
    if not _may_read(request):
        raise Http404
    return HttpResponse("".join(map(str, _metrics())), content_type=CONTENT_TYPE)


def _may_read(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        told = request.headers.get("Authorization", "").encode()
        return hmac.compare_digest(told, f"Bearer {settings.METRICS_TOKEN}".encode())
    return is_this_machine(request)


def _metrics() -> Iterator[Metric]:
    refusals = list(_refusals())
    yield Metric(
        "presscheck_uploads_total",
        "counter",
        "Files that were sent, by what came of them.",
        _uploads(sum(value for _, value in refusals)),
    )
    yield Metric("presscheck_refusals_total", "counter", "Refused uploads, by code.", refusals)
    yield Metric("presscheck_drafts", "gauge", "Drafts by state.", _drafts())
    yield Metric("presscheck_jobs", "gauge", "Jobs of the last 30 days by kind and state.", _jobs())
    yield Metric(
        "presscheck_queue_age_seconds",
        "gauge",
        "How long the job that waits longest could have been done.",
        [({}, _queue_age())],
    )
    yield Metric(
        "presscheck_publish_seconds",
        "gauge",
        "Quantiles of how long publishing took, from the decision on; last 24 hours.",
        _publish_seconds(),
    )


def _uploads(refused: float) -> Iterator[tuple[dict[str, str], float]]:
    replaced = File.objects.filter(replaces__isnull=False).distinct().count()
    yield {"outcome": "staged"}, File.objects.count() - replaced
    yield {"outcome": "replaced"}, replaced
    yield {"outcome": "refused"}, refused


def _refusals() -> Iterator[tuple[dict[str, str], float]]:
    for row in Count.objects.filter(name__startswith=COUNTED).order_by("name"):
        yield {"code": row.name.removeprefix(COUNTED)}, row.value


def _drafts() -> Iterator[tuple[dict[str, str], float]]:
    found = dict(Draft.objects.order_by().values_list("state").annotate(Counted("pk")))
    return (({"state": str(state)}, found.get(state, 0)) for state in DraftState)


def _jobs() -> Iterator[tuple[dict[str, str], float]]:
    rows = Job.objects.order_by().values_list("kind", "state").annotate(Counted("pk"))
    found = {(kind, state): count for kind, state, count in rows}
    for kind in Kind:
        for state in JobState:
            yield {"kind": str(kind), "state": str(state)}, found.get((kind, state), 0)


def _queue_age() -> float:
    first = Job.objects.due().order_by("not_before").values_list("not_before", flat=True).first()
    return max(0.0, (timezone.now() - first).total_seconds()) if first else 0.0


def _publish_seconds() -> Iterator[tuple[dict[str, str], float]]:
    recent = Job.objects.filter(
        kind__in=(Kind.PUBLISH, Kind.TRAIN), state=JobState.DONE, ended_at__gt=timezone.now() - _RECENT
    ).values_list("created_at", "ended_at")
    took = sorted((ended - created).total_seconds() for created, ended in recent if ended)
    for quantile in _QUANTILES if took else ():
        yield {"quantile": f"{quantile:g}"}, took[min(len(took) - 1, int(quantile * len(took)))]
