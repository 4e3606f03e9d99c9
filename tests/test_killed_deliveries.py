"""Promise 9, with real processes: SIGKILL at every effect of bringing the drafts of a train upstream, by Presscheck and by CI."""

import hashlib

import pytest
from django.core.management import call_command

from accounts.models import AuditEvent
from drafts.models import File, Job, Kind, Push, PushedFile, Train
from tests import wheels
from tests.conftest import sign_in
from tests.coupled import press_train, visible
from tests.inspected import inspect_now
from tests.killed import apart, killer, seen, taken_over
from tests.killing import Killer, Order
from tests.test_killed_processes import _loopback_is_allowed
from tests.upstreams import Upstream, aimed, hook, upstream

__all__ = ["_loopback_is_allowed", "hook", "killer"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise, pytest.mark.timeout(480)]
ALL = {"sampleproject": 2, "companion": 2}
DELIVERING = Order("jobs", kinds=(Kind.PUBLISH,))


@pytest.fixture
def indexes():
    """The upstream indexes of sampleproject and of companion."""
    with upstream() as first, upstream() as second:
        yield [first, second]


def shown_here(killer: Killer, train: Train, mike) -> None:
    """Publish the train up to the moment at which its drafts show here and the deliveries are still to come."""
    inspect_now()
    assert press_train(sign_in(mike), train, "mike").status_code == 302
    with apart():
        assert killer.do(Order("jobs", kinds=(Kind.TRAIN,))) == 0
    assert visible() == ALL


def struck(killer: Killer) -> list[str]:
    """End workers at every effect of the deliveries; everything shows here all the while."""
    steps = []
    for step in killer.each(lambda: taken_over(DELIVERING)):
        steps.append(step)
        assert visible() == ALL, step
    return steps


def delivered_once(train: Train, indexes: list[Upstream]) -> None:
    """Each index has its draft's reviewed bytes, and each draft's end is on record once."""
    kept = {name: hashlib.sha256(data).hexdigest() for index in indexes for name, data in index.files.items()}
    assert kept == dict(File.objects.published().values_list("filename", "sha256"))
    assert set(Push.objects.values_list("state", flat=True)) == {"done"}
    for draft in train.drafts.all():
        events = AuditEvent.objects.filter(on_kind="draft", on_id=str(draft.pk))
        for event, times in {"draft:published": 1, "upstream:done": 1, "upstream:confirmed": 2}.items():
            assert events.filter(event=event).count() == times, (event, draft)
    assert not Job.objects.live().filter(kind=Kind.PUBLISH).exists()
    call_command("verify_audit")


def test_a_worker_that_is_killed_at_every_effect_of_a_trains_deliveries_sends_each_file(
    killer, train, indexes, project, companion, alice, mike
):
    """It is true of each send, each confirmation and the end of each draft, and that wheels go first all the while."""
    for index, owned in zip(indexes, (project, companion), strict=True):
        aimed(index, owned, alice)
    shown_here(killer, train, mike)
    steps = struck(killer)
    for delivery in PushedFile.objects.all():
        for name in ("sending", "settle"):
            assert any(f"rows:{name}(" in one and f"PushedFile {delivery.pk}" in one for one in steps), (
                name,
                steps,
            )
    seen(
        steps,
        "before the head of a request",
        "before the body of a request",
        "after the commit of drafts.publishing.targets.rows:done",
    )
    assert sum("rows:done(" in one for one in steps) == 4  # before and after, of each draft
    for index in indexes:
        assert [name.endswith(".whl") for name in index.uploads] == sorted(
            (name.endswith(".whl") for name in index.uploads), reverse=True
        )
    delivered_once(train, indexes)


def test_a_worker_that_is_killed_at_every_effect_of_waiting_for_ci_asks_it_by_one_name_and_verifies_once(
    killer, train, indexes, hook, project, companion, alice, mike
):
    """It is true that CI may hear of a draft twice, by one id, and that each draft ends when its files are there as reviewed."""
    for index, owned in zip(indexes, (project, companion), strict=True):
        aimed(index, owned, alice, uploader="ci", hook_url=f"{hook.url}/hook", secret=hook.secret)
    shown_here(killer, train, mike)
    for index, name, version in zip(indexes, ("sampleproject", "companion"), ("1.0", "2.0"), strict=True):
        for built in (wheels.wheel(name=name, version=version), wheels.sdist(name=name, version=version)):
            index.files[built.filename] = built.data
    steps = struck(killer)
    seen(steps, "rows:asked(", "rows:settle(", "rows:done(", "before the body of a request")
    assert len({headers["webhook-id"] for headers, _ in hook.told}) == 2
    assert AuditEvent.objects.filter(event="upstream:ci-asked").count() == 2
    delivered_once(train, indexes)
