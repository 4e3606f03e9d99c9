"""Until when a release takes more files: the rule alone, as tables and as properties."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from drafts.dist.late import LateKind, late_kind
from drafts.dist.windows import (
    TRIAL,
    Enforced,
    Life,
    Rule,
    Series,
    State,
    Window,
    WindowMode,
    newer_stable,
)

FIRST = datetime(2026, 3, 12, 9, tzinfo=UTC)
LONG_AGO = FIRST - timedelta(days=365)


def day(number: float) -> datetime:
    return FIRST + timedelta(days=number)


NEWER = {("N.N",): day(5)}
CLOSES = {
    "closed at publish": (Rule(Window.NONE), Life(FIRST, day(3)), FIRST),
    "for ever": (Rule(Window.EVER), Life(FIRST, day(3), NEWER), None),
    "the default: 14 days after the first": (Rule(), Life(FIRST, day(3)), day(14)),
    "days after the last": (Rule(first_days=0, last_days=7), Life(FIRST, day(3)), day(10)),
    "both, the first counts": (Rule(first_days=14, last_days=7), Life(FIRST, day(3)), day(10)),
    "both, the last counts": (Rule(first_days=14, last_days=7), Life(FIRST, day(13)), day(14)),
    "a newer one of the series": (Rule(first_days=0, newer=True), Life(FIRST, FIRST, NEWER), day(5)),
    "no newer one yet": (Rule(first_days=0, newer=True), Life(FIRST, FIRST), None),
    "a newer one of another kind of series": (
        Rule(first_days=0, newer=True, series=Series.MAJOR),
        Life(FIRST, FIRST, NEWER),
        None,
    ),
    "a newer one that came before": (
        Rule(first_days=0, newer=True),
        Life(FIRST, FIRST, {("N.N",): day(-9)}),
        FIRST,
    ),
    "newer or days, whichever is first": (Rule(first_days=3, newer=True), Life(FIRST, FIRST, NEWER), day(3)),
}


@pytest.mark.parametrize(("rule", "life", "closes"), CLOSES.values(), ids=CLOSES.keys())
def test_a_rule_closes_a_release(rule, life, closes):
    assert rule.closes(life) == closes


TELL = Rule(mode=WindowMode.TELL)
SHORT = Rule(first_days=2)
STANDINGS = {
    "open": (Rule(), LONG_AGO, None, Life(FIRST, FIRST), day(13), State.OPEN, day(14)),
    "closed to the second": (Rule(), LONG_AGO, None, Life(FIRST, FIRST), day(14), State.CLOSED, None),
    "a rule that tells": (TELL, LONG_AGO, None, Life(FIRST, FIRST), day(99), State.TELLING, None),
    "a new rule tells": (Rule(), FIRST, None, Life(FIRST, FIRST), day(20), State.TELLING, day(30)),
    "a new rule refuses after 30 days": (
        Rule(),
        FIRST,
        None,
        Life(FIRST, FIRST),
        day(30),
        State.CLOSED,
        None,
    ),
    "the rule before goes on refusing": (
        SHORT,
        FIRST,
        Rule(first_days=4),
        Life(FIRST, FIRST),
        day(4),
        State.CLOSED,
        None,
    ),
    "where it would not refuse, the new one tells": (
        SHORT,
        FIRST,
        Rule(first_days=4),
        Life(FIRST, FIRST),
        day(3),
        State.TELLING,
        day(4),
    ),
    "a rule before that told refuses nothing": (
        SHORT,
        FIRST,
        TELL,
        Life(FIRST, FIRST),
        day(20),
        State.TELLING,
        day(30),
    ),
    "closed by a person": (
        Rule(Window.EVER),
        LONG_AGO,
        None,
        Life(FIRST, FIRST, {}, day(1)),
        day(2),
        State.CLOSED,
        None,
    ),
    "reopened": (
        Rule(),
        LONG_AGO,
        None,
        Life(FIRST, FIRST, {}, day(1), day(60)),
        day(59),
        State.OPEN,
        day(60),
    ),
    "reopened, and over": (
        Rule(),
        LONG_AGO,
        None,
        Life(FIRST, FIRST, {}, None, day(60)),
        day(60),
        State.CLOSED,
        None,
    ),
}


@pytest.mark.parametrize(
    ("rule", "since", "before", "life", "now", "state", "until"), STANDINGS.values(), ids=STANDINGS.keys()
)
def test_a_release_stands(rule, since, before, life, now, state, until):
    found = Enforced(rule, since, before).standing(life, now)
    assert (found.state, found.until) == (state, until)


def test_a_release_that_was_reopened_is_closed_since_then():
    """It is true that the date on the page is the last one from which on nothing was taken."""
    reopened = Life(FIRST, FIRST, {}, day(1), day(60))
    assert Enforced(Rule(), LONG_AGO).standing(reopened, day(70)).since == day(60)


DAYS = st.integers(min_value=0, max_value=60)
RULES = st.builds(
    Rule,
    st.sampled_from(Window),
    DAYS,
    DAYS,
    st.booleans(),
    st.just(Series.MINOR),
    st.sampled_from(WindowMode),
)
LIVES = st.builds(
    lambda last, newer, closed, again: Life(
        FIRST,
        day(last),
        {("N.N",): day(newer)} if newer else {},
        day(closed) if closed else None,
        day(again) if again else None,
    ),
    DAYS,
    DAYS,
    DAYS,
    DAYS,
)
ENFORCED = st.builds(Enforced, RULES, DAYS.map(lambda number: day(number - 40)), st.none() | RULES)


@given(ENFORCED, LIVES, st.integers(0, 200))
def test_nothing_changes_before_the_moment_that_is_told(enforced, life, hours):
    """It is true that a page which is kept until then is right until then."""
    now = day(hours / 2)
    found = enforced.standing(life, now)
    assert found.until is None or found.until > now
    later = found.until - timedelta(microseconds=1) if found.until else day(4000)
    assert enforced.standing(life, later).state == found.state


@given(ENFORCED, LIVES, st.integers(0, 200))
def test_a_new_rule_refuses_nothing_new_for_30_days(enforced, life, hours):
    """It is true that in its trial only people, or the rule before, close a release."""
    now = day(hours / 2)
    found = enforced.standing(life, now)
    if found.is_closed and not found.by_person and now < enforced.since + TRIAL:
        assert enforced.before is not None
        assert enforced.before.mode == WindowMode.REFUSE
        assert Enforced(enforced.before, LONG_AGO).standing(life, now).is_closed


@given(RULES, LIVES, st.integers(1, 60))
def test_another_limit_never_opens(rule, life, days):
    """It is true that limits only narrow: with one more, a release closes as early or earlier."""
    closes = rule.closes(life)
    narrower = Rule(rule.window, rule.first_days, days, True, rule.series, rule.mode).closes(life)
    if rule.last_days == 0 and closes is not None:
        assert narrower is not None
        assert narrower <= closes


RELEASES = ["1.0", "1.0.1", "1.0.2rc1", "1.1", "1.0+cu121", "1!1.0.5", "2.0"]


def newer(series: Series) -> dict[str, float | None]:
    rows = [(Version(text), day(number)) for number, text in enumerate(RELEASES)]
    found = newer_stable(rows, Rule(series=series).series_lines)
    return {text: (at - FIRST).days if at else None for text, at in zip(RELEASES, found, strict=True) if at}


@pytest.mark.parametrize(
    ("series", "closed_by"),
    [
        (Series.MINOR, {"1.0": 1, "1.0+cu121": 1}),
        (Series.MAJOR, {"1.0": 1, "1.0+cu121": 1, "1.0.1": 3, "1.0.2rc1": 3}),
        (Series.MICRO, {}),
        (Series.ALL, {"1.0": 1, "1.0+cu121": 1, "1.0.1": 3, "1.0.2rc1": 3, "1.1": 6}),
    ],
)
def test_a_newer_stable_release_of_the_series(series, closed_by):
    """It is true that pre-releases, other epochs and local versions of the same one do not count."""
    assert newer(series) == closed_by


def test_what_a_pre_release_is_closed_by():
    rows = [(Version("1.0rc1"), day(0)), (Version("1.0"), day(4)), (Version("1.0.post1"), day(6))]
    assert newer_stable(rows, ("N.N",)) == [day(4), day(6), None]


LINUX, MAC = "p-1-cp312-cp312-manylinux_2_28_x86_64.whl", "p-1-cp312-cp312-macosx_11_0_arm64.whl"
KINDS = {
    "the first wheels": (LINUX, ["p-1.tar.gz"], LateKind.FIRST_WHEELS),
    "another platform": (MAC, [LINUX], LateKind.NEW_TARGET),
    "another Python": (LINUX.replace("312", "313"), [LINUX], LateKind.NEW_TARGET),
    "one platform more in a set": (
        LINUX.replace("2_28", "2_28_x86_64.musllinux_1_2"),
        [LINUX],
        LateKind.NEW_TARGET,
    ),
    "the same with a build number": (LINUX.replace("p-1-", "p-1-2-"), [LINUX], LateKind.REBUILD),
    "the same without one": (LINUX, [LINUX.replace("p-1-", "p-1-2-")], LateKind.OTHER),
    "an sdist": ("p-1.tar.gz", [LINUX], LateKind.OTHER),
    "an old format": ("p-1.egg", [LINUX], LateKind.OTHER),
    "beside an old format": (LINUX, ["p-1.egg"], LateKind.FIRST_WHEELS),
}


@pytest.mark.parametrize(("filename", "before", "kind"), KINDS.values(), ids=KINDS.keys())
def test_the_kind_of_a_late_file(filename, before, kind):
    assert late_kind(filename, before) == kind
