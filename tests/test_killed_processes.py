"""Promise 9, with real processes: SIGKILL at every named step of publishing and of an upload, and the promises afterwards."""

import hashlib
from contextlib import contextmanager
from dataclasses import replace

import pytest
from django.core.management import call_command
from django.db import connections
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from accounts.models import AuditEvent
from drafts.models import BurntName, Draft, DraftState, File, Job, JobState, Kind, Push, Receipt
from drafts.storage import storage
from tests import wheels
from tests.conftest import draft_url, sign_in, totp_code, upload_form
from tests.inspected import inspect_now
from tests.killing import Killer, Order
from tests.test_jobs import LONG_AGO
from tests.upstreams import aimed, refuses, upstream

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise]
KILLED = -9
TARGETS = "drafts.publishing.targets"
WHEEL, SDIST = "sampleproject-1.0-py3-none-any.whl", "sampleproject-1.0.tar.gz"

# Each named step of the worker's, in its order; every one is struck before and after.
STEPS = [
    "drafts.publishing.flip:relay.is_begun",
    "drafts.publishing.flip:promotion.promote",
    "drafts.publishing.promotion:_promote",
    "drafts.publishing.flip:promotion.hash_again",
    f"{TARGETS}.relay:listing.read",
    f"{TARGETS}.relay:rows.sending",
    f"{TARGETS}.relay:upload.send",
    f"{TARGETS}.relay:rows.settle",
    f"{TARGETS}.relay:rows.done",
    "drafts.publishing.flip:_flip",
    "drafts.publishing.flip:pages.store",
    "drafts.publishing.flip:_end",
    "drafts.publishing.flip:record",
    "drafts.publishing.receipt.job:keys.current",
    "drafts.publishing.receipt.job:work",
    "drafts.intake.purge:_purge_draft",
    "drafts.publishing.lookback:_difference",
    "drafts.publishing.lookback:_settle",
]
# Those of one that stops, because the upstream index refuses the sdist.
STOP = [f"{TARGETS}.relay:rows.stop", f"{TARGETS}.rows:mail.tell"]
# Each named step of the click, in the web process.
CLICK = [
    "drafts.publishing.publish:check",
    "drafts.publishing.publish:reserve",
    "drafts.publishing.publish:upstream.plan",
    "drafts.publishing.publish:jobs.enqueue",
    "drafts.publishing.publish:audit.record",
    "drafts.publishing.publish:start",
]
# Each named step of an upload, in the web process.
UPLOAD = [
    "drafts.intake.legacy:receive.form",
    "drafts.intake.legacy:_stage",
    "drafts.intake.door:checked",
    "drafts.intake.arrival:Upload.commit",
    "drafts.intake.arrival:keep_metadata",
    "drafts.intake.door:stage.add_file",
    "drafts.intake.stage:_row",
    "drafts.intake.stage:_recorded",
    "drafts.intake.stage:audit.record",
]


@pytest.fixture(autouse=True)
def _loopback_is_allowed(settings):
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]


@pytest.fixture(scope="module")
def killer(django_db_setup):
    """Starts processes on this test process's data that end where a test says."""
    killer = Killer({"PRESSCHECK_OUTBOUND_ALLOW": "127.0.0.1", "PRESSCHECK_JOB_LEASE_SECONDS": "600"})
    yield killer
    killer.end()


def times(steps) -> list:
    return [
        pytest.param(step, after, id=f"{'after' if after else 'before'} {step}")
        for step in steps
        for after in (False, True)
    ]


@contextmanager
def _apart():
    """Let go of the database while another process has it."""
    connections.close_all()
    yield


def work(killer, step: str = "", *, after: bool = False) -> int:
    with _apart():
        return killer.do(Order("jobs", step, after))


def leases_over() -> None:
    Job.objects.filter(state=JobState.RUNNING).update(lease_until=LONG_AGO)
    Job.objects.filter(state=JobState.WAITING).update(not_before=LONG_AGO)


def finish(killer) -> None:
    """Let the next worker do what is left."""
    for _ in range(4):
        leases_over()
        assert work(killer) == 0
        if not Job.objects.live().filter(error="").exists():  # what waits for somebody else says so
            return


def shown() -> int:
    answer = Client().get("/simple/sampleproject/")
    return answer.content.count(b"<a ") if answer.status_code == 200 else 0


def click(draft, mike) -> Order:
    client = sign_in(mike)
    fields = {"fingerprint": draft.fingerprint(), "code": totp_code("mike")}
    return Order(
        "request",
        path=draft_url(draft, "publish"),
        body=encode_multipart(BOUNDARY, fields).decode("latin-1"),
        content_type=MULTIPART_CONTENT,
        cookies=tuple((name, morsel.value) for name, morsel in client.cookies.items()),
    )


def at(order: Order, step: str, *, after: bool) -> Order:
    return replace(order, step=step, after=after)


def published_once(draft, there) -> None:
    """Everything that is promised of a publish, wherever it was interrupted."""
    draft.refresh_from_db()
    assert draft.state == DraftState.PUBLISHED
    assert shown() == 2
    assert AuditEvent.objects.filter(event="draft:published").count() == 1
    assert AuditEvent.objects.filter(event="draft:receipt").count() == 1
    assert Receipt.objects.count() == 1
    assert BurntName.objects.filter(permanent=True).count() == BurntName.objects.count() == 2
    kept = {name: hashlib.sha256(data).hexdigest() for name, data in there.files.items()}
    assert kept == dict(File.objects.published().values_list("filename", "sha256"))
    assert there.uploads.index(WHEEL) < there.uploads.index(SDIST)
    call_command("verify_audit")


@pytest.fixture
def there():
    """The upstream index."""
    with upstream() as double:
        yield double


@pytest.fixture
def ready(there, project, alice, draft):
    """A draft that can be published, upstream and here."""
    aimed(there, project, alice)
    inspect_now()
    return draft


@pytest.mark.parametrize(("step", "after"), times(STEPS))
def test_a_worker_that_is_killed_loses_nothing(live, killer, ready, there, mike, step, after):
    """It is true that a worker which is killed at any step shows none or all files, and that the next one finishes once."""
    client = Client()
    client.force_login(mike)
    client.post(draft_url(ready, "publish"), {"fingerprint": ready.fingerprint(), "code": totp_code("mike")})
    ended = work(killer, step, after=after)
    assert ended == KILLED
    assert shown() in {0, 2}
    finish(killer)
    published_once(ready, there)


@pytest.mark.parametrize(("step", "after"), times(STOP))
def test_a_worker_that_is_killed_while_it_stops_stops_once(killer, ready, there, mike, step, after):
    """It is true that a refusal upstream is on record once and leaves the draft frozen, whatever happens to the worker."""
    client = Client()
    client.force_login(mike)
    client.post(draft_url(ready, "publish"), {"fingerprint": ready.fingerprint(), "code": totp_code("mike")})
    there.instead = [None, refuses(403, b"no"), refuses(403, b"no")]
    assert work(killer, step, after=after) == KILLED
    finish(killer)
    ready.refresh_from_db()
    assert (ready.state, shown(), Push.objects.get().state) == (DraftState.PROCESSING, 0, "stopped")
    assert AuditEvent.objects.filter(event="upstream:stopped").count() == 1
    call_command("verify_audit")


@pytest.mark.parametrize(("step", "after"), times(CLICK))
def test_a_click_that_is_killed_is_whole_or_never_was(killer, ready, there, mike, step, after):
    """It is true that a web process which is killed in the click leaves all of it or nothing, and that it can be made again."""
    order = click(ready, mike)
    events = AuditEvent.objects.count()
    with _apart():
        assert killer.do(at(order, step, after=after)) == KILLED
    ready.refresh_from_db()
    if ready.state != DraftState.PROCESSING:
        rest = (BurntName.objects.count(), Job.objects.filter(kind=Kind.PUBLISH).count())
        assert (ready.state, rest, AuditEvent.objects.count()) == (DraftState.OPEN, (0, 0), events)
        again = click(ready, mike)
        with _apart():
            assert killer.do(again) == 0
    assert AuditEvent.objects.filter(event="draft:publishing").count() == 1
    finish(killer)
    published_once(ready, there)


@pytest.mark.parametrize(("step", "after"), times(UPLOAD))
def test_an_upload_that_is_killed_is_whole_or_never_was(killer, ci, step, after):
    """It is true that a web process which is killed in an upload leaves a whole file or no row, and that sending again works."""
    built = wheels.wheel()
    body = encode_multipart(BOUNDARY, upload_form(built)).decode("latin-1")
    order = Order(
        "request",
        path="/legacy/",
        body=body,
        content_type=MULTIPART_CONTENT,
        headers=(("Authorization", ci.basic),),
    )
    with _apart():
        assert killer.do(at(order, step, after=after)) == KILLED
    staged = list(File.objects.all())
    assert len(staged) == AuditEvent.objects.filter(event="file:staged").count() == Draft.objects.count()
    with _apart():
        assert killer.do(order) == 0
    file = File.objects.get()
    with storage().open(file.object_id, file.filename) as stored:
        assert stored.read() == built.data
    assert Draft.objects.get().files.live().count() == 1
    call_command("verify_audit")
