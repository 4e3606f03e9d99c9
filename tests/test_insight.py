"""How long releases stay open: figures on a data set whose answers are known, in few queries, and as CSV."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from bench.insight import Made, make
from drafts.access.readers import EVERYBODY, Reader
from drafts.models import File, Project, Release
from drafts.review import lags
from drafts.review.lagchart import chart

pytestmark = [pytest.mark.django_db, pytest.mark.state]
HOUR = 1 / 24
# Of each release: when its first file came, and how many days after it the others did.
KNOWN = [
    Made("one", "1.0", datetime(2024, 12, 31, 23, 30, tzinfo=UTC), [0, HOUR]),
    Made("one", "1.1", datetime(2025, 1, 1, 0, 30, tzinfo=UTC), [0, 1]),
    Made("one", "1.2", datetime(2025, 6, 1, tzinfo=UTC), [0, 1 + HOUR, 2.5]),
    Made("two", "1.0", datetime(2025, 7, 1, tzinfo=UTC), [0, 13.99]),
    Made("two", "2.0", datetime(2025, 8, 1, tzinfo=UTC), [0, 0, 14]),
    Made("two", "3.0", datetime(2026, 1, 1, tzinfo=UTC), [0, 6, 200]),
]


@pytest.fixture
def known(db):
    """The data set whose answers are known."""
    make(KNOWN)


def test_releases_are_counted_by_the_year_of_their_first_file(known):
    """It is true that at least N days means N times 24 hours, and years are those of UTC."""
    assert [(row.year, row.releases, row.later) for row in lags.by_year(EVERYBODY)] == [
        (2024, 1, (0, 0, 0, 0, 0)),
        (2025, 4, (4, 3, 2, 2, 1)),
        (2026, 1, (1, 1, 1, 1, 1)),
    ]


def test_the_largest_lags_come_first(known):
    found = [(lag.project, lag.version, lag.days) for lag in lags.largest(EVERYBODY)]
    assert found == [
        ("two", "3.0", 200),
        ("two", "2.0", 14),
        ("two", "1.0", 13),
        ("one", "1.2", 2),
        ("one", "1.1", 1),
    ]


WINDOWS = {14: (2, 2, 1), 7: (3, 3, 1), 1: (6, 4, 2), 201: (0, 0, 0)}


@pytest.mark.parametrize(("days", "refused"), WINDOWS.items())
def test_what_a_window_would_have_refused(known, days, refused):
    """It is true that files and releases are counted, and that the file which made the release is never refused."""
    found = lags.refused(EVERYBODY, days, of_releases=6)
    assert (found.files, found.releases, found.projects) == refused
    assert found.of_files == 15


def test_the_page_and_the_files_say_the_same(known):
    page = Client().get("/insight/?days=7").content.decode()
    assert "3 of 15 files</strong>, in 3 of 6 releases" in page
    assert page.count('<rect class="bar"') == 15
    years = Client().get("/insight/years.csv").getvalue().decode().splitlines()
    assert (
        years[0]
        == "year,releases,files_after_1_days,files_after_2_days,files_after_3_days,files_after_7_days,files_after_14_days"
    )
    assert years[2] == "2025,4,4,3,2,2,1"
    late = Client().get("/insight/late.csv").getvalue().decode().splitlines()
    assert len(late) == 1 + File.objects.filter(late_seconds__isnull=False).count()
    assert late[1].startswith("two,3.0,two-3.0-")
    assert late[1].endswith(",200,other")


def test_what_is_held_back_or_of_the_sandbox_counts_nowhere(known):
    """It is true of a release, of a project, and of one that is both, which is left out once."""
    Release.objects.filter(version="1.1").update(quarantined_at=timezone.now(), quarantine_reason="x")
    assert [(row.year, row.releases) for row in lags.by_year(EVERYBODY)] == [(2024, 1), (2025, 3), (2026, 1)]
    assert lags.refused(EVERYBODY, 1, of_releases=5).of_files == 13
    Project.objects.filter(name="one").update(quarantined_at=timezone.now(), quarantine_reason="x")
    assert [(row.year, row.releases) for row in lags.by_year(EVERYBODY)] == [(2025, 2), (2026, 1)]
    assert lags.refused(EVERYBODY, 1, of_releases=3).of_files == 8
    two = Project.objects.get(name="two")
    assert [row.releases for row in lags.by_year(Reader(projects=frozenset({two.pk})))] == [2, 1]
    assert lags.by_year(Reader()) == []


@pytest.mark.parametrize("days", ["", "0", "-3", "x", "٣", "99999999999", "1e3"])
def test_days_that_are_none_are_the_usual_window(known, days):
    page = Client().get("/insight/", {"days": days})
    assert (page.status_code, 'value="14"' in page.content.decode()) == (200, True)


def test_an_empty_index_has_no_picture(db):
    page = Client().get("/insight/").content.decode()
    assert "Nothing is published yet." in page
    assert "<svg viewBox" not in page
    assert chart([]) is None


def test_many_files_take_no_more_queries_and_no_walk_over_all_files(known):
    """It is true that late files are found through their index, whatever else there is."""
    start = datetime(2025, 1, 1, tzinfo=UTC)
    with CaptureQueriesContext(connection) as few:
        Client().get("/insight/")
    make(
        Made("many", f"1.{number}", start + timedelta(days=number), [0] * 4 + [2] * (number % 50 == 0))
        for number in range(500)
    )
    with CaptureQueriesContext(connection) as many:
        Client().get("/insight/")
    assert len(many) == len(few) <= 8
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if connection.vendor == "postgresql":  # which reads a table of this size whole, rightly
            cursor.execute("SET LOCAL enable_seqscan = off")
    late = File.objects.filter(late_seconds__isnull=False).order_by("-late_seconds")[:50]
    assert "late_files_by_lag" in late.explain()
    open_ones = Release.objects.filter(open_seconds__gt=0).order_by("-open_seconds")[:50]
    assert "releases_by_how_long_open" in open_ones.explain()
