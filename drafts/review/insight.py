"""Open releases: how long releases on this index go on taking files, and what a window would have refused."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from drafts.access.readers import Reader
from drafts.index.private import for_readers
from drafts.review import lagchart, lags
from drafts.review.lagchart import Chart
from drafts.review.lags import Lag, LateFile, Refused, YearRow

_USUAL_DAYS = 14
_MOST_DAYS = 3650
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")  # spreadsheets take what begins so for a formula


@dataclass(frozen=True, slots=True)
class InsightPage:
    """Everything the page shows."""

    days: tuple[int, ...]
    years: tuple[YearRow, ...]
    chart: Chart | None
    largest: tuple[Lag, ...]
    newest: tuple[LateFile, ...]
    kinds: tuple[tuple[str, int], ...]
    refused: Refused


@require_safe
@for_readers
def insight(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Show the figures; ``?days=`` chooses the window that is tried out."""
    years = tuple(lags.by_year(reader))
    page = InsightPage(
        days=lags.DAYS,
        years=years,
        chart=lagchart.chart(years),
        largest=tuple(lags.largest(reader)),
        newest=tuple(lags.newest(reader)),
        kinds=tuple(lags.kinds(reader)),
        refused=lags.refused(
            reader, _days(request.GET.get("days", "")), of_releases=sum(row.releases for row in years)
        ),
    )
    answer = render(request, "review/insight.html", {"p": page})
    patch_vary_headers(answer, ["Cookie"])
    answer.headers.setdefault("Cache-Control", "private, no-cache")
    return answer


def _days(text: str) -> int:
    """Return the days that were asked for; what is no number from 1 on is the usual window."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(_MOST_DAYS))):
        return _USUAL_DAYS
    return min(int(text), _MOST_DAYS) or _USUAL_DAYS


@require_safe
@for_readers
def years(request: HttpRequest, reader: Reader) -> HttpResponseBase:
    """Send the years as CSV."""
    del request
    head = ["year", "releases", *(f"files_after_{days}_days" for days in lags.DAYS)]
    return _csv("years.csv", head, ([row.year, row.releases, *row.later] for row in lags.by_year(reader)))


@require_safe
@for_readers
def late(request: HttpRequest, reader: Reader) -> HttpResponseBase:
    """Send all late files as CSV, a row at a time."""
    del request
    head = ["project", "version", "filename", "published", "days_after_first_file", "kind"]
    rows = (
        [row.project, row.version, row.filename, row.published_at.isoformat(), row.days, row.kind]
        for row in lags.every(reader)
    )
    return _csv("late.csv", head, rows)


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, value: str) -> str:
        return value


def _csv(filename: str, head: list[str], rows: Iterable[list[object]]) -> StreamingHttpResponse:
    writer = csv.writer(_Echo())

    def lines() -> Iterator[str]:
        yield writer.writerow(head)
        for row in rows:
            yield writer.writerow([_plain(value) for value in row])

    answer = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{filename}"'
    answer.headers.setdefault("Cache-Control", "private, no-cache")
    return answer


def _plain(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_DANGEROUS) else value
