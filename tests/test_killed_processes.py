"""Promise 9, with real processes: SIGKILL at every effect of a publish, of the click for it and of an upload."""

import hashlib

import pytest
from django.core.management import call_command
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from accounts.models import AuditEvent
from drafts.models import BurntName, Draft, DraftState, File, Job, Kind, Push, Receipt
from drafts.storage import storage
from tests import wheels
from tests.conftest import draft_url, sign_in, totp_code, upload_form
from tests.inspected import inspect_now
from tests.killed import apart, finish, killer, pressed, seen, taken_over
from tests.killing import Order
from tests.upstreams import aimed, upstream

__all__ = ["killer"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise, pytest.mark.timeout(480)]
WHEEL, SDIST = "sampleproject-1.0-py3-none-any.whl", "sampleproject-1.0.tar.gz"
PUBLISHING = Order("jobs", kinds=(Kind.PUBLISH, Kind.RECEIPT, Kind.PURGE, Kind.LOOK_BACK))
FLIPPED = "after the commit of drafts.publishing.flip:_flip"


MANY = {"DRAFTS_OPENED_PER_HOUR": 1000, "LIVE_DRAFTS_PER_PROJECT": 1000}


@pytest.fixture
def many(settings):
    """A limit on drafts that no test of many drafts meets."""
    for name, value in MANY.items():
        setattr(settings, name, value)


@pytest.fixture(autouse=True)
def _loopback_is_allowed(settings):
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]


def shown() -> int:
    answer = Client().get("/simple/sampleproject/")
    return answer.content.count(b"<a ") if answer.status_code == 200 else 0


def events(name: str, draft: Draft | None = None) -> int:
    found = AuditEvent.objects.filter(event=name)
    return (found.filter(on_kind="draft", on_id=str(draft.pk)) if draft else found).count()


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


@pytest.fixture
def clicked(ready, mike):
    """A draft that mike publishes; no worker has begun."""
    client = Client()
    client.force_login(mike)
    client.post(draft_url(ready, "publish"), {"fingerprint": ready.fingerprint(), "code": totp_code("mike")})
    return ready


def test_a_worker_that_is_killed_at_every_effect_of_publishing_shows_none_or_all_and_finishes_once(
    live, killer, clicked, there
):
    """It is true from the first claim to the look back: nothing shows before the flip, everything after it, and all is done once."""
    steps = []
    for step in killer.each(lambda: taken_over(PUBLISHING)):
        steps.append(step)
        assert shown() == (2 if FLIPPED in " ".join(steps) else 0), step
    seen(
        steps,
        "claim",
        "rows:sending(",
        "a request",
        "rows:settle(",
        "rows:done(",
        "before the commit of drafts.publishing.flip",
    )
    seen(steps, FLIPPED, "receipt.job:work", "purge:", "lookback:_settle")
    clicked.refresh_from_db()
    assert clicked.state == DraftState.PUBLISHED
    assert (events("draft:published"), events("draft:receipt"), Receipt.objects.count()) == (1, 1, 1)
    assert BurntName.objects.filter(permanent=True).count() == BurntName.objects.count() == 2
    kept = {name: hashlib.sha256(data).hexdigest() for name, data in there.files.items()}
    assert kept == dict(File.objects.published().values_list("filename", "sha256"))
    assert there.uploads.index(WHEEL) < there.uploads.index(SDIST)
    call_command("verify_audit")


def test_a_worker_that_is_killed_at_every_effect_while_it_stops_stops_once(killer, clicked, there):
    """It is true that a refusal upstream is on record once and leaves the draft frozen, whatever happens to the worker."""
    there.never = {SDIST}
    steps = []
    for step in killer.each(lambda: taken_over(Order("jobs", kinds=(Kind.PUBLISH,)))):
        steps.append(step)
        clicked.refresh_from_db()
        assert (clicked.state, shown()) == (DraftState.PROCESSING, 0), step
    seen(
        steps,
        "before the commit of drafts.publishing.targets.rows:stop",
        "after the commit of drafts.publishing.targets.rows:stop",
    )
    assert (Push.objects.get().state, events("upstream:stopped")) == ("stopped", 1)
    call_command("verify_audit")


def test_a_click_that_is_killed_at_every_effect_is_whole_or_never_was(killer, many, ready, ci, there, mike):
    """It is true that a web process which is killed in the click leaves all of it or nothing, and that it can be made again."""
    client, made = sign_in(mike), [ready]

    def click() -> Order:
        draft = made[-1]
        return pressed(client, draft_url(draft, "publish"), "mike", fingerprint=draft.fingerprint())

    def another() -> Order:
        assert ci.upload(wheels.wheel(version=f"2.{len(made)}")).status_code == 200
        made.append(Draft.objects.latest("pk"))
        return click()

    steps = []
    for step in killer.each(another, afresh=True):
        steps.append(step)
        draft = made[-1]
        draft.refresh_from_db()
        if draft.state != DraftState.PROCESSING:
            rest = Job.objects.filter(kind=Kind.PUBLISH, subject=draft.subject), draft.burnt_names
            assert [rows.count() for rows in rest] == [0, 0], step
            assert (draft.state, events("draft:publishing", draft)) == (DraftState.OPEN, 0), step
            order = click()
            with apart():
                assert killer.do(order) == 0
        assert events("draft:publishing", draft) == 1, step
    seen(
        steps,
        "before the commit of drafts.publishing.publish:start",
        "after the commit of drafts.publishing.publish:start",
    )
    finish(killer, Kind.PUBLISH)
    assert shown() == len(made) - 1
    assert set(Draft.objects.exclude(pk=ready.pk).values_list("state", flat=True)) == {DraftState.PUBLISHED}
    call_command("verify_audit")


def test_an_upload_that_is_killed_at_every_effect_is_whole_or_never_was(killer, many, ci):
    """It is true that a web process which is killed in an upload leaves a whole file or no row, and that sending again works."""
    made: list[tuple[wheels.Built, Order]] = []

    def another() -> Order:
        built = wheels.wheel(version=f"2.{len(made)}")
        order = Order(
            "request",
            path="/legacy/",
            body=encode_multipart(BOUNDARY, upload_form(built)).decode("latin-1"),
            content_type=MULTIPART_CONTENT,
            headers=(("Authorization", ci.basic),),
            settings=tuple(MANY.items()),
        )
        made.append((built, order))
        return order

    steps = []
    for step in killer.each(another, afresh=True):
        steps.append(step)
        built, order = made[-1]
        staged = File.objects.filter(filename=built.filename)
        assert staged.count() == (events("file:staged") - len(made) + 1), step
        with apart():
            assert killer.do(order) == 0
        file = staged.get()
        with storage().open(file.object_id, file.filename) as stored:
            assert stored.read() == built.data
        assert events("file:staged") == Draft.objects.count() == len(made), step
    seen(steps, "Upload.seal", "keep_metadata", "before the commit of drafts.intake.stage:add_file")
    call_command("verify_audit")
