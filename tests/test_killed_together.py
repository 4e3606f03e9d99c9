"""Promise 9, with real processes: SIGKILL at every effect of schedules, trains, standing orders and announced uploads."""

import json

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import AuditEvent
from drafts.intake.upload2 import said
from drafts.models import BurntName, Draft, DraftState, File, Job, Kind, Train, UploadSession
from drafts.storage import storage
from tests import wheels
from tests.conftest import draft_url, sign_in
from tests.coupled import fingerprint, nothing_public, visible
from tests.inspected import inspect_now
from tests.killed import apart, finish, killer, pressed, seen, taken_over, until
from tests.killing import Order
from tests.test_schedule import at
from tests.uploading import BYTES, TYPE, Speaker, announcement

__all__ = ["killer"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise, pytest.mark.timeout(480)]


def count(event: str) -> int:
    return AuditEvent.objects.filter(event=event).count()


def worked(killer, *kinds: Kind):
    """End workers at every effect of these jobs; yields after each the effects so far."""
    steps: list[str] = []
    for step in killer.each(lambda: taken_over(Order("jobs", kinds=kinds))):
        steps.append(step)
        yield steps


def passed(steps: list[str], effect: str) -> bool:
    return any(step.startswith(effect) for step in steps)


def test_a_train_that_is_killed_at_every_effect_is_published_whole_and_once(killer, train, mike):
    """It is true that its click leaves all or nothing, that no draft shows before all do, and that its last worker finishes."""
    inspect_now()
    client, steps = sign_in(mike), []
    told = {"fingerprint": fingerprint(train)}

    def states() -> set[str]:
        return set(Draft.objects.values_list("state", flat=True))

    click = until(
        lambda: states() == {"processing"},
        lambda: pressed(client, f"/trains/{train.pk}/publish/", "mike", **told),
    )
    for step in killer.each(click):
        steps.append(step)
        names = BurntName.objects.count()
        assert (states(), names, count("draft:publishing")) in (
            ({"open"}, 0, 0),
            ({"processing"}, 4, 2),
        ), step
    seen(
        steps,
        "before the commit of drafts.publishing.train.publish:start",
        "after the commit of drafts.publishing.train",
    )
    for steps in worked(killer, Kind.TRAIN):
        if not passed(steps, "after the commit of drafts.publishing.train.flip:_flip"):
            assert nothing_public(), steps[-1]
            assert states() == {"processing"}, steps[-1]
    seen(
        steps,
        "claim",
        "before the commit of drafts.publishing.train.flip:_flip",
        "after the commit of drafts.publishing.train.flip:_flip",
    )
    finish(killer)
    assert visible() == {"sampleproject": 2, "companion": 2}
    assert Train.objects.get().state == "published"
    assert (count("draft:publishing"), count("draft:published"), count("draft:receipt")) == (2, 2, 2)
    call_command("verify_audit")


def test_a_schedule_that_is_killed_at_every_effect_begins_once_and_at_its_time(killer, draft, mike):
    inspect_now()
    client, clicks = sign_in(mike), []
    form = {"fingerprint": draft.fingerprint(), "when": "at", "at": at(days=1)}

    def waits() -> int:
        return Job.objects.filter(kind=Kind.SCHEDULED).count()

    click = until(lambda: waits() == 1, lambda: pressed(client, draft_url(draft, "publish"), "mike", **form))
    for step in killer.each(click):
        clicks.append(step)
        draft.refresh_from_db()
        is_set = int(draft.publish_at is not None)
        assert waits() == count("draft:scheduled") == is_set, step
    seen(clicks, "before the commit of drafts.publishing.schedule:schedule")
    Draft.objects.update(publish_at=timezone.now())
    for steps in worked(killer, Kind.SCHEDULED):
        draft.refresh_from_db()
        began = passed(steps, "after the commit of drafts.publishing.schedule:work")
        assert draft.state == (DraftState.PROCESSING if began else DraftState.OPEN), steps[-1]
        assert count("draft:publishing") == int(began), steps[-1]
    seen(
        steps,
        "claim",
        "before the commit of drafts.publishing.schedule:work",
        "after the commit of drafts.publishing.schedule:work",
    )
    finish(killer)
    draft.refresh_from_db()
    assert draft.state == DraftState.PUBLISHED
    assert (count("draft:scheduled"), count("draft:publishing"), count("draft:published")) == (1, 1, 1)
    call_command("verify_audit")


def test_an_order_that_is_killed_at_every_effect_publishes_once_and_under_its_conditions(killer, world):
    """It is true of the order's own job, of its questions to CI's server, and of the publish that it begins."""
    draft = world.stage()
    world.prove()
    assert said.complete(draft=draft, by=draft.files.first().staged_by_token.as_actor())
    inspect_now()
    before = File.objects.published().count()
    for steps in worked(killer, Kind.ORDER, Kind.PUBLISH):
        if not passed(steps, "after the commit of drafts.publishing.flip:_flip"):
            assert File.objects.published().count() == before, steps[-1]
    seen(
        steps,
        "a request of",
        "before the commit of drafts.publishing.orders.job:_publish",
        "before the commit of drafts.publishing.flip:_flip",
    )
    finish(killer)
    draft.refresh_from_db()
    assert draft.state == DraftState.PUBLISHED, draft.order_said
    events = AuditEvent.objects.filter(on_id=str(draft.pk), on_kind="draft")
    assert events.filter(event="draft:publishing", details__order=world.order.pk).count() == 1
    assert events.filter(event="draft:published").count() == 1
    call_command("verify_audit")


def test_an_upload_that_is_announced_and_sent_and_killed_at_every_effect_is_staged_once(killer, ci):
    """It is true that each request leaves all or nothing, and that what was asked before is done once when it is asked again.

    Completing it is in tests/test_killed_uploads.py.
    """
    built, speaker, steps = wheels.wheel(), Speaker(ci.token), []
    session = speaker.join()

    def order(url: str, body, content_type: str = TYPE) -> Order:
        text = body.decode("latin-1") if isinstance(body, bytes) else json.dumps(body)
        path, told = "/upload/" + url.partition("/upload/")[2], (("Authorization", ci.basic),)
        return Order("request", path=path, body=text, content_type=content_type, headers=told)

    announce = order(session["links"]["upload"], announcement(built))
    for step in killer.each(until(UploadSession.objects.exists, lambda: announce)):
        steps.append(step)
        assert UploadSession.objects.count() == int(step.startswith("after")), step
    upload = UploadSession.objects.get()
    told = speaker.ask("GET", f"/upload/{Draft.objects.get().handle}/files/{upload.handle}/").json()
    send = order(told["mechanism"]["file_url"], built.data, BYTES)
    for step in killer.each(until(upload.parts.exists, lambda: send)):
        steps.append(step)
        assert upload.parts.count() == int(step.startswith("after the commit")), step
    seen(
        steps,
        "before the commit of drafts.intake.upload2.announce",
        "Upload.seal",
        "before the commit of drafts.intake.upload2.parts",
    )
    done = order(told["links"]["complete"], {"meta": {"api-version": "2.0"}})
    with apart():
        assert killer.do(done) == 0
    finish(killer)
    file = File.objects.get()
    with storage().open(file.object_id, file.filename) as stored:
        assert stored.read() == built.data
    assert count("file:staged") == 1
    call_command("verify_audit")
