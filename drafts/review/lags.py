"""How long releases stay open on this index, in figures: counted by the database, for what a reader may see."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Count, Func, IntegerField, Model, Q, QuerySet, Subquery, Value
from django.db.models.sql.compiler import SQLCompiler

from drafts.access.readers import Reader
from drafts.models import File, Project, Release, Space

if TYPE_CHECKING:
    from django.db.models.sql.compiler import _AsSqlType

M = TypeVar("M", bound=Model)
DAYS = (1, 2, 3, 7, 14)
DAY = 86400
_LISTED = 20
_GREW = Q(
    open_seconds__gt=0, open_seconds__gte=DAY
)  # the first in the words of an index, which SQLite looks for


class Year(Func):
    """The year of a moment, in UTC, by the database's own means: a call into Python for each row would take seconds."""

    output_field = IntegerField()

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> "_AsSqlType":
        """Take it from the text that SQLite keeps."""
        return self.as_sql(
            compiler, connection, template="CAST(SUBSTR(%(expressions)s, 1, 4) AS INTEGER)", **context
        )

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> "_AsSqlType":
        """Extract it, whatever time zone the connection has."""
        template = "CAST(EXTRACT(YEAR FROM %(expressions)s AT TIME ZONE 'UTC') AS INTEGER)"
        return self.as_sql(compiler, connection, template=template, **context)


@dataclass(frozen=True, slots=True)
class YearRow:
    """Releases whose first file came in a year; ``later``: how many got files so many days after it, by ``DAYS``."""

    year: int
    releases: int
    later: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Lag:
    """A release that took files for long."""

    project: str
    version: str
    published_at: datetime
    days: int


@dataclass(frozen=True, slots=True)
class LateFile:
    """A file that came more than a day after the first of its release."""

    filename: str
    project: str
    version: str
    published_at: datetime
    seconds: int
    kind: str

    @property
    def days(self) -> int:
        return self.seconds // DAY


@dataclass(frozen=True, slots=True)
class Refused:
    """What a window of so many days after the first file would have refused."""

    days: int
    files: int
    of_files: int
    releases: int
    of_releases: int
    projects: int


def _hidden() -> QuerySet[Project]:
    """Return the few projects that do not count: in quarantine, or of the sandbox, which is for learning."""
    return Project.objects.filter(Q(quarantined_at__isnull=False) | ~Q(space=Space.INDEX))


def _releases(reader: Reader) -> QuerySet[Release]:
    # A join would look each release's project up: the few that do not count are left out instead.
    offered = Release.objects.filter(quarantined_at=None).exclude(project__in=_hidden())
    return reader.of(offered, "project")


def by_year(reader: Reader) -> list[YearRow]:
    """Count releases, and those with files so many days after the first, by the year of the first."""
    counts = {f"later_{days}": Count("pk", filter=Q(open_seconds__gte=days * DAY)) for days in DAYS}
    # Few releases grow, and an index knows them: the counts are asked of those alone.
    rows = _releases(reader).filter(_GREW).annotate(year=Year("published_at")).values("year")
    grew = {row["year"]: row for row in rows.annotate(**counts)}
    return [
        YearRow(year, total, tuple(grew[year][name] if year in grew else 0 for name in counts))
        for year, total in sorted(_totals(reader).items())
        if total
    ]


def _totals(reader: Reader) -> dict[int, int]:
    """Count releases by year: between two moments in an index, less the few that do not count.

    To group them by year every one of them would be looked at; that was half of the page.
    """
    offered = reader.of(Release.objects.filter(quarantined_at=None), "project").order_by()
    newest = offered.order_by("-published_at").values("published_at")[:1]
    ends = offered.order_by("published_at").values_list("published_at", Subquery(newest)).first()
    if ends is None:
        return {}
    first, last = (moment.astimezone(UTC).year for moment in ends)
    years = (_counted(offered.filter(_within(year)), Value(year)) for year in range(first, last + 1))
    hidden = _counted(offered.filter(project__in=_hidden()), Year("published_at"), times=-1)
    totals: Counter[int] = Counter()
    for row in hidden.union(*years, all=True):
        totals[row["what"]] += row["total"]
    return dict(totals)


def _within(year: int) -> Q:
    ends = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    return Q(published_at__gte=ends[0], published_at__lt=ends[1])


def _counted(rows: QuerySet[M], what: Value | Func, *, times: int = 1) -> QuerySet[M, dict[str, int]]:
    """Count rows by something, as one part of a question that has several."""
    total = Count("*") * times if times != 1 else Count("*")
    counted: QuerySet[M, dict[str, int]] = rows.values(what=what).annotate(total=total)
    return counted


def largest(reader: Reader) -> list[Lag]:
    """Return the releases that took files for longest, the longest first."""
    rows = _releases(reader).filter(_GREW).select_related("project")
    return [
        Lag(row.project.name, row.version, row.published_at, row.open_seconds // DAY)
        for row in rows.order_by("-open_seconds")[:_LISTED]
    ]


def _late(reader: Reader) -> QuerySet[File]:
    offered = File.objects.offered().filter(release__project__space=Space.INDEX)
    return reader.of(offered, "release__project").filter(late_seconds__isnull=False)


def _files_in_all(reader: Reader) -> int:
    """Count all files, less those of the few releases that do not count: each file's release need not be looked up."""
    released = reader.of(File.objects.published(), "release__project").order_by()
    held = Release.objects.filter(quarantined_at__isnull=False)
    others = Release.objects.filter(quarantined_at=None, project__in=_hidden())
    hidden = (_counted(released.filter(release__in=some), Value(0), times=-1) for some in (held, others))
    return sum(row["total"] for row in _counted(released, Value(0)).union(*hidden, all=True))


def kinds(reader: Reader) -> list[tuple[str, int]]:
    """Count late files by their kind, the most frequent first."""
    rows = _late(reader).values("late_kind").annotate(count=Count("pk")).order_by("-count", "late_kind")
    return [(row["late_kind"], row["count"]) for row in rows]


def newest(reader: Reader) -> list[LateFile]:
    """Return the files that came late most recently."""
    return list(_files(_late(reader).order_by("-published_at", "filename"), _LISTED))


def every(reader: Reader) -> Iterator[LateFile]:
    """Yield all late files, those that came latest after their release first."""
    yield from _files(_late(reader).order_by("-late_seconds", "filename"))


def _files(rows: QuerySet[File], most: int | None = None) -> Iterator[LateFile]:
    fields = (
        "filename",
        "release__project__name",
        "release__version",
        "published_at",
        "late_seconds",
        "late_kind",
    )
    for row in rows.values_list(*fields)[:most].iterator(chunk_size=2000):
        yield LateFile(*row)


def refused(reader: Reader, days: int, *, of_releases: int) -> Refused:
    """Say what a window of so many days after the first file would have refused until today, of all that there is."""
    late = _late(reader).filter(late_seconds__gte=days * DAY)
    found = late.aggregate(
        files=Count("pk"),
        releases=Count("release", distinct=True),
        projects=Count("release__project", distinct=True),
    )
    return Refused(
        days=days,
        files=found["files"],
        of_files=_files_in_all(reader),
        releases=found["releases"],
        of_releases=of_releases,
        projects=found["projects"],
    )
