"""Trains and letting CI publish: all drafts show here in one moment, and then each waits for its own CI, whatever another's does."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from drafts.models import Draft, DraftState, Push, Train
from tests import wheels
from tests.conftest import Ci, draft_url, make_ci
from tests.coupled import publish_train, visible
from tests.sent_on import goes_on, loopback_is_allowed
from tests.stored import fetched
from tests.upstreams import Upstream, aimed, hook, upstream

__all__ = ["hook", "loopback_is_allowed"]
pytestmark = [pytest.mark.django_db, pytest.mark.promise, pytest.mark.state]
ALL = {"sampleproject": 2, "companion": 2}
BUILT = {
    "sampleproject": [wheels.wheel(), wheels.sdist()],
    "companion": [
        wheels.wheel(name="companion", version="2.0"),
        wheels.sdist(name="companion", version="2.0"),
    ],
}


@pytest.fixture
def indexes():
    """The upstream indexes by project."""
    with upstream() as first, upstream() as second:
        yield {"sampleproject": first, "companion": second}


@pytest.fixture
def waiting(train, indexes, hook, project, companion, alice, mikes) -> Train:
    """A published train whose two projects each let CI publish, which was asked to."""
    for owned in (project, companion):
        there = indexes[owned.name]
        aimed(there, owned, alice, uploader="ci", hook_url=f"{hook.url}/hook", secret=hook.secret)
    publish_train(mikes, train, "mike")
    assert (train.state, visible()) == ("published", ALL)
    return train


def ci_publishes(there: Upstream, name: str, **changes: bytes) -> None:
    there.files.update({one.filename: one.data for one in BUILT[name]} | changes)


def pushes() -> dict[str, str]:
    return dict(Push.objects.values_list("draft__project__name", "state"))


def page(client: Client, train: Train) -> str:
    return client.get(reverse("train", args=[train.pk])).content.decode()


def taken(ci: Ci, draft: Draft, built: wheels.Built):
    url = f"/upload/{draft.handle}/approved/{built.filename}"
    return Client().get(url, headers={"Authorization": ci.basic})


def test_each_draft_waits_for_its_own_ci_after_all_of_them_show_here(waiting, indexes, hook, mikes):
    """It is true that CI is asked once for each draft, that each ends by itself, and that the page says how each stands."""
    assert len({headers["webhook-id"] for headers, _ in hook.told}) == len(hook.told) == 2
    shown = page(mikes, waiting)
    assert shown.count("approved, waiting for CI: 0 of 2 files") == 2
    assert "Upstream: 0 of 2 drafts done." in shown
    assert "hx-get" in shown
    ci_publishes(indexes["companion"], "companion")
    goes_on()
    assert pushes() == {"sampleproject": "asked", "companion": "done"}
    assert page(mikes, waiting).count("approved, waiting for CI") == 1
    ci_publishes(indexes["sampleproject"], "sampleproject")
    goes_on()
    assert pushes() == {"sampleproject": "done", "companion": "done"}
    assert "Upstream: 2 of 2 drafts done." in page(mikes, waiting)
    for draft in waiting.drafts.all():
        events = AuditEvent.objects.filter(on_kind="draft", on_id=str(draft.pk)).order_by("seq")
        wanted = ["draft:published", "upstream:ci-asked", *["upstream:confirmed"] * 2, "upstream:done"]
        assert [row.event for row in events if row.event in wanted] == wanted


def test_jobs_take_the_reviewed_bytes_of_their_own_draft_while_it_waits(waiting, indexes, draft, companion):
    """It is true that they do until the delivery ends, and that another project's credential takes nothing."""
    own, other, built = make_ci(draft.project), make_ci(companion), BUILT["sampleproject"][0]
    assert fetched(taken(own, draft, built)) == built.data
    assert taken(other, draft, built).status_code == 404
    ci_publishes(indexes["sampleproject"], "sampleproject")
    goes_on()
    assert taken(own, draft, built).status_code == 404


def _wrong_bytes(there: Upstream) -> None:
    ci_publishes(there, "sampleproject", **{BUILT["sampleproject"][1].filename: b"built again"})


def _a_smuggled_file(there: Upstream) -> None:
    ci_publishes(there, "sampleproject", **{"sampleproject-1.0-cp312-cp312-win_amd64.whl": b"smuggled"})


def _a_day_of_nothing(there: Upstream) -> None:
    Push.objects.filter(draft__project__name="sampleproject").update(
        begun_at=timezone.now() - timedelta(hours=25)
    )


def _taken_back_here(there: Upstream) -> None:
    Draft.objects.get(project__name="sampleproject").files.update(yanked="a mistake")


STOPS = {
    "wrong bytes": (_wrong_bytes, "shows other bytes than were reviewed", True),
    "a smuggled file": (_a_smuggled_file, "nobody reviewed it here", True),
    "a day of nothing": (_a_day_of_nothing, "did not appear", False),
    "yanked here": (_taken_back_here, "nothing more of it is sent", False),
}


@pytest.mark.parametrize(("happens", "words", "alarm"), STOPS.values(), ids=STOPS.keys())
def test_one_that_stops_leaves_the_others_and_is_told(waiting, indexes, draft, mikes, happens, words, alarm):
    """It is true that nothing shown here is taken back, that its jobs take nothing more, and that only an alarm is red."""
    happens(indexes["sampleproject"])
    ci_publishes(indexes["companion"], "companion")
    goes_on()
    assert pushes() == {"sampleproject": "stopped", "companion": "done"}
    push = Push.objects.get(draft=draft)
    assert (words in push.words, push.alarm, visible()) == (True, alarm, ALL)
    draft.refresh_from_db()
    assert draft.state == DraftState.PUBLISHED
    assert taken(make_ci(draft.project), draft, BUILT["sampleproject"][0]).status_code == 404
    shown = page(mikes, waiting)
    assert "Upstream: 1 of 2 drafts done, 1 stopped and waits for a person." in shown
    assert ("does not show what was reviewed" in shown) == alarm
    assert ('data-level="stop"' in shown) == alarm
    assert words in mikes.get(draft_url(draft)).content.decode()


def test_ci_that_did_nothing_for_a_day_is_asked_again_by_the_same_name(waiting, indexes, hook, draft, mikes):
    _a_day_of_nothing(indexes["sampleproject"])
    goes_on()
    asked = len(hook.told)
    assert mikes.post(draft_url(draft, "upstream-resume")).status_code == 302
    goes_on()
    ids = [headers["webhook-id"] for headers, _ in hook.told]
    assert (len(ids), len(set(ids))) == (asked + 1, 2)
    ci_publishes(indexes["sampleproject"], "sampleproject")
    goes_on()
    assert pushes()["sampleproject"] == "done"


def test_ci_that_cannot_be_asked_takes_nothing_back(train, indexes, hook, project, alice, mikes):
    """It is true that a webhook which is refused is tried again, for longer than a draft that does not show here would be."""
    aimed(
        indexes["sampleproject"],
        project,
        alice,
        uploader="ci",
        hook_url=f"{hook.url}/hook",
        secret=hook.secret,
    )
    hook.take.status = 500
    publish_train(mikes, train, "mike")
    Push.objects.update(tries=9)
    goes_on()
    assert (pushes(), visible()) == ({"sampleproject": "waiting"}, ALL)
    assert "answered 500" in Push.objects.get().words
    hook.take.status = 204
    goes_on()
    assert pushes() == {"sampleproject": "asked"}
