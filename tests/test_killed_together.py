"""Promise 9, with real processes: SIGKILL at every named step of schedules, trains, standing orders and Upload 2.0, one after another."""

import json

import pytest
from django.core.management import call_command
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.utils import timezone

from accounts.models import AuditEvent
from drafts.intake.upload2 import said
from drafts.models import BurntName, Draft, DraftState, File, Job, Kind, Train, UploadSession
from drafts.storage import storage
from tests import wheels
from tests.conftest import draft_url, sign_in, totp_code
from tests.coupled import fingerprint, nothing_public, visible
from tests.inspected import inspect_now
from tests.killing import Order
from tests.test_killed_processes import KILLED, _apart, finish, killer, leases_over
from tests.test_schedule import at
from tests.uploading import BYTES, TYPE, Speaker, announcement

__all__ = ["killer"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise]

TRAIN = "drafts.publishing.train"
TRAIN_CLICK = [
    f"{TRAIN}.publish:check",
    f"{TRAIN}.publish:hold",
    f"{TRAIN}.publish:_hold",
    f"{TRAIN}.publish:jobs.enqueue",
    f"{TRAIN}.publish:audit.record",
]
TRAIN_STEPS = [
    f"{TRAIN}.flip:promotion.promote",
    f"{TRAIN}.flip:promotion.hash_again",
    f"{TRAIN}.flip:_flip",
    f"{TRAIN}.flip:flip.show",
    "drafts.publishing.flip:pages.store",
    f"{TRAIN}.flip:upstream.follow",
    f"{TRAIN}.flip:flip.record",
]
SCHEDULE_CLICK = [
    "drafts.publishing.schedule:publish.check",
    "drafts.publishing.schedule:publish.decided",
    "drafts.publishing.schedule:jobs.enqueue",
    "drafts.publishing.schedule:audit.record",
]
SCHEDULE_STEPS = [
    "drafts.publishing.schedule:doubt",
    "drafts.publishing.schedule:publish.begin",
    "drafts.publishing.schedule:audit.record",
]
ORDER_STEPS = [
    "drafts.publishing.orders.job:against",
    "drafts.publishing.orders.job:workflow.against",
    "drafts.publishing.orders.job:publish.decided",
    "drafts.publishing.orders.job:publish.begin",
    "drafts.publishing.orders.job:audit.record",
    "drafts.publishing.flip:must_stand",
    "drafts.publishing.flip:record",
]
ANNOUNCE = [
    "drafts.intake.upload2.announce:_announce",
    "drafts.intake.upload2.announce:UploadSession.objects.create",
    "drafts.intake.upload2.announce:audit.record",
]
CONTENT = [
    "drafts.intake.upload2.mechanisms.http_post_bytes:Upload.seal",
    "drafts.intake.upload2.mechanisms.http_post_bytes:parts.replace",
    "drafts.intake.upload2.parts:UploadPart.objects.create",
]
COMPLETE = [
    "drafts.intake.upload2.complete:begin",
    "drafts.intake.upload2.complete:jobs.enqueue",
    "drafts.intake.upload2.complete:_look_inside",
    "drafts.intake.upload2.complete:keep_metadata",
    "drafts.intake.upload2.complete:_settle",
    "drafts.intake.upload2.complete:stage.add_file",
    "drafts.intake.upload2.complete:parts.discard",
]


def struck(killer, order: Order, steps: list[str]):
    """End a process before each step, and one after the last; yields after each what was struck."""
    for step, after in [*((step, False) for step in steps), (steps[-1], True)]:
        leases_over()
        with _apart():
            ended = killer.do(Order(**{**vars(order), "step": step, "after": after}))
        assert ended == KILLED, f"{step} was not reached: {ended}"
        yield step


JOBS = Order("jobs")


def pressed(client, path: str, **fields: str) -> Order:
    return Order(
        "request",
        path=path,
        body=encode_multipart(BOUNDARY, fields).decode("latin-1"),
        content_type=MULTIPART_CONTENT,
        cookies=tuple((name, morsel.value) for name, morsel in client.cookies.items()),
    )


def again(order: Order, name: str) -> Order:
    """The same with a new code: that of a request that was killed is spent."""
    fields = {"code": totp_code(name)}
    part = order.body.index('name="code"')
    start = order.body.index("\r\n\r\n", part) + 4
    return Order(**{**vars(order), "body": order.body[:start] + fields["code"] + order.body[start + 6 :]})


def count(event: str) -> int:
    return AuditEvent.objects.filter(event=event).count()


def test_a_train_that_is_killed_at_every_step_is_published_whole_and_once(killer, train, mike):
    """It is true that its click leaves all or nothing, that no draft shows before all do, and that its last worker finishes."""
    inspect_now()
    client = sign_in(mike)
    order = pressed(client, f"/trains/{train.pk}/publish/", fingerprint=fingerprint(train), code="000000")
    for step in TRAIN_CLICK:
        for _ in struck(killer, again(order, "mike"), [step]):
            assert set(Draft.objects.values_list("state", flat=True)) == {"open"}, step
            assert not BurntName.objects.exists()
            break
    with _apart():
        assert killer.do(again(order, "mike")) == 0
    for step in struck(killer, JOBS, TRAIN_STEPS):
        assert nothing_public(), step
        assert set(Draft.objects.values_list("state", flat=True)) == {"processing"}, step
    finish(killer)
    assert visible() == {"sampleproject": 2, "companion": 2}
    assert Train.objects.get().state == "published"
    assert (count("draft:publishing"), count("draft:published"), count("draft:receipt")) == (2, 2, 2)
    call_command("verify_audit")


def test_a_schedule_that_is_killed_at_every_step_begins_once_and_at_its_time(killer, draft, mike):
    inspect_now()
    client = sign_in(mike)
    form = {"fingerprint": draft.fingerprint(), "when": "at", "at": at(days=1), "code": "000000"}
    order = pressed(client, draft_url(draft, "publish"), **form)
    for step in SCHEDULE_CLICK:
        for _ in struck(killer, again(order, "mike"), [step]):
            draft.refresh_from_db()
            assert (draft.publish_at, count("draft:scheduled")) == (None, 0), step
            assert not Job.objects.filter(kind=Kind.SCHEDULED).exists()
            break
    with _apart():
        assert killer.do(again(order, "mike")) == 0
    Draft.objects.update(publish_at=timezone.now())
    for step in struck(killer, JOBS, SCHEDULE_STEPS):
        draft.refresh_from_db()
        assert (draft.state, draft.publish_at is None) == (DraftState.OPEN, False), step
    finish(killer)
    draft.refresh_from_db()
    assert draft.state == DraftState.PUBLISHED
    assert (count("draft:scheduled"), count("draft:publishing"), count("draft:published")) == (1, 1, 1)
    call_command("verify_audit")


def test_an_order_that_is_killed_at_every_step_publishes_once_and_under_its_conditions(killer, world):
    draft = world.stage()
    world.prove()
    assert said.complete(draft=draft, by=draft.files.first().staged_by_token.as_actor())
    inspect_now()
    before = File.objects.published().count()
    for step in struck(killer, JOBS, ORDER_STEPS):
        assert File.objects.published().count() == before, step
    finish(killer)
    draft.refresh_from_db()
    assert draft.state == DraftState.PUBLISHED, draft.order_said
    events = AuditEvent.objects.filter(on_id=str(draft.pk), on_kind="draft")
    assert events.filter(event="draft:publishing", details__order=world.order.pk).count() == 1
    assert events.filter(event="draft:published").count() == 1
    call_command("verify_audit")


def test_an_upload_in_three_requests_that_is_killed_at_every_step_stages_its_file_once(killer, ci):
    """It is true that each request leaves all or nothing, and that what was asked before is done once when it is asked again."""
    built, speaker = wheels.wheel(), Speaker(ci.token)
    session = speaker.join()

    def order(url: str, body, content_type: str = TYPE) -> Order:
        path = "/upload/" + url.partition("/upload/")[2]
        text = body.decode("latin-1") if isinstance(body, bytes) else json.dumps(body)
        return Order(
            "request", path=path, body=text, content_type=content_type, headers=(("Authorization", ci.basic),)
        )

    asked = order(session["links"]["upload"], announcement(built))
    for step in ANNOUNCE:
        next(struck(killer, asked, [step]))
        assert not UploadSession.objects.exists(), step
    with _apart():
        assert killer.do(asked) == 0
    upload = UploadSession.objects.get()
    told = speaker.ask("GET", f"/upload/{Draft.objects.get().handle}/files/{upload.handle}/").json()
    sent = order(told["mechanism"]["file_url"], built.data, BYTES)
    for step in CONTENT:
        next(struck(killer, sent, [step]))
        assert not upload.parts.exists(), step
    with _apart():
        assert killer.do(sent) == 0
    done = order(told["links"]["complete"], {"meta": {"api-version": "2.0"}})
    next(struck(killer, done, COMPLETE[:1]))
    next(struck(killer, done, COMPLETE[1:2]))
    upload.refresh_from_db()
    assert (upload.state, File.objects.count()) == ("pending", 0)
    next(struck(killer, done, COMPLETE[2:3]))  # from here on a worker does what the request does not
    for step in struck(killer, JOBS, COMPLETE[3:]):
        assert File.objects.count() == int(step == COMPLETE[-1]), step
        if step == COMPLETE[-1]:
            break
    finish(killer)
    file = File.objects.get()
    with storage().open(file.object_id, file.filename) as stored:
        assert stored.read() == built.data
    assert count("file:staged") == 1
    call_command("verify_audit")
