"""What a series of releases is: the lines a project writes, what they close, and what the settings page says of them."""

from dataclasses import asdict
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from drafts.access.policy import LOOSER, Policy
from drafts.dist import series
from drafts.dist.windows import Rule, Series
from drafts.index import windows
from drafts.models import Project, Release
from tests.conftest import totp_code

PAGE = "/projects/sampleproject/settings/"
SAME = {
    "the default": ("N.N", "1.4.2", "1.4.3", True),
    "another minor": ("N.N", "1.4.2", "1.5.0", False),
    "numbers that are not written are 0": ("N.N.N", "1.4", "1.4.0.9", True),
    "a line of its own": ("4.2\n*", "4.2.16", "5.0", False),
    "two of one line": ("4.2\n*", "4.2.16", "4.2.17", True),
    "all the others": ("4.2\n*", "3.2", "5.0", True),
    "the first line that fits counts": ("*\n4.2", "4.2.16", "5.0", True),
    "what no line fits is one series": ("4.2\n5.2", "1.0", "6.0", True),
    "and none of those that fit": ("4.2\n5.2", "5.2.1", "6.0", False),
    "any number between": ("N.*.N", "1.2.3", "1.9.3", True),
    "any number between, another after": ("N.*.N", "1.2.3", "1.9.4", False),
    "another epoch": ("*", "1.0", "1!1.0", False),
    "a number is no beginning of a number": ("4", "4.1", "42.1", False),
    "small letters": ("n", "1.0", "1.9", True),
}


@pytest.mark.parametrize(("lines", "one", "other", "same"), SAME.values(), ids=SAME.keys())
def test_two_versions_are_one_series_or_not(lines, one, other, same):
    kept = series.read(lines)
    found = series.series_of(Version(one), kept) == series.series_of(Version(other), kept)
    assert found is same


BAD = {
    "a word": ("stable", "“STABLE” is no part of a version"),
    "a regular expression": (r"(\d+)\.(\d+)", "is no part of a version"),
    "nothing between dots": ("1..2", "“” is no part of a version"),
    "a number that goes on": ("1.2x", "“2X” is no part of a version"),
    "other digits": ("١", "is no part of a version"),
    "zeros before": ("04.2", "“04” is no part of a version"),
    "too long a number": ("12345678901", "is no part of a version"),
    "too many parts": ("1.2.3.4.5.6.7", "has 7 parts; 6 are the most"),
    "too many lines": ("\n".join(map(str, range(21))), "There are 21 lines of series; 20 are the most."),
}


@pytest.mark.parametrize(("text", "words"), BAD.values(), ids=BAD.keys())
def test_lines_that_say_no_series_are_refused_in_words(text, words):
    with pytest.raises(series.BadLine) as error:
        series.read(text)
    assert words in str(error.value)


@given(
    st.text(alphabet="0123456789N*.\n (+", max_size=80), st.lists(st.integers(0, 9), min_size=1, max_size=8)
)
def test_what_is_read_is_read_again_and_sorts_every_version(text, numbers):
    """It is true that lines are kept as they are read, and that no version is without a series."""
    try:
        kept = series.read(text)
    except series.BadLine:
        return
    assert series.read("\n".join(kept)) == kept
    assert series.series_of(Version(".".join(map(str, numbers))), kept)[0] == 0


LOOSENED = [
    (Series.MINOR, Series.LINES, True),
    (Series.LINES, Series.MAJOR, True),
    (Series.LINES, Series.ALL, False),
    (Series.LINES, Series.LINES, False),
    (Series.MINOR, Series.MAJOR, False),
    (Series.MAJOR, Series.MINOR, True),
]


@pytest.mark.parametrize(("before", "after", "looser"), LOOSENED)
def test_another_series_may_ask_less(before, after, looser):
    assert LOOSER["window_series"](before, after) is looser


@pytest.fixture
def owner(project, alice) -> Client:
    """A browser in which the owner is signed in."""
    browser = Client()
    browser.force_login(alice)
    return browser


def publish(project, **ages: int) -> None:
    """Releases as they stand in the table: 4_2_16=9 was published nine days ago."""
    for text, days in ages.items():
        version = text.removeprefix("v").replace("_", ".")
        at = timezone.now() - timedelta(days=days)
        Release.objects.create(project=project, version=version, version_key=version, published_at=at)


def by_lines(project, *lines: str) -> None:
    Project.objects.update(
        window_first_days=0,
        window_newer=True,
        window_series="lines",
        window_series_lines=list(lines),
        window_since=timezone.now() - timedelta(days=60),
    )
    project.refresh_from_db()


def closed(project) -> set[str]:
    standings = windows.of_project(project).standings
    return {row.version for row in Release.objects.all() if standings[row.pk].is_closed}


@pytest.mark.django_db
@pytest.mark.state
def test_a_long_lived_line_stays_open_while_others_close(project):
    publish(project, v4_2_15=50, v4_2_16=40, v5_0=30, v5_1=20)
    by_lines(project, "4.2", "*")
    assert closed(project) == {"4.2.15", "5.0"}
    by_lines(project, "N")
    assert closed(project) == {"4.2.15", "5.0"}
    by_lines(project, "*")
    assert closed(project) == {"4.2.15", "4.2.16", "5.0"}


@pytest.mark.django_db
@pytest.mark.state
@pytest.mark.parametrize("lines", [("*",), ()])
def test_a_rule_that_was_before_goes_on_by_its_own_series(project, lines):
    """It is true that a rule which is kept as JSON closes by newer releases of its series as it did."""
    publish(project, v4_2=50, v5_0=40)
    before = Rule(first_days=0, newer=True, series=Series.LINES if lines else Series.ALL, lines=lines)
    Project.objects.update(window="ever", window_before=asdict(before))
    project.refresh_from_db()
    assert asdict(project.enforced_window.before) == asdict(before)
    Project.objects.update(window="limits", window_first_days=300)
    project.refresh_from_db()
    assert closed(project) == set()
    Project.objects.update(window_first_days=1, window_since=timezone.now())
    project.refresh_from_db()
    assert closed(project) == {"4.2"}


def form(**changes) -> dict[str, str]:
    return {"seen": Policy().spelled, "code": totp_code("alice"), **changes}


@pytest.mark.django_db
def test_an_owner_writes_the_lines_and_they_wait(owner):
    """It is true that lines may ask less: they take effect as what is loosened does, and are kept as they are read."""
    said = owner.post(PAGE, form(window_series="lines", window_series_lines=" 4.2 \r\n\r\nn.n"), follow=True)
    assert "What asks less waits until" in said.content.decode()
    page = owner.get(PAGE).content.decode()
    assert "a series of releases: minor → lines" in page
    assert "lines that say what a series is: none → 4.2, N.N" in page
    assert Policy.of(Project.objects.get()) == Policy()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"window_series": "lines"}, "Write a series on each line, such as N.N."),
        ({"window_series": "lines", "window_series_lines": "<b>.x"}, "“&lt;B&gt;” is no part of a version"),
        ({"window_series": "lines", "window_series_lines": "1." * 1001}, "more than 2000 characters"),
    ],
)
def test_bad_lines_change_nothing(owner, changes, words):
    answer = owner.post(PAGE, form(**changes))
    assert (answer.status_code, words in answer.content.decode()) == (400, True)
    assert Policy.of(Project.objects.get()) == Policy()


def shown(page: str) -> list[str]:
    """The series that the page lists."""
    parts = page.split("<li data-series>")[1:]
    return [" ".join(part.partition("</li>")[0].split()) for part in parts]


@pytest.mark.django_db
def test_the_page_shows_the_series_before_anything_changes(owner, project):
    """It is true that the preview sorts the project's own releases, costs no code and changes nothing."""
    example = owner.get(PAGE).content.decode()
    assert "For example" in example
    assert [row.partition(" <")[0] for row in shown(example)] == ["2.0.0", "1.5.0", "1.4.3, 1.4.2"]
    publish(project, v4_2_15=50, v4_2_16=40, v5_0=30, v5_1=20)
    answer = owner.post(
        PAGE, {"preview": "series", "window_series": "lines", "window_series_lines": "4.2\n*"}
    )
    page = answer.content.decode()
    assert (answer.status_code, [row.partition(" <")[0] for row in shown(page)]) == (
        200,
        ["5.1, 5.0", "4.2.16, 4.2.15"],
    )
    assert Policy.of(Project.objects.get()) == Policy()
